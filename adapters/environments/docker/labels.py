"""Labels on everything that the bot makes: how it finds its own things again, and leaves the others' alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import Instance

__all__ = [
    "ATTENDANT",
    "CONTROLLER",
    "DIGEST",
    "IMAGE",
    "INSTANCE",
    "OWNER",
    "instance_from",
    "labels_of",
    "of_instance",
]

CONTROLLER = "ci-upgrade.controller"
INSTANCE = "ci-upgrade.instance"
IMAGE = "ci-upgrade.image"
"""The image by its tag; the container itself is made from the exact image id."""
DIGEST = "ci-upgrade.digest"
OWNER = "ci-upgrade.owner"
"""User and group of the home: ``1000:1000``."""
ATTENDANT = "ci-upgrade.attendant"
"""Container whose home this one holds open for a moment."""
_VERSION, _URL, _AGENT_PORT, _ENGINE = (
    f"ci-upgrade.{key}" for key in ("version", "url", "agent-port", "engine")
)


def of_instance(controller: str, instance: Instance) -> dict[str, str]:
    """Enough to know the instance again without any other record."""
    return {
        CONTROLLER: controller,
        INSTANCE: instance.name,
        _VERSION: instance.version,
        _URL: instance.url,
        _AGENT_PORT: str(instance.agent_port or ""),
        _ENGINE: instance.details["engine"],
    }


def instance_from(labels: Mapping[str, str]) -> Instance:
    """The inverse of :func:`of_instance`."""
    name = labels[INSTANCE]
    return Instance(
        name=name,
        version=labels[_VERSION],
        url=labels[_URL],
        home=name,
        agent_port=int(labels[_AGENT_PORT]) if labels[_AGENT_PORT] else None,
        details={"container": name, "engine": labels[_ENGINE]},
    )


def labels_of(inspection: Any) -> Mapping[str, str]:
    """Of a container; empty when there are none."""
    found: Mapping[str, str] = inspection["Config"].get("Labels") or {}
    return found
