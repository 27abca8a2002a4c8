"""What is known about releases newer than the one that a controller runs, as the watch for releases has noted it."""

from __future__ import annotations

from bot.errors import Refused
from bot.store import Store
from bot.versions import parse_version

__all__ = ["advisories", "behind", "newer_releases"]


def newer_releases(store: Store, controller: str, running: str) -> tuple[str, ...]:
    """Newest first; empty when none is known. ``running`` may be empty: then every known release counts as newer."""
    noted = store.document(f"release-watch:{controller}")
    release = str(noted["release"]) if noted else ""
    return (release,) if release and _newer(release, running) else ()


def behind(store: Store, controller: str, running: str) -> str:
    """How far behind, for people; empty when it is not known to be."""
    newer = newer_releases(store, controller, running) if running else ()
    return f"the newest LTS is {newer[0]}" if newer else ""


def advisories(store: Store, controller: str, running: str) -> str:
    """Published warnings that the newest release and its plugins fix, for people; empty when none are known."""
    noted = store.document(f"release-watch:{controller}") or {}
    count = noted.get("advisories", 0) if running and newer_releases(store, controller, running) else 0
    return f"{count} published advisories are fixed by {noted['release']}" if count else ""


def _newer(release: str, running: str) -> bool:
    try:
        return not running or parse_version(release) > parse_version(running)
    except Refused:
        return False  # a core that somebody built has a version of its own
