"""One or several HAProxys as the router of one controller.

HAProxy keeps routes in its memory: the bot changes them there through the runtime API, reads them back, and leaves files from
which HAProxy begins again. Several HAProxys are told the same or nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from adapters.routers.haproxy_instance import HaproxyInstance
from adapters.routers.haproxy_traffic import Counters
from bot.errors import BotError, Permanent, Temporary
from bot.model import RouterState, Side, Traffic
from bot.settings.routers import HaproxyConfig

__all__ = ["HaproxyRouter"]

log = logging.getLogger(__name__)


class HaproxyRouter:
    """Implements :class:`bot.ports.Router`."""

    def __init__(self, name: str, config: HaproxyConfig) -> None:
        """``name`` is the controller's."""
        self._instances = [HaproxyInstance(name, config, instance) for instance in config.instances]
        self._end_after = config.end_requests_after_seconds
        self._ends: dict[Side, threading.Timer] = {}
        self._counters = Counters()
        self._changing = threading.RLock()

    def apply(self, state: RouterState) -> None:
        """Make it so on every HAProxy; when one cannot, those already changed are put back.

        :raises Temporary: when one does not answer, or reports another state afterwards.
        :raises Permanent: when one has no such maps or servers, serves another controller, or its files cannot be written.
        """
        with self._changing:
            before = [(instance, instance.prepare()) for instance in self._instances]
            for number, (instance, _) in enumerate(before):
                try:
                    instance.apply(state)
                except BotError as error:
                    self._undo(before[: number + 1], error)
                    raise
            self._end_requests_later(state)

    def apply_where_possible(self, state: RouterState) -> tuple[str, ...]:
        """Make it so on every HAProxy that answers; returns a sentence about each that does not.

        :raises Temporary: when none answers.
        """
        with self._changing:
            silent: list[str] = []
            failures: list[BotError] = []
            for instance in self._instances:
                try:
                    instance.apply(state)
                except Temporary as error:
                    silent.append(str(error))
                except BotError as error:
                    failures.append(error)
            if failures:
                raise failures[0]
            if len(silent) == len(self._instances):
                raise Temporary("; ".join(silent))
            self._end_requests_later(state)
            return tuple(silent)

    def read(self) -> RouterState:
        """What all of them hold.

        :raises Temporary: when one does not answer and the others are sound.
        :raises Permanent: when one was told nothing yet, has lost it, was changed by hand, or differs from the others.
        """
        found: list[tuple[HaproxyInstance, RouterState]] = []
        silent: list[str] = []
        with self._changing:
            for instance in self._instances:
                try:
                    found.append((instance, _told(instance)))
                except Temporary as error:
                    silent.append(str(error))
        states = {state for _, state in found}
        if len(states) > 1:
            told = "; ".join(f"{instance.address}: {state}" for instance, state in found)
            raise Permanent(f"the HAProxys differ: {told}")
        if silent:
            raise Temporary("; ".join(silent))
        return states.pop()

    def traffic(self) -> Mapping[Side, Traffic]:
        """Requests and errors of each side; HAProxy knows no distribution of response times, so the histograms are empty.

        :raises Temporary: when one does not answer: a sum without it would look as if counters had fallen.
        """
        return self._counters.traffic({instance.address: instance.counts() for instance in self._instances})

    def close_owner_connections(self, side: Side) -> None:
        """End the connections of agents and of the CLI that go to this side, on every HAProxy that answers.

        One that is down has no connections, and one that only its socket hides must not stop a rollback: Jenkins disconnects its
        agents itself when it stops being the owner.

        :raises Temporary: when none answers, or one has not ended them in time.
        """
        silent = []
        for instance in self._instances:
            try:
                instance.read()
            except Temporary as error:
                silent.append(str(error))
            else:
                instance.end_connections(side)
        if len(silent) == len(self._instances):
            raise Temporary("; ".join(silent))
        for sentence in silent:
            log.warning("connections to %s are left alone: %s", side.value, sentence)

    def _undo(self, changed: Sequence[tuple[HaproxyInstance, RouterState | None]], cause: BotError) -> None:
        """Put back what was changed before one failed; the first :meth:`read` tells of what could not be put back."""
        for instance, before in changed:
            if before is None:
                continue
            try:
                instance.apply(before)
            except BotError as error:
                log.warning(
                    "HAProxy at %s could not be put back after: %s: %s", instance.address, cause, error
                )

    def _end_requests_later(self, state: RouterState) -> None:
        """Drain, then kill: requests that outlive the configured time at a side without weight are ended."""
        for side, weight in ((Side.BLUE, 100 - state.weight), (Side.GREEN, state.weight)):
            if side in self._ends:
                self._ends.pop(side).cancel()
            # Without green the weights say nothing: after an upgrade, what is under way at "green" goes to the one instance that is.
            if weight == 0 and state.green is not None and self._end_after is not None:
                timer = threading.Timer(self._end_after, self._end_requests, (side,))
                timer.daemon = True
                self._ends[side] = timer
                timer.start()

    def _end_requests(self, side: Side) -> None:
        with self._changing:
            if self._ends.pop(side, None) is not threading.current_thread():
                return  # the side has got weight again meanwhile
            for instance in self._instances:
                try:
                    instance.end_requests(side)
                except BotError as error:
                    log.warning("requests at %s could not be ended: %s", side.value, error)


def _told(instance: HaproxyInstance) -> RouterState:
    state = instance.read()
    if state is None:
        raise Permanent(
            f"HAProxy at {instance.address} was told nothing yet, or was reloaded without its files"
        )
    return state
