"""Socket Mode (https://docs.slack.dev/apis/events-api/using-socket-mode): the app's websocket connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import uuid
from itertools import count

from aiohttp import WSMsgType, web

from rehearsal.slack.delivery import Answer
from rehearsal.slack.errors import ApiError
from rehearsal.slack.faults import LATE_SECONDS
from rehearsal.slack.records import APP_ID, Json
from rehearsal.slack.room import Room

__all__ = ["SocketMode"]

MOST_CONNECTIONS = 10
CONNECTION_SECONDS = 3600


class SocketMode:
    def __init__(self, room: Room) -> None:
        self._room = room
        self._tickets: set[str] = set()
        self._sockets: dict[web.WebSocketResponse, asyncio.WriteTransport] = {}
        self._waiting: dict[str, tuple[float, asyncio.Future[Answer]]] = {}
        self._turn = count()

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def new_url(self, host: str) -> str:
        """A websocket address that works once.

        :raises ApiError: ``too_many_websockets``.
        """
        if len(self._sockets) >= MOST_CONNECTIONS:
            raise ApiError("too_many_websockets")
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"ws://{host}/link/?ticket={ticket}&app_id={APP_ID}"

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One connection from hello to its end."""
        ticket = request.query.get("ticket", "")
        if self._room.faults.outage:
            return web.Response(status=503)
        if ticket not in self._tickets:
            return web.Response(status=401, text="the ticket is unknown or used")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.WriteTransport)
        self._sockets[socket] = transport
        self._tell()
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(json.loads(message.data))
        finally:
            del self._sockets[socket]
            self._tell()
        return socket

    async def send(self, kind: str, payload: Json, retry: int, reason: str) -> Answer | None:
        """See :class:`rehearsal.slack.delivery.Transport`."""
        if not self._sockets:
            return None
        socket = list(self._sockets)[next(self._turn) % len(self._sockets)]
        id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason}
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[id] = (self._room.workspace.clock(), answer)
        with contextlib.suppress(ConnectionError, TimeoutError):
            await socket.send_json(envelope)
            # The entry stays after a timeout, so that a late acknowledgement is still counted.
            return await asyncio.wait_for(
                asyncio.shield(answer), self._room.workspace.settings.acknowledge_seconds
            )
        return None

    async def ask_to_reconnect(self, reason: str = "refresh_requested") -> None:
        """What Slack does about once an hour; then it closes the connection itself."""
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionError):
                await socket.send_json(
                    {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-rehearsal"}}
                )

    def cut(self) -> None:
        """Drop every connection without a word, as when a machine goes away."""
        for transport in self._sockets.values():
            transport.abort()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._sockets),
            "debug_info": {
                "host": "applink-rehearsal",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": APP_ID},
        }

    def _acknowledged(self, message: Json) -> None:
        waiting = self._waiting.pop(message.get("envelope_id", ""), None)
        if waiting is None:
            return
        since, answer = waiting
        journal = self._room.journal
        journal.acks += 1
        journal.acks_over_3s += self._room.workspace.clock() - since > LATE_SECONDS
        if not answer.done():
            answer.set_result(Answer(message.get("payload")))
        self._room.workspace.tell("counters", journal.counters())

    def _tell(self) -> None:
        self._room.workspace.tell("connections", {"connections": len(self._sockets)})
