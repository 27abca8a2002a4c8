"""Notes which release a controller runs and which are newer, and tells the channel once of each newest LTS and what it would fix."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Collection, Sequence

from bot.content import Announcement, Button
from bot.errors import BotError
from bot.model import Plugin
from bot.plugins import Catalogue
from bot.plugins.advisories import advisory_lines
from bot.plugins.plan import AdvisoryLine
from bot.plugins.version_number import older
from bot.ports import Jenkins, UpdateCentre
from bot.store import Store
from bot.versions import is_release, parse_version

__all__ = ["ReleaseWatch"]

log = logging.getLogger(__name__)

ADVISORIES_SHOWN = 5


class ReleaseWatch:
    """Of one controller."""

    def __init__(
        self,
        controller: str,
        channel: str | None,
        store: Store,
        updates: UpdateCentre,
        jenkins: Callable[[], Jenkins],
        wake: Callable[[], None],
    ) -> None:
        """``channel``: None tells nobody. ``jenkins`` is the running instance; ``wake`` tells whoever delivers the outbox that there is
        something new."""
        self._controller = controller
        self._channel = channel
        self._store = store
        self._updates = updates
        self._jenkins = jenkins
        self._wake = wake

    def look(self) -> None:
        """Never raises: what cannot be asked now is asked the next time."""
        try:
            self._look()
        except BotError as error:
            log.warning("%s: new releases could not be looked for: %s", self._controller, error)

    def _look(self) -> None:
        if self._store.live_for(self._controller) is not None:
            return
        jenkins = self._jenkins()
        running = jenkins.boot().version
        before = self._store.document(self._key) or {}
        told = before.get("told", before.get("release"))
        noted = {**before, "running": running, "told": told}
        self._store.put_document(self._key, noted)
        offered = self._updates.newest_lts()
        known = [*noted.get("releases", ()), offered.core]
        with contextlib.suppress(BotError):  # a shorter list to choose from hurts nobody
            known += self._updates.lts_releases()
        noted |= {"release": offered.core, "releases": newest_of_each_line(known), "advisories": 0}
        if older(running, offered.core):
            plugins = jenkins.plugins()
            noted["advisories"] = len(fixed_by(running, plugins, offered))
            if self._channel is not None and told != offered.core:
                self._tell(self._channel, announce(self._controller, running, plugins, offered), offered.core)
                noted["told"] = offered.core
        self._store.put_document(self._key, noted)

    def _tell(self, channel: str, announcement: Announcement, release: str) -> None:
        # A message of its own stands where an upgrade's dashboard would. The same key again changes nothing more.
        self._store.put(f"release-{self._controller}-{release}", "dashboard", channel, announcement)
        self._wake()

    @property
    def _key(self) -> str:
        return f"release-watch:{self._controller}"


def newest_of_each_line(releases: Collection[str]) -> list[str]:
    """Of LTS releases: 2.516.3 stands for 2.516.1 as well. Newest first."""
    found: dict[tuple[int, ...], str] = {}
    for release in sorted(filter(is_release, releases), key=parse_version):
        found[parse_version(release)[:2]] = release
    return list(reversed(found.values()))


def fixed_by(running: str, plugins: Sequence[Plugin], offered: Catalogue) -> Sequence[AdvisoryLine]:
    """Published advisories for what runs that the release and the newest plugins for it fix. Pure."""
    installed = {plugin.name: plugin.version for plugin in plugins}
    updated = {
        name: offered.releases[name].version if name in offered.releases else version
        for name, version in installed.items()
    }
    fixed, _ = advisory_lines(installed, updated, running, offered.core, offered)
    return fixed


def announce(controller: str, running: str, plugins: Sequence[Plugin], offered: Catalogue) -> Announcement:
    """What is said about the release that the catalogue names. Pure."""
    fixed = fixed_by(running, plugins, offered)
    lines = [f"{line.id} ({line.component}): {line.message} {line.url}" for line in fixed[:ADVISORIES_SHOWN]]
    if len(fixed) > ADVISORIES_SHOWN:
        lines.append(f"and {len(fixed) - ADVISORIES_SHOWN} more")
    count = f" It and its plugins fix {len(fixed)} published advisories." if fixed else ""
    value = json.dumps({"controller": controller, "target": offered.core})
    return Announcement(
        f"{controller} runs {running}; the newest LTS is {offered.core}.{count}",
        tuple(lines),
        "warning" if fixed else "info",
        (
            Button(
                "plan", "Plan upgrade", value, spoken=f"Plan the upgrade of {controller} to {offered.core}"
            ),
        ),
    )
