"""The independent observer: looks at both instances by REST about once a second and remembers every build it ever saw.

It knows nothing of the bot. Instances are found by asking the addresses at which one may run; the history that counts in the
end is read through the router, as a user would.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress

from rehearsal.catalogue import CANARY, job_path
from rehearsal.jenkins_reader import JenkinsReader, NoAnswer
from rehearsal.sightings import Build, Key, Sightings

__all__ = ["Observer"]

OWNER_PATH = f"{job_path(CANARY)}api/json?tree=name"
POLL_SECONDS = 1.0
WINDOW = 12
"""So many of the newest builds of each job are looked at; more of a job that started more since the last look."""
CATCH_UP = 500
BOTS_OWN = "ci-upgrade-smoke-"
"""Jobs that the bot makes and removes itself: nobody waits for their builds."""
BLIND_SECONDS = 60.0
"""Without a single look for so long, what is counted means nothing."""
ROUTER_TRIES = 40
"""With sessions on both sides a new session may reach the follower; new ones are begun until the owner answers."""


class Observer:
    """Watches from :meth:`start` to :meth:`finish`."""

    def __init__(self, router: str, blue: str, others: Sequence[str], user: str, token: str) -> None:
        """Addresses without trailing slashes; ``others``: every address at which another instance may appear."""
        self._router = router
        self._sides = {"blue": [JenkinsReader(blue, user, token)]}
        self._sides["green"] = [JenkinsReader(address, user, token) for address in others]
        self._credentials = (user, token)
        self._owner_route = JenkinsReader(router, user, token)
        self._owner: tuple[float, str] | None = None
        self._seen_up_to: dict[tuple[str, str], int] = {}
        self._defect: Exception | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)
        self.sightings = Sightings()
        self.before: frozenset[Key] = frozenset()
        """Builds that were there at the start."""
        self.history: tuple[Build, ...] = ()
        """What the owner shows at the end."""
        self.looked_at: dict[str, float] = {}
        """Side → when it was last looked at with success, epoch seconds."""
        self.moves: list[tuple[float, float]] = []
        """For each change of the owner: when the old one was seen last and the new one first, epoch seconds."""
        self.started_at = 0.0
        self.ended_at = 0.0

    def start(self) -> None:
        """Note what is there, and begin to watch.

        :raises NoAnswer: when blue does not answer.
        """
        history = self._sides["blue"][0].history()
        self.before = frozenset(build.key for build in history if not build.running)
        self.started_at = time.time()
        self._thread.start()

    def end_of_load(self) -> None:
        """From now on no timer boundary is counted any more."""
        self.ended_at = time.time()

    def finish(self, seconds: float) -> bool:
        """Wait until nothing is queued or runs anywhere, then read the owner's history.

        Returns False when builds were still waiting or running after ``seconds``.

        :raises NoAnswer: when the owner's history could not be read, or the observer was blind for a while.
        """
        self.ended_at = self.ended_at or time.time()
        quiet = self._await_idle(time.monotonic() + seconds)
        time.sleep(POLL_SECONDS)  # one more look at the builds that ended last
        self._stopping.set()
        self._thread.join()
        if self._defect is not None:
            raise self._defect
        if not self.looked_at:
            raise NoAnswer("no instance ever answered the observer")
        self.history = tuple(self._read_history())
        for reader in (self._owner_route, *self._sides["blue"], *self._sides["green"]):
            reader.close()
        return quiet

    # ---- watching ------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        try:
            due = last_look = time.monotonic()
            while not self._stopping.wait(max(0.0, due - time.monotonic())):
                self._look_for_owner()
                answers = [
                    self._answer_of(side, reader) for side in self._sides for reader in self._sides[side]
                ]
                if None in answers:
                    last_look = time.monotonic()
                elif time.monotonic() - last_look > BLIND_SECONDS:
                    raise NoAnswer(f"the observer saw nothing for {BLIND_SECONDS:.0f} s: {answers[0]}")
                due = max(due + POLL_SECONDS, time.monotonic())
        except Exception as error:  # noqa: BLE001  raised by finish(): a judge that saw nothing must not acquit
            self._defect = error

    def _look_for_owner(self) -> None:
        """The release that answers on an owner route."""
        with suppress(NoAnswer):
            release, now = self._owner_route.version(OWNER_PATH), time.time()
            if release is None:
                return
            if self._owner is not None and self._owner[1] != release:
                self.moves.append((self._owner[0], now))
            self._owner = now, release

    def _answer_of(self, side: str, reader: JenkinsReader) -> NoAnswer | None:
        try:
            self._look(side, reader)
        except NoAnswer as error:
            return error  # not there (yet, or any more)
        return None

    def _look(self, side: str, reader: JenkinsReader) -> None:
        newest = reader.newest(WINDOW)
        now = time.time()
        for job, builds in newest.items():
            if job.startswith(BOTS_OWN):
                continue
            known = self._seen_up_to.get((reader.address, job), 0)
            if len(builds) == WINDOW and known and builds[-1].number > known + 1:
                builds = reader.of_job(job, CATCH_UP)
            if builds:
                self._seen_up_to[reader.address, job] = max(known, builds[0].number)
            self.sightings.see(side, now, (one for one in builds if one.key not in self.before))
        resumed = reader.resumed()
        if resumed:
            self.sightings.see_resumed(side, resumed)
        self.looked_at[side] = now

    # ---- the end -------------------------------------------------------------------------------------------------

    def _await_idle(self, deadline: float) -> bool:
        """Twice in a row, because an item that leaves a queue is for a moment in no list."""
        addresses = [reader.address for readers in self._sides.values() for reader in readers]
        with ExitStack() as stack:
            readers = [stack.enter_context(self._reader(address)) for address in addresses]
            idle_looks = 0
            while time.monotonic() < deadline:
                idle_looks = idle_looks + 1 if all(_idle(reader) for reader in readers) else 0
                if idle_looks == 2:
                    return True
                time.sleep(0.5)
        return False

    def _read_history(self) -> list[Build]:
        """The owner's, through the router."""
        with self._reader(self._router) as reader:
            owner = reader.version(OWNER_PATH)
        for _ in range(ROUTER_TRIES):
            with self._reader(self._router) as visitor:
                if visitor.version() == owner:
                    return visitor.history()
        raise NoAnswer("the router sent no session to the owner")

    def _reader(self, address: str) -> closing[JenkinsReader]:
        """A visitor of its own, without cookies."""
        return closing(JenkinsReader(address, *self._credentials))


def _idle(reader: JenkinsReader) -> bool:
    try:
        return reader.idle()
    except NoAnswer:
        return True  # an instance that is not there runs nothing
