"""A small Slack Web API that counts its calls, for tests of what the bot sends. It knows what the bot uses and no more."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["Answer", "Call", "WebApi", "running_web_api"]

BOT_TOKEN, APP_TOKEN = "xoxb-test", "xapp-test"


@dataclass(frozen=True)
class Call:
    method: str
    """``chat.update``, or ``respond`` for a response URL."""
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the next call of a method gets instead of success. ``status`` 0 cuts the connection."""

    error: str = ""
    status: int = 200
    retry_after: str | None = None
    done_first: bool = False
    """The call takes effect and only its answer is lost."""


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class WebApi:
    """What the server knows; tests look at it and change it."""

    address: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    """Method → what its next calls get."""
    refused: dict[str, str] = field(default_factory=dict)
    """Text → the error that a message which says just that gets each time."""
    outage: bool = False
    answering: threading.Event = field(default_factory=_set)
    """Cleared, every call waits."""
    uploads: dict[str, bytes] = field(default_factory=dict)
    upload_address: str = ""
    """Where files are to be sent; empty: here."""
    names: dict[str, str] = field(default_factory=dict)
    """File id → its name."""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """ts → the arguments last shown."""
    shared: list[dict[str, Any]] = field(default_factory=list)
    """Messages that show an uploaded file: their ``files`` and ``thread_ts``."""
    called: threading.Condition = field(default_factory=threading.Condition)

    @property
    def api_url(self) -> str:
        return f"{self.address}/api/"

    def fail(self, method: str, *answers: Answer) -> None:
        self.answers.setdefault(method, []).extend(answers)

    def of(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every call of a method."""
        return [call.arguments for call in self.calls if call.method == method]

    def wait_for(self, method: str, count: int = 1, seconds: float = 60) -> list[dict[str, Any]]:
        """Its arguments, once it was called that often."""
        with self.called:
            assert self.called.wait_for(lambda: len(self.of(method)) >= count, seconds), self.calls
        return self.of(method)

    def take(self, method: str, token: str, arguments: dict[str, Any]) -> tuple[Answer, dict[str, Any]]:
        with self.called:
            self.calls.append(Call(method, arguments))
            scripted = self.answers.get(method)
            answer = scripted.pop(0) if scripted else Answer()
            result = {} if answer.error or answer.status != 200 else self._perform(method, token, arguments)
            self.called.notify_all()
        return answer, result

    def _perform(self, method: str, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN) and method != "respond":
            return {"ok": False, "error": "invalid_auth"}
        if method == "chat.postMessage" and arguments["text"] in self.refused:
            return {"ok": False, "error": self.refused[arguments["text"]]}
        if method == "chat.postMessage":
            ts = f"1764000000.{len(self.messages) + 1:06d}"
            self.messages[ts] = arguments
            return {"channel": arguments["channel"], "ts": ts}
        if method == "chat.update":
            if arguments["ts"] not in self.messages:
                return {"ok": False, "error": "message_not_found"}
            self.messages[arguments["ts"]] = arguments
        if method == "files.getUploadURLExternal":
            id = f"F{len(self.uploads) + 1}"
            self.uploads[id] = b""
            self.names[id] = arguments["filename"]
            return {"upload_url": f"{self.upload_address or self.address}/upload/{id}", "file_id": id}
        if method == "files.completeUploadExternal":
            files = json.loads(arguments["files"])
            named = [{**file, "name": self.names[file["id"]]} for file in files]
            self.shared.append({"files": named, "thread_ts": arguments.get("thread_ts")})
            return {"files": files}
        if method == "conversations.history":
            return {"messages": self._read(None)}
        if method == "conversations.replies":
            return {"messages": self._read(arguments["ts"])}
        if method in ("views.open", "views.update", "views.publish"):
            return {"view": {"id": arguments.get("view_id", "V1"), "hash": "1.a"}}
        return {}

    def _read(self, thread_ts: str | None) -> list[dict[str, Any]]:
        """The messages of a thread, or those of the channel itself."""
        posted = [{"ts": ts, **message} for ts, message in self.messages.items()]
        return [each for each in (*posted, *self.shared) if each.get("thread_ts") == thread_ts]


@contextmanager
def running_web_api() -> Iterator[WebApi]:
    api = WebApi()

    class Handler(_Handler):
        state = api

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.answering.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: WebApi

    def do_GET(self) -> None:
        """The SDK reads with GET."""
        path, _, query = self.path.partition("?")
        if self.state.outage:
            self._send(503, b"<html>upstream connect error</html>", {})
        else:
            self._call(path.removeprefix("/api/"), query.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, kind, name = self.path.partition("?")[0].split("/", 2)
        if self.state.outage:
            self._send(503, b"<html>upstream connect error</html>", {})
        elif kind == "upload":
            self.state.uploads[name] = body
            self._send(200, b"OK", {})
        else:
            self._call(name if kind == "api" else "respond", body)

    def _call(self, method: str, body: bytes) -> None:
        text = body.decode()
        arguments = json.loads(text) if text.startswith("{") else dict(parse_qsl(text))
        self.state.answering.wait()
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        answer, result = self.state.take(method, token, arguments)
        if answer.status == 0 or answer.done_first:
            self.close_connection = True
            return
        failed = {"ok": False, "error": answer.error} if answer.error else {}
        headers = {"Retry-After": answer.retry_after} if answer.retry_after is not None else {}
        self._send(answer.status, json.dumps({"ok": True, **result, **failed}).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
