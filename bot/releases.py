"""What the watch for releases has noted: which one a controller runs, and which are newer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import Refused
from bot.store import Store
from bot.versions import is_release, parse_version

__all__ = ["advisories", "behind", "newer_releases", "noted_version"]


def noted_version(store: Store, controller: str) -> str:
    """What the controller ran when it was looked at last; empty when that never was."""
    return str(_noted(store, controller).get("running", ""))


def newer_releases(store: Store, controller: str, running: str) -> tuple[str, ...]:
    """The newest of each LTS line that is known, newest first. ``running`` may be empty: then every known release counts as newer."""
    noted = _noted(store, controller)
    known = dict.fromkeys([noted.get("release", ""), *noted.get("releases", ())])
    newer = [str(release) for release in known if release and _newer(release, running)]
    return tuple(sorted(newer, key=parse_version, reverse=True))


def behind(store: Store, controller: str, running: str) -> str:
    """How far behind, for people; empty when it is not known to be."""
    newer = newer_releases(store, controller, running) if running else ()
    return f"the newest LTS is {newer[0]}" if newer else ""


def advisories(store: Store, controller: str, running: str) -> str:
    """Published warnings that the newest release and its plugins fix, for people; empty when none are known."""
    noted = _noted(store, controller)
    count = noted.get("advisories", 0) if running and newer_releases(store, controller, running) else 0
    return f"{count} published advisories are fixed by {noted['release']}" if count else ""


def _noted(store: Store, controller: str) -> Mapping[str, Any]:
    return store.document(f"release-watch:{controller}") or {}


def _newer(release: str, running: str) -> bool:
    try:
        return parse_version(release) > parse_version(running) if running else is_release(release)
    except Refused:
        return False  # a core that somebody built has a version of its own
