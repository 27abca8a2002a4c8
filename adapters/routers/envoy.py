"""Envoy as the router of one controller.

Envoy reads routes, clusters and inner listeners from files (``docs/envoy.yaml``), so neither its own restart nor the bot's
absence changes where requests go. The bot writes a file whole, then asks Envoy until it reports that very content.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from adapters.routers import envoy_dump, envoy_resources, whole_file
from adapters.routers.envoy_admin import EnvoyAdmin
from adapters.routers.envoy_resources import Document
from adapters.routers.envoy_traffic import traffic
from bot.errors import BotError, Permanent, Temporary
from bot.model import JSON, RouterState, Side, Traffic
from bot.settings.routers import EnvoyConfig

__all__ = ["EnvoyRouter"]

ACCEPT_SECONDS = 5.0
"""How long Envoy may take to use a file. It usually takes milliseconds; a new instance is asked for its health first."""
POLL_SECONDS = 0.02
LONGEST_DRAIN_SECONDS = 10.0
"""An Envoy that ends the connections of a replaced listener later than this was started without ``--drain-time-s``."""
WARMING = r"^(?:cluster_manager\.warming_clusters|listener_manager\.total_listeners_warming)$"
"""Gauges of what Envoy has taken but does not use yet."""


class EnvoyRouter:
    """Implements :class:`bot.ports.Router`."""

    def __init__(self, name: str, config: EnvoyConfig, cookie: str | None = None) -> None:
        """``name`` is the controller's; ``cookie`` names the router's session cookie (``ci_upgrade_<name>`` when None)."""
        self._name = name
        self._cookie = cookie or f"ci_upgrade_{name}"
        self._webhook_paths = config.webhook_paths
        self._directory: Path = config.resources
        self._admin = EnvoyAdmin(str(config.admin))
        self._changing = threading.Lock()

    def apply(self, state: RouterState) -> None:
        """Make it so; returns once Envoy reports exactly this.

        :raises Temporary: when Envoy does not answer, or has not taken the state within a few seconds.
        :raises Permanent: when Envoy rejects it, serves another controller, or the directory cannot be written.
        """
        clusters = envoy_resources.cds(state)
        routes = envoy_resources.rds(self._name, self._cookie, self._webhook_paths, state)
        # No route may name a cluster that is not there: clusters come before the routes to them and go after them.
        documents = [clusters, routes] if state.green else [routes, clusters]
        with self._changing:
            generations = envoy_dump.generations(self._own_dump())
            if generations is None:
                self._check_drain_time()
                generations = dict.fromkeys(Side, 0)
            for document in (envoy_resources.lds(generations), *documents):
                self._load(document)
            if not _comes_true(lambda: self._reports(state), ACCEPT_SECONDS):
                raise Temporary(f"Envoy at {self._admin.url} took the files but reports another state")

    def apply_where_possible(self, state: RouterState) -> tuple[str, ...]:
        """One Envoy answers or does not: as :meth:`apply`."""
        self.apply(state)
        return ()

    def read(self) -> RouterState:
        """What Envoy itself is configured with now.

        :raises Temporary: when Envoy does not answer.
        :raises Permanent: when it was told nothing yet, serves another controller, or was changed by hand.
        """
        found = envoy_dump.state(self._own_dump())
        if found is None:
            raise Permanent(
                f"Envoy at {self._admin.url} has no routes for {self._name} yet: apply a state, and check that its bootstrap "
                f"file reads {self._directory} (docs/routers.md)"
            )
        return found

    def traffic(self) -> Mapping[Side, Traffic]:
        """Requests, errors and response times of each side since Envoy started; health checks are not among them."""
        return traffic(self._admin)

    def close_owner_connections(self, side: Side) -> None:
        """End the connections of agents and of the CLI that go to this side; sessions are not touched.

        :raises Temporary: when Envoy does not answer, or has not ended them in time.
        :raises Permanent: when nothing was applied yet, or Envoy was started without ``--drain-time-s``.
        """
        with self._changing:
            generations = envoy_dump.generations(self._own_dump())
            if generations is None:
                raise Permanent(
                    f"Envoy at {self._admin.url} has no routes for {self._name} yet: apply a state"
                )
            drain_seconds = self._check_drain_time()
            self._load(envoy_resources.lds({**generations, side: generations[side] + 1}))
            seconds = drain_seconds + ACCEPT_SECONDS
            if not _comes_true(self._drained, seconds):
                raise Temporary(
                    f"Envoy at {self._admin.url} has not ended old connections within {seconds:.0f} s"
                )

    def _own_dump(self) -> Sequence[JSON]:
        dump = self._admin.config_dump()
        routed = envoy_dump.controller(dump)
        if routed not in (None, self._name):
            raise Permanent(f"Envoy at {self._admin.url} routes the controller {routed}, not {self._name}")
        return dump

    def _check_drain_time(self) -> float:
        seconds = self._admin.drain_seconds()
        if seconds > LONGEST_DRAIN_SECONDS:
            raise Permanent(
                f"Envoy at {self._admin.url} would end connections only after {seconds:.0f} s: start it with --drain-time-s 1"
            )
        return seconds

    def _load(self, document: Document) -> None:
        path = self._directory / f"{document.kind}.json"
        if self._accepted(document) and whole_file.holds(path, document.text):
            return
        rejections = self._rejections(document)
        whole_file.replace(path, document.text)
        if not _comes_true(lambda: self._accepted(document), ACCEPT_SECONDS):
            raise self._not_accepted(document, rejected=self._rejections(document) > rejections)

    def _accepted(self, document: Document) -> bool:
        reported = self._admin.values(rf"\.{document.kind}\..*version_text$")
        return document.version in reported.values() and not any(self._admin.values(WARMING).values())

    def _not_accepted(self, document: Document, *, rejected: bool) -> BotError:
        if rejected:
            return Permanent(
                f"Envoy at {self._admin.url} rejected {document.kind}.json; its log says why, and it goes on as before"
            )
        return Temporary(
            f"Envoy at {self._admin.url} has not taken {document.kind}.json within {ACCEPT_SECONDS:.0f} s: "
            f"does its bootstrap file read {self._directory}?"
        )

    def _rejections(self, document: Document) -> int:
        counts = self._admin.values(rf"\.{document.kind}\..*(?:update_rejected|update_failure)$")
        return sum(int(count) for count in counts.values())

    def _reports(self, state: RouterState) -> bool:
        try:
            return envoy_dump.state(self._own_dump()) == state
        except Permanent:  # what somebody wrote by hand is being replaced
            return False

    def _drained(self) -> bool:
        gauges = self._admin.values(r"^listener_manager\.total_(?:listeners|filter_chains)_draining$")
        return not any(gauges.values())


def _comes_true(check: Callable[[], bool], seconds: float) -> bool:
    """Ask until it holds, or until the time is over."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
