"""``/workspace/…``: what the page and test drivers use. JSON in, JSON out; a refusal is 409 with Slack's error name."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from rehearsal.slack.delivery import Courier
from rehearsal.slack.errors import ApiError
from rehearsal.slack.faults import Failure, Faults
from rehearsal.slack.people import People
from rehearsal.slack.records import BOT_USER, TEAM, Json
from rehearsal.slack.room import Room
from rehearsal.slack.signed_http import SignedHttp
from rehearsal.slack.socket_mode import SocketMode

__all__ = ["ControlApi"]

KNOBS = {field.name for field in fields(Faults)} - {"failures"}


class ControlApi:
    def __init__(self, room: Room, people: People, courier: Courier, socket_mode: SocketMode) -> None:
        self._room = room
        self._people = people
        self._courier = courier
        self._socket_mode = socket_mode
        self._streams: set[asyncio.Queue[str | None]] = set()
        room.workspace.watch(self._broadcast)

    def routes(self) -> list[web.RouteDef]:
        verbs: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "say": self._say,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
            "shortcut": self._shortcut,
            "faults": self._faults,
            "reconnect": self._reconnect,
            "delivery": self._delivery,
            "channel": self._channel,
        }
        return [
            web.get("/workspace/state", self._state),
            web.get("/workspace/events", self._events),
            web.get("/workspace/calls", self._calls),
            web.get("/workspace/counters", self._counters),
            *(web.post(f"/workspace/{name}", _answering(verb)) for name, verb in verbs.items()),
        ]

    def close(self) -> None:
        """End the streams, so that the server can stop."""
        for stream in self._streams:
            stream.put_nowait(None)

    # ---- reading ------------------------------------------------------------------------------------------------

    async def _state(self, _request: web.Request) -> web.Response:
        room, workspace = self._room, self._room.workspace
        manifest = workspace.settings.manifest
        return web.json_response(
            {
                "team": TEAM,
                "app": {
                    "user": BOT_USER,
                    "name": manifest.name,
                    "commands": [asdict(command) for command in manifest.commands],
                    "shortcuts": [asdict(shortcut) for shortcut in manifest.shortcuts],
                },
                "users": [user.to_slack() for user in workspace.users.values()],
                "groups": [group.to_slack() for group in workspace.groups.values()],
                "channels": [channel.to_slack() for channel in workspace.channels.values()],
                "messages": {
                    id: [message.to_page() for message in messages.values()]
                    for id, messages in workspace.messages.items()
                },
                "modals": {
                    user: [view.to_slack() for view in stack] for user, stack in room.views.modals.items()
                },
                "homes": {user: view.to_slack() for user, view in room.views.homes.items()},
                "connections": self._connections(),
                "faults": room.faults.to_json(),
                "counters": room.journal.counters(),
            }
        )

    async def _calls(self, request: web.Request) -> web.Response:
        method = request.query.get("method")
        calls = [asdict(call) for call in self._room.journal.calls if method in (None, call.method)]
        return web.json_response({"calls": calls, "totals": dict(self._room.journal.totals)})

    async def _counters(self, _request: web.Request) -> web.Response:
        return web.json_response(self._room.journal.counters())

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: one per change, named by its kind."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        stream: asyncio.Queue[str | None] = asyncio.Queue()
        self._streams.add(stream)
        try:
            await response.write(b"retry: 500\n\nevent: ready\ndata: {}\n\n")
            while (line := await stream.get()) is not None:
                await response.write(line.encode())
        except ConnectionError:
            pass
        finally:
            self._streams.discard(stream)
        return response

    def _broadcast(self, kind: str, data: Json) -> None:
        for stream in self._streams:
            stream.put_nowait(f"event: {kind}\ndata: {json.dumps(data)}\n\n")

    # ---- what people do -----------------------------------------------------------------------------------------

    async def _say(self, body: Json) -> Json:
        return await self._people.say(body["user"], body["channel"], body["text"], body.get("thread_ts"))

    async def _click(self, body: Json) -> Json:
        rest = (body["action_id"], body.get("block_id"), body.get("value"), body.get("values") or {})
        if "view_id" in body:
            return await self._people.click_view(body["user"], body["view_id"], *rest)
        return await self._people.click(
            body["user"], body["channel"], body["ts"], *rest, bool(body.get("earlier"))
        )

    async def _submit(self, body: Json) -> Json:
        return await self._people.submit(body["user"], body["view_id"], body.get("values") or {})

    async def _close(self, body: Json) -> Json:
        return await self._people.close(body["user"], body["view_id"])

    async def _home(self, body: Json) -> Json:
        return await self._people.open_home(body["user"], body.get("tab", "home"))

    async def _shortcut(self, body: Json) -> Json:
        return await self._people.use_shortcut(
            body["user"], body["callback_id"], body.get("channel"), body.get("ts")
        )

    # ---- what goes wrong ----------------------------------------------------------------------------------------

    async def _faults(self, body: Json) -> Json:
        """Set knobs by name; ``fail`` adds planned failures, and an empty list forgets them."""
        faults = self._room.faults
        for name in KNOBS & body.keys():
            setattr(faults, name, body[name])
        if "fail" in body:
            added = [Failure(**failure) for failure in body["fail"]]
            faults.failures = [*faults.failures, *added] if added else []
        if body.get("outage"):
            self._socket_mode.cut()
        self._room.workspace.tell("faults", faults.to_json())
        return {"ok": True, "faults": faults.to_json()}

    async def _reconnect(self, body: Json) -> Json:
        if body.get("cut"):
            self._socket_mode.cut()
        else:
            await self._socket_mode.ask_to_reconnect()
        return {"ok": True}

    async def _delivery(self, body: Json) -> Json:
        """``url``: deliver signed HTTP requests there; null: Socket Mode."""
        url = body.get("url")
        self._courier.transport = SignedHttp(self._room, url) if url else self._socket_mode
        self._room.workspace.tell("connections", {"connections": self._connections()})
        return {"ok": True}

    async def _channel(self, body: Json) -> Json:
        channel = self._room.workspace.change_channel(
            body["channel"], body.get("archived"), body.get("bot_member")
        )
        return {"ok": True, "channel": channel.to_slack()}

    def _connections(self) -> int:
        """How many ways lead to the app; an HTTP address counts as one."""
        return 1 if isinstance(self._courier.transport, SignedHttp) else self._socket_mode.connections


def _answering(verb: Callable[[Json], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        # JSON only: a page of another origin cannot send that without being asked first.
        if request.content_type != "application/json":
            return web.json_response({"ok": False, "error": "json_expected"}, status=415)
        body: Any = {}
        with contextlib.suppress(ValueError):
            body = await request.json()
        try:
            return web.json_response(await verb(body))
        except ApiError as error:
            return web.json_response(error.to_json(), status=409)
        except (KeyError, TypeError) as error:
            return web.json_response(
                {"ok": False, "error": "invalid_arguments", "detail": str(error)}, status=400
            )

    return handle
