"""The HTTP side that apps use: ``/api/<method>``, uploads, files and response URLs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import mimetypes
from typing import Any

from aiohttp import web

from rehearsal.slack.chat_methods import CHAT_METHODS, LONGEST_POST, content_of
from rehearsal.slack.errors import ApiError
from rehearsal.slack.faults import Call, Failure
from rehearsal.slack.lookup_methods import LOOKUP_METHODS
from rehearsal.slack.records import BOT_USER, Json
from rehearsal.slack.room import Room
from rehearsal.slack.socket_mode import SocketMode
from rehearsal.slack.surface_methods import SURFACE_METHODS

__all__ = ["WebApi"]

METHODS = {**CHAT_METHODS, **LOOKUP_METHODS, **SURFACE_METHODS}
STRUCTURED = ("blocks", "view", "metadata", "attachments")
"""Arguments that are JSON text in a form."""


class WebApi:
    def __init__(self, room: Room, socket_mode: SocketMode) -> None:
        self._room = room
        self._socket_mode = socket_mode

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/{method}", self._call),
            web.post("/upload/v1/{id}", self._upload),
            web.get("/files/{id}", self._file),
            web.get("/files/{id}/{name}", self._file),
            web.post("/respond/{key}", self._respond),
            web.get("/link/", self._socket_mode.connect),
        ]

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        faults = self._room.faults
        if faults.outage:
            return web.Response(status=503, text="upstream connect error")
        if faults.delay_seconds:
            await asyncio.sleep(faults.delay_seconds)
        arguments = await _arguments(request)
        failure = faults.next_failure(method)
        if failure is None:
            return self._answer(request, method, arguments)
        if failure.done_first:
            self._answer(request, method, arguments)
            return _lose(request)
        return self._failed(method, arguments, failure)

    def _answer(self, request: web.Request, method: str, arguments: Json) -> web.Response:
        token = _token(request, arguments)
        wait = (
            self._room.rates.seconds_to_wait(method, arguments) if self._room.faults.enforce_rates else None
        )
        if wait is not None:
            return self._failed(method, arguments, Failure("ratelimited", retry_after=wait))
        try:
            result = {"ok": True, **self._perform(method, token, arguments, request.host)}
        except ApiError as error:
            result = error.to_json()
        self._record(method, arguments, result)
        scopes = self._room.workspace.settings.manifest.scopes
        return web.json_response(result, headers={"x-oauth-scopes": ",".join(scopes or ())})

    def _perform(self, method: str, token: str | None, arguments: Json, host: str) -> Json:
        settings = self._room.workspace.settings
        if token is None:
            raise ApiError("not_authed")
        if token not in (settings.bot_token, settings.app_token):
            raise ApiError("invalid_auth")
        if method == "apps.connections.open":
            if token != settings.app_token:
                raise ApiError("not_allowed_token_type")
            return {"url": self._socket_mode.new_url(host)}
        if method not in METHODS:
            raise ApiError("unknown_method", req_method=method)
        if token != settings.bot_token:
            raise ApiError("not_allowed_token_type")
        perform, scope = METHODS[method]
        granted = settings.manifest.scopes
        if scope and granted is not None and scope not in granted:
            raise ApiError("missing_scope", needed=scope, provided=",".join(granted))
        return perform(self._room, arguments)

    def _failed(self, method: str, arguments: Json, failure: Failure) -> web.Response:
        result: Json = {"ok": False, "error": failure.error}
        self._record(method, arguments, result)
        if failure.error == "ratelimited":
            return web.json_response(result, status=429, headers={"Retry-After": str(failure.retry_after)})
        return web.json_response(result)

    def _record(self, method: str, arguments: Json, result: Json) -> None:
        shown = {key: value for key, value in arguments.items() if key != "token"}
        self._room.journal.record(
            Call(method, self._room.workspace.clock(), shown, result["ok"], result.get("error"))
        )

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if self._room.faults.outage:
            return web.Response(status=503)
        upload = self._room.workspace.uploads.get(request.match_info["id"])
        if upload is None:
            return web.Response(status=404)
        # The SDK sends the bare bytes under a form's content type, so the body is never parsed.
        content = await request.read()
        if len(content) != upload.length:
            return web.Response(status=400, text="the length differs from the announced one")
        upload.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        upload = self._room.workspace.uploads.get(request.match_info["id"])
        if upload is None or upload.content is None:
            return web.Response(status=404)
        kind = mimetypes.guess_type(upload.name)[0] or ""
        # Only pictures are shown; anything else could be a page with scripts in the workspace's own origin.
        shown = kind if kind in ("image/png", "image/jpeg", "image/gif") else "application/octet-stream"
        return web.Response(
            body=upload.content, content_type=shown, headers={"X-Content-Type-Options": "nosniff"}
        )

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if self._room.faults.outage:
            return web.Response(status=503)
        arguments = await _arguments(request)
        try:
            response = self._room.tickets.respond(request.match_info["key"])
        except ApiError as error:
            self._record("response_url", arguments, error.to_json())
            return web.json_response(error.to_json(), status=404)
        try:
            self._use_response(response.channel, response.user, response.ts, arguments)
        except ApiError as error:
            self._record("response_url", arguments, error.to_json())
            return web.json_response(error.to_json(), status=400)
        self._record("response_url", arguments, {"ok": True})
        return web.Response(text="ok")

    def _use_response(self, channel: str, user: str, ts: str | None, arguments: Json) -> None:
        workspace = self._room.workspace
        original = workspace.messages[channel].get(ts or "")
        if arguments.get("delete_original") and original:
            workspace.remove(original)
            return
        text, blocks = content_of(arguments, LONGEST_POST)
        if arguments.get("replace_original") and original:
            workspace.edit(original, text, blocks)
            self._room.journal.updates += 1
            return
        public = arguments.get("response_type") == "in_channel"
        workspace.post(
            channel,
            BOT_USER,
            text,
            blocks,
            thread_ts=arguments.get("thread_ts"),
            visible_to=None if public else user,
        )
        self._room.journal.messages += 1


async def _arguments(request: web.Request) -> Json:
    """Of a form, a JSON body or the query, alike."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        with contextlib.suppress(ValueError):
            given: Any = await request.json()
            arguments |= given if isinstance(given, dict) else {}
        return arguments
    for key, value in (await request.post()).items():
        arguments[key] = value
        if key in STRUCTURED and isinstance(value, str):
            # What is not JSON stays text, for the method to refuse in its own words.
            with contextlib.suppress(ValueError):
                arguments[key] = json.loads(value)
    return arguments


def _token(request: web.Request, arguments: Json) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" and token else arguments.get("token")


def _lose(request: web.Request) -> web.StreamResponse:
    """Cut the connection before the answer; what is returned then goes nowhere."""
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.abort()
    return web.Response()
