"""As much of an engine as running a program takes, with the bytes on the wire in the test's hand."""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adapters.environments.docker.engine import Engine
from bot.settings.environments import DockerEngineConfig

__all__ = ["NOT_UPGRADED", "STDERR", "STDOUT", "fake_engine", "piece"]

STDOUT, STDERR = 1, 2
UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
    b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)
NOT_UPGRADED = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"


def piece(stream: int, data: bytes) -> bytes:
    """As the engine sends a piece of output."""
    return struct.pack(">BxxxL", stream, len(data)) + data


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, head: bytes, outputs: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.head = head
        self.outputs = list(outputs)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while request := self.rfile.readline().decode().split():
            headers = dict(iter(self._header, ("", "")))
            self.rfile.read(int(headers.get("content-length", 0)))
            if request[1].endswith("/start"):
                # Headers and output in one segment, as they come from a proxy, through SSH, or to a thread that was held up.
                self.wfile.write(self.server.head + self.server.outputs.pop(0))
                return
            body = json.dumps(self._answer(request[1])).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

    def _header(self) -> tuple[str, str]:
        name, _, value = self.rfile.readline().decode().strip().partition(":")
        return name.lower(), value.strip()

    def _answer(self, path: str) -> dict[str, object]:
        if path.endswith("/version"):
            return {"ApiVersion": "1.41"}
        return {"ExitCode": 0} if path.endswith("/json") else {"Id": "e1"}


@contextmanager
def fake_engine(*outputs: bytes, head: bytes = UPGRADED) -> Iterator[Engine]:
    """Every program ends well; the first that is run sends the first of ``outputs``, and so on."""
    with _Server(head, outputs) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Engine(DockerEngineConfig(url=f"tcp://127.0.0.1:{server.server_address[1]}"))
        finally:
            server.shutdown()
