"""The router of a controller that nothing is upgraded on: told where the running instance is, and left to people where they changed it."""

from __future__ import annotations

import logging

from bot.context import Services
from bot.errors import BotError, ChangedByHand, Permanent
from bot.instances import current, forget
from bot.model import RouterState, Side
from bot.store import Store
from bot.traffic import alone

__all__ = ["IdleRouter"]

log = logging.getLogger(__name__)


class IdleRouter:
    """Of one controller. What it was told last is kept in the store: so a configuration that changed is told from people who did."""

    def __init__(self, services: Services, store: Store) -> None:
        self._services = services
        self._store = store
        self._key = f"router:{services.name}"
        self._said: str | None = None
        """What was logged last: people read it once, not every half minute."""

    def look(self) -> None:
        """At the start and from time to time; nothing while an upgrade lives, which looks after its router itself."""
        with self._services.routing:
            if self._store.live_for(self._services.name) is None:
                try:
                    self._look()
                except BotError as error:
                    self._warn(f"the router could not be looked after: {error}")

    def _look(self) -> None:
        wanted = alone(current(self._store, self._services.name, self._services.first))
        try:
            found = self._services.router.read()
        except ChangedByHand as error:
            self._warn(f"the router is left as it is: {error}")
        except Permanent:  # it knows nothing yet, or nothing any more, or a part of it missed a change
            self._tell(wanted)
        else:
            self._compare(found, wanted)

    def _compare(self, found: RouterState, wanted: RouterState) -> None:
        document = self._store.document(self._key)
        told = document["leads_to"] if document else None
        first = self._services.first
        if found == wanted:
            self._said = None
            if told != wanted.blue:
                self._remember(wanted)
        elif told is not None and found == RouterState(told, None, 0, Side.BLUE, found.blue_agent_port, None):
            self._tell(wanted)  # nobody touched it, so the configuration has changed
        elif found == alone(first) and self._services.environment.state(first).running:
            # People went back to the instance that the configuration names: it runs, and they lead everybody to it.
            forget(self._store, self._services.name)
            self._remember(found)
            self._warn(f"the router was led to {found.blue}, which counts as the running instance again")
        else:
            self._warn(f"the router is left as it is: somebody made it lead to {found}, not to {wanted.blue}")

    def _tell(self, wanted: RouterState) -> None:
        self._services.router.apply_where_possible(wanted)
        self._remember(wanted)
        log.info("%s: the router was told to send everything to %s", self._services.name, wanted.blue)

    def _remember(self, state: RouterState) -> None:
        self._store.put_document(self._key, {"leads_to": state.blue})

    def _warn(self, text: str) -> None:
        if text != self._said:
            log.warning("%s: %s", self._services.name, text)
        self._said = text
