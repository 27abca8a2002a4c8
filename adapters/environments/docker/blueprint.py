"""What green's container is made of: everything blue's has, but its image, its home, its name and its place in the network. Pure."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from bot.errors import Permanent
from bot.model import JSON
from bot.settings.environments import DockerConfig

__all__ = ["HOME_DEFAULT", "blueprint", "environment", "home_path", "networks_of"]

HOME_DEFAULT = "/var/jenkins_home"
_QUEUE_ID = re.compile(r"\s*-Dhudson\.model\.Queue\.id=\S+")
_INHERITED = ("Entrypoint", "Cmd", "User", "WorkingDir", "StopSignal", "Healthcheck")
"""Parts of a container that come from its image unless they were given: green's come from its own image."""
_SHARED_MODES = ("host", "none", "container:")


def environment(inspection: JSON) -> dict[str, str]:
    """Environment variables of a container or an image."""
    pairs = (line.partition("=") for line in inspection["Config"].get("Env") or ())
    return {key: value for key, _, value in pairs}


def home_path(inspection: JSON) -> str:
    """Where a container's JENKINS_HOME is."""
    return environment(inspection).get("JENKINS_HOME", HOME_DEFAULT).rstrip("/")


def networks_of(inspection: JSON) -> tuple[str, ...]:
    return tuple(inspection["NetworkSettings"]["Networks"])


def blueprint(
    blue: JSON,
    blue_image: JSON,
    image_id: str,
    *,
    config: DockerConfig,
    labels: Mapping[str, str],
    volume: str,
    network: str,
    ports: Mapping[int, int],
    address: str | None,
    queue_id: str,
) -> dict[str, Any]:
    """Body of the engine's ``POST /containers/create``, from the inspections of blue's container and image.

    ``ports``: container port → port published at ``address`` (None: nothing is published); ``network``: where green is until it
    is validated.

    :raises Permanent: when blue shares its network with the machine or another container.
    """
    mode = str(blue["HostConfig"].get("NetworkMode", ""))
    if mode.startswith(_SHARED_MODES):
        raise Permanent(
            f"the container uses the network mode {mode!r}: green would need the same ports. Give it a bridge network of its own."
        )
    home = home_path(blue)
    body: dict[str, Any] = {
        key: copy.deepcopy(blue["Config"][key])
        for key in _INHERITED
        if blue["Config"].get(key) is not None and blue["Config"].get(key) != blue_image["Config"].get(key)
    }
    body |= {
        "Image": image_id,
        "Env": _variables(blue, blue_image, config.withheld_environment, queue_id),
        "Labels": _labels(blue, blue_image, config.withheld_labels) | dict(labels),
        "ExposedPorts": {f"{port}/tcp": {} for port in ports},
        "HostConfig": _host_config(blue["HostConfig"], home, volume, network, ports, address),
        "NetworkingConfig": {"EndpointsConfig": {network: {}}},
        "StopTimeout": _stop_timeout(blue["Config"].get("StopTimeout") or 0, config.stop_grace_seconds),
    }
    return body


def _stop_timeout(blue: int, grace: float) -> int:
    """In seconds, for whoever stops the engine or the machine; Docker's own ten are too short for a Jenkins. Below 0: without end."""
    return blue if blue < 0 else max(blue, math.ceil(grace))


def _variables(blue: JSON, image: JSON, withheld: Sequence[str], queue_id: str) -> list[str]:
    """What blue was given beyond its image: the new image brings its own paths and versions."""
    inherited = environment(image)
    given = {
        key: value
        for key, value in environment(blue).items()
        if inherited.get(key) != value and not _matches(key, withheld)
    }
    options = _QUEUE_ID.sub("", given.get("JAVA_OPTS", inherited.get("JAVA_OPTS", "")))
    given["JAVA_OPTS"] = f"{options} -Dhudson.model.Queue.id={queue_id}".strip()
    return [f"{key}={value}" for key, value in given.items()]


def _labels(blue: JSON, image: JSON, withheld: Sequence[str]) -> dict[str, str]:
    inherited = image["Config"].get("Labels") or {}
    return {
        key: value
        for key, value in (blue["Config"].get("Labels") or {}).items()
        if inherited.get(key) != value and not _matches(key, (*withheld, "ci-upgrade.*"))
    }


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _host_config(
    blue: JSON, home: str, volume: str, network: str, ports: Mapping[int, int], address: str | None
) -> dict[str, Any]:
    config: dict[str, Any] = copy.deepcopy(blue)
    # A mount below the home would be one directory under two running Jenkins: its content is in the home's copy.
    config["Binds"] = [bind for bind in blue.get("Binds") or () if not _below(_target_of(bind), home)] + [
        f"{volume}:{home}"
    ]
    config["Mounts"] = [mount for mount in blue.get("Mounts") or () if not _below(mount["Target"], home)]
    config |= {
        "NetworkMode": network,
        "PortBindings": {
            f"{inner}/tcp": [{"HostIp": address, "HostPort": str(outer)}]
            for inner, outer in ports.items()
            if address is not None
        },
        "PublishAllPorts": False,
        "Links": None,
        "VolumesFrom": None,
        "ContainerIDFile": "",
        # A green that ends must stay, to be looked at and to be started again.
        "AutoRemove": False,
    }
    if config.get("RestartPolicy", {}).get("Name") == "always":
        # It would start what the bot has stopped when the engine starts again: a second owner.
        config["RestartPolicy"] = {"Name": "unless-stopped", "MaximumRetryCount": 0}
    return config


def _target_of(bind: str) -> str:
    """``/host:/inside:ro`` → ``/inside``."""
    return bind.split(":")[1]


def _below(path: str, home: str) -> bool:
    return f"{path.rstrip('/')}/".startswith(f"{home}/")
