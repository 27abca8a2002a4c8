"""Which image a release is, whether it can be had, and getting it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from docker.errors import ImageNotFound, NotFound

from adapters.environments.docker.engine import Engine
from bot.errors import BotError, Permanent, Temporary
from bot.model import JSON, Core

__all__ = ["Image", "available", "fetch", "inspect_image", "reference"]

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_MOVING = re.compile(r"^(?:latest|lts)(?=-|$)")
_JDK = re.compile(r"jdk-?(\d+)")
PROGRESS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Image:
    """An image that an engine holds."""

    id: str
    digest: str
    """``repository@sha256:…`` as the registry names it; empty for one that was made here."""
    inspection: JSON


def reference(template: str | None, blue: str, version: str) -> str:
    """The image of a version. Without a template: blue's repository and the official tags (``2.440.1-lts-jdk17``).

    :raises Permanent: when blue's tag does not show where a version would stand.
    """
    if template is not None:
        return template.replace("{version}", version)
    repository, tag = _split(blue)
    if _VERSION.search(tag):
        return f"{repository}:{_VERSION.sub(version, tag, count=1)}"
    moving = _MOVING.match(tag)
    if moving is None:
        raise Permanent(
            f"blue's image {blue} has no version in its tag: set environment.image, such as {repository}:{{version}}-lts"
        )
    # Weekly releases have two numbers and no "-lts".
    line = "-lts" if version.count(".") == 2 else ""
    return f"{repository}:{version}{line}{tag[moving.end() :]}"


def _split(image: str) -> tuple[str, str]:
    """Repository and tag; a colon before the last slash is a registry's port."""
    name = image.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def available(engine: Engine, image: str, version: str) -> Core:
    """Look for it on the engine, then in its registry. Fetches nothing.

    :raises Permanent: when it is in neither place.
    """
    held = _held(engine, image)
    if held is None:
        with engine.asked(f"look up {image}") as client:
            client.api.reload_config()  # tokens of cloud registries are renewed there every few hours
            try:
                digest = client.images.get_registry_data(image).id
            except (ImageNotFound, NotFound) as error:
                raise Permanent(
                    f"there is no image {image}, neither on the engine nor in its registry: correct environment.image, or name another version"
                ) from error
        return Core(version, f"{image}@{digest}", _java(image))
    return Core(version, _pinned(image, held), _java(image))


def fetch(engine: Engine, image: str, progress: Callable[[str], None]) -> Image:
    """Pull it unless the engine holds it. A pull that was interrupted goes on with the layers that are there.

    :raises Permanent: when the registry does not have it, or there is no space for it.
    """
    held = _held(engine, image)
    if held is None:
        with engine.asked(f"pull {image}") as client:
            client.api.reload_config()
            repository, tag = _split(image)
            layers: dict[str, tuple[int, int]] = {}
            told = time.monotonic()
            for event in client.api.pull(repository, tag=tag, stream=True, decode=True):
                if "error" in event:
                    raise _pull_error(image, str(event["error"]))
                amount = event.get("progressDetail") or {}
                if "total" in amount and event.get("status") == "Downloading":
                    layers[event["id"]] = (amount["current"], amount["total"])
                if time.monotonic() - told >= PROGRESS_SECONDS and layers:
                    told = time.monotonic()
                    done, total = (sum(values) for values in zip(*layers.values(), strict=True))
                    progress(f"{done / 1024**2:.0f} of {total / 1024**2:.0f} MiB")
        held = _held(engine, image)
    if held is None:
        raise Permanent(f"{image} was pulled but the engine does not have it")
    return held


def _pull_error(image: str, text: str) -> BotError:
    if "no space left on device" in text:
        return Permanent(f"{image} cannot be pulled, the engine's disk is full: free some space")
    if "not found" in text or "denied" in text or "manifest unknown" in text:
        return Permanent(f"{image} cannot be pulled: {text[:200]}")
    return Temporary(f"pulling {image} was interrupted: {text[:200]}")


def inspect_image(engine: Engine, image: str) -> JSON:
    """Of an image that the engine holds.

    :raises Permanent: when it does not.
    """
    with engine.asked(f"inspect the image {image}") as client:
        return client.api.inspect_image(image)


def _held(engine: Engine, image: str) -> Image | None:
    with engine.asked(f"inspect the image {image}") as client:
        try:
            inspection: JSON = client.api.inspect_image(image)
        except ImageNotFound:
            return None
    repository, _ = _split(image)
    digests = [
        digest for digest in inspection.get("RepoDigests") or () if digest.startswith(f"{repository}@")
    ]
    return Image(inspection["Id"], digests[0] if digests else "", inspection)


def _pinned(image: str, held: Image) -> str:
    return f"{image}@{held.digest.partition('@')[2] or held.id}"


def _java(image: str) -> tuple[int, ...]:
    found = _JDK.search(_split(image)[1])
    return (int(found.group(1)),) if found else ()
