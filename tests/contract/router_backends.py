"""Tiny instances for routers to route to: each answer says which instance gave it."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import socketserver
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.free_ports import free_port

__all__ = ["Backend", "free_port"]

RELEASE_SECONDS = 60.0


class _Connections(socketserver.ThreadingMixIn):
    """Remembers open connections, so that a stop ends them as a killed process would."""

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)  # type: ignore[misc] # the mix-in stands before a server

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was cut is what these tests are about."""

    def end_connections(self) -> None:
        for connection in tuple(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _HttpServer(_Connections, ThreadingHTTPServer):
    request_queue_size = 128
    backend: Backend


class _AgentServer(_Connections, socketserver.TCPServer):
    allow_reuse_address = True
    backend: Backend


class Backend:
    """An HTTP and an agent port.

    ``/slow?seconds=`` answers late, ``/held`` after `release`, ``/stream`` sends its second half then, ``/status?code=`` answers
    that status, everything else (``POST`` included) answers at once with what it got. An ``Upgrade`` is taken and echoed.
    """

    def __init__(self, name: str, path: str = "") -> None:
        self.name = name
        self.port = free_port()
        self.agent_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.login_status = 200
        self.login_seconds = 0.0
        self.logins = 0
        self.bodies: list[bytes] = []
        """Bodies of every POST that arrived."""
        self.release = threading.Event()
        self.held: list[str] = []
        """The method of each request that came to ``/held``."""
        self._servers: list[_HttpServer | _AgentServer] = []

    def start(self) -> None:
        http = _HttpServer(("127.0.0.1", self.port), _Handler)
        agents = _AgentServer(("127.0.0.1", self.agent_port), _Echo)
        self._servers = [http, agents]
        for server in self._servers:
            server.backend = self
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on and end the open ones."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
            server.end_connections()
        self._servers = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise its delay is what the tests measure
    server: _HttpServer

    def do_GET(self) -> None:
        backend = self.server.backend
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if self.headers.get("Upgrade"):
            self._upgrade()
        elif url.path.endswith("/login"):
            backend.logins += 1
            time.sleep(backend.login_seconds)
            self._answer(backend.login_status)
        elif url.path.endswith("/slow"):
            time.sleep(float(query["seconds"]))
            self._answer(200)
        elif url.path.endswith("/held"):
            backend.held.append(self.command)
            backend.release.wait(RELEASE_SECONDS)
            self._answer(200)
        elif url.path.endswith("/stream"):
            self._stream()
        elif url.path.endswith("/status"):
            self._answer(int(query["code"]))
        else:
            self._answer(200)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.backend.bodies.append(body)
        self.do_GET()

    def _answer(self, status: int) -> None:
        seen = {key.lower(): value for key, value in self.headers.items()}
        body = json.dumps({"side": self.server.backend.name, "path": self.path, "headers": seen}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"half")
        if self.server.backend.release.wait(RELEASE_SECONDS):
            self.wfile.write(b"half")

    def _upgrade(self) -> None:
        self.send_response(101)
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.send_header("Connection", "Upgrade")
        key = (
            self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        )  # RFC 6455, section 4.2.2
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).digest()
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.end_headers()
        self.close_connection = True
        _echo(self.connection, self.server.backend.name)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


class _Echo(socketserver.BaseRequestHandler):
    server: _AgentServer

    def handle(self) -> None:
        _echo(self.request, self.server.backend.name)


def _echo(connection: socket.socket, name: str) -> None:
    with suppress(OSError):
        while data := connection.recv(4096):
            connection.sendall(name.encode() + b":" + data)
