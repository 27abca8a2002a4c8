"""How interactions and events reach the app: the common part of Socket Mode and signed HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from rehearsal.slack.records import Json
from rehearsal.slack.room import Room

__all__ = ["Answer", "Courier", "Transport"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement."""

    payload: Json | None
    """What the app sent along: a message for a command, a ``response_action`` for a view."""


class Transport(Protocol):
    async def send(self, kind: str, payload: Json, retry: int, reason: str) -> Answer | None:
        """Send once and wait for the acknowledgement; None when it did not come in time or nobody listens.

        ``kind``: slash_commands, interactive or events_api. ``retry``: 0 for the first attempt.
        """


class Courier:
    def __init__(self, room: Room, transport: Transport) -> None:
        self._room = room
        self.transport = transport
        self._background: set[asyncio.Task[None]] = set()

    async def interact(self, kind: str, payload: Json) -> Answer | None:
        """Deliver a command, click or view: once, because a person waits and can try again."""
        if self._room.faults.deliver_twice:
            self._later(self._once(kind, payload))
        return await self._once(kind, payload)

    def publish(self, payload: Json) -> None:
        """Deliver an event in the background, again when it is not acknowledged."""
        if self._room.faults.deliver_twice:
            self._later(self._insist(payload))
        self._later(self._insist(payload))

    async def close(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _once(self, kind: str, payload: Json, retry: int = 0) -> Answer | None:
        if self._room.faults.outage:
            return None
        reason = "timeout" if retry else ""
        answer = await self.transport.send(kind, payload, retry, reason)
        if answer is None:
            self._room.journal.unacknowledged += 1
        return answer

    async def _insist(self, payload: Json) -> None:
        for retry, pause in enumerate((0.0, *self._room.workspace.settings.retry_seconds)):
            await asyncio.sleep(pause)
            if await self._once("events_api", payload, retry) is not None:
                return

    def _later(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
