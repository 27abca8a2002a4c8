"""Constant-rate load on a controller, through its router: people, scripts, webhooks and a canary.

**What counts as a failed request:** a connection that could not be made or broke, no answer while the visitor was patient, every 5xx, and every
status that the client did not expect: pages and API reads want 200, triggers want 201, the login wants its redirect. One
exception, because a browser has it too: a page may answer 403 once when its session is unknown; the browser signs in and
opens it again, and the second answer must be 200 (the same for a crumb of another session, see
:class:`rehearsal.clients.Browser`). Nothing is ever tried again because it failed, and a trigger least of all.
"""

from __future__ import annotations

import asyncio
import base64
import random
import threading
import time
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from rehearsal.catalogue import CANARY, HOOKED, Catalogue, job_path
from rehearsal.clients import ApiClient, Browser, Client
from rehearsal.exchanges import ExchangeLog
from rehearsal.http_sender import HttpSender

__all__ = ["PATIENCE_SECONDS", "Load", "Visitor"]

CANARY_SECONDS = 0.25
"""Between two canaries: as fine as a freeze is measured."""
TRIGGER_SHARE = 0.05
TRIGGERS_A_SECOND = 3.0
"""Never more, whatever the rate: executors are limited, and a queue that only grows measures nothing."""
HOOK_SHARE = 0.01
MIX: tuple[tuple[Literal["browser", "script", "one-shot"], float], ...] = (
    ("browser", 0.50),
    ("script", 0.35),
    ("one-shot", 0.15),
)
"""Browsers and scripts keep cookies; a one-shot is a script that keeps none."""
VISITS: Mapping[str, float] = {"browser": 15, "script": 4}
"""Mean number of visits before a session ends and a new one begins: only new sessions show a new weight."""
SECONDS_BETWEEN_VISITS = 1.0
SECONDS_BETWEEN_SESSIONS = 0.25
"""People do not all sign in at the same moment, and a password is dear to check."""
REST_SECONDS: Mapping[str, float] = {"serial": 8.0, "concurrent": 1.5}
"""A job is not triggered again before this time, so that its queue stays short."""
PATIENCE_SECONDS = 15.0
"""A person who got no answer has gone away by then."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who the load signs in as."""

    user: str
    password: str
    token: str
    patience_seconds: float = PATIENCE_SECONDS

    @property
    def authorization(self) -> str:
        """Header value: HTTP Basic with the API token."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.token}".encode()).decode()


class Load:
    """Runs in a thread of its own from :meth:`start` to :meth:`stop`. The same seed makes the same choices in the same order."""

    def __init__(
        self,
        address: str,
        visitor: Visitor,
        catalogue: Catalogue,
        sides: Mapping[str, str],
        log: ExchangeLog,
        *,
        rate: float,
        seed: int,
    ) -> None:
        """``address`` is the router's, without a trailing slash; ``sides``: release → side; ``rate``: requests per second."""
        self._address = address
        self._visitor = visitor
        self._catalogue = catalogue
        self._sides = sides
        self._log = log
        self._rate = rate
        self._chance = random.Random(seed)
        self._idle: dict[str, list[_Session]] = {"browser": [], "script": []}
        self._rested: dict[str, float] = {}
        self._next_session_at: dict[str, float] = {}
        self._under_way = 0
        self._defect: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run_thread, name="load", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for the answers that are under way.

        :raises BaseException: what ended the load early: a defect of its own, never an answer.
        """
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._log.flush()
        if self._defect is not None:
            raise self._defect

    # ---- the beat ------------------------------------------------------------------------------------------------

    def _run_thread(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001  handed to whoever stops the load
            self._defect = error

    async def _run(self) -> None:
        self._connector = aiohttp.TCPConnector(limit=0)
        self._hook = self._new_session("hook")
        canary = self._new_session("canary")
        async with asyncio.TaskGroup() as group:
            if self._catalogue.canary:
                group.create_task(self._send_canaries(group, canary.client))
            await self._send_visits(group)
        for session in (self._hook, canary, *self._idle["browser"], *self._idle["script"]):
            await session.close()
        await self._connector.close()

    async def _send_visits(self, group: asyncio.TaskGroup) -> None:
        """Start the next visit when the requests sent so far fall behind the rate. A visit may need several requests."""
        began, logged = time.monotonic(), self._log.total
        while not self._stopping.is_set():
            sent = self._log.total - logged + self._under_way
            await asyncio.sleep(max(0.0, began + sent / self._rate - time.monotonic()))
            self._launch(group, self._next_visit())

    async def _send_canaries(self, group: asyncio.TaskGroup, client: Client) -> None:
        began, beat = time.monotonic(), 0
        while not self._stopping.is_set():
            beat += 1
            self._launch(group, client.trigger(CANARY, self._new_ticket()))
            await asyncio.sleep(max(0.0, began + beat * CANARY_SECONDS - time.monotonic()))

    def _launch(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        self._under_way += 1
        group.create_task(work).add_done_callback(self._landed)

    def _landed(self, _task: asyncio.Task[None]) -> None:
        self._under_way -= 1

    # ---- visits --------------------------------------------------------------------------------------------------

    def _next_visit(self) -> Coroutine[Any, Any, None]:
        """All choices are made here, in the order of the beat."""
        wish = self._chance.random()
        if wish < HOOK_SHARE and self._catalogue.hooked:
            return self._hook.client.trigger(HOOKED, self._new_ticket())
        share = min(TRIGGER_SHARE, TRIGGERS_A_SECOND / self._rate)
        job = self._rested_job() if wish < HOOK_SHARE + share else None
        kinds, weights = zip(*MIX, strict=True)
        session = self._session(self._chance.choices(kinds, weights)[0])
        if job is not None:
            return self._visit(session, session.client.trigger(job, self._new_ticket()))
        return self._visit(session, session.client.look(self._path(session.kind)))

    async def _visit(self, session: _Session, work: Coroutine[Any, Any, None]) -> None:
        await work
        session.visits_left -= 1
        session.rested_at = time.monotonic() + SECONDS_BETWEEN_VISITS
        if session.visits_left > 0:
            self._idle[session.kind].append(session)
        else:
            await session.close()

    def _session(self, kind: str) -> _Session:
        """One that has rested, a new one, or one that has not; a one-shot while the sessions are still coming."""
        now = time.monotonic()
        idle = self._idle.get(kind, [])
        if idle and idle[0].rested_at <= now:
            return idle.pop(0)
        if kind == "one-shot" or self._next_session_at.get(kind, 0.0) <= now:
            self._next_session_at[kind] = now + SECONDS_BETWEEN_SESSIONS
            return self._new_session(kind)
        return idle.pop(0) if idle else self._new_session("one-shot")

    def _new_session(self, kind: str) -> _Session:
        keeps_cookies = kind in VISITS
        jar = (
            aiohttp.CookieJar(unsafe=True, quote_cookie=False) if keeps_cookies else aiohttp.DummyCookieJar()
        )
        http = aiohttp.ClientSession(connector=self._connector, connector_owner=False, cookie_jar=jar)
        sender = HttpSender(http, self._address, self._sides, self._log, self._visitor.patience_seconds)
        visits = 1 + int(self._chance.expovariate(1 / VISITS[kind])) if keeps_cookies else 1
        if kind == "browser":
            return _Session(kind, Browser(sender, self._visitor.user, self._visitor.password), http, visits)
        flavour = kind if kind in ("hook", "canary") else "api"
        return _Session(kind, ApiClient(sender, self._visitor.authorization, flavour), http, visits)

    def _path(self, kind: str) -> str:
        job = self._chance.choice(self._catalogue.browsable)
        if kind == "browser":
            return self._chance.choice(("/", "/view/apps/", job_path(job), job_path(job)))
        tree = "jobs[name,color]"
        return self._chance.choice(
            (f"/api/json?tree={tree}", "/queue/api/json", f"{job_path(job)}api/json", "/computer/api/json")
        )

    def _rested_job(self) -> str | None:
        """One that was not triggered a moment ago, None when there is none."""
        now = time.monotonic()
        kinds = {**dict.fromkeys(self._catalogue.serial, "serial")}
        kinds |= dict.fromkeys(self._catalogue.concurrent, "concurrent")
        rested = [job for job in kinds if self._rested.get(job, 0.0) <= now]
        if not rested:
            return None
        job = self._chance.choice(rested)
        self._rested[job] = now + REST_SECONDS[kinds[job]]
        return job

    def _new_ticket(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))


@dataclass(slots=True)
class _Session:
    """A client between its first and its last visit."""

    kind: str
    client: Client
    http: aiohttp.ClientSession
    visits_left: int
    rested_at: float = 0.0

    async def close(self) -> None:
        await self.http.close()
