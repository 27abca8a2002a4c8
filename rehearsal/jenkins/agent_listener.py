"""The TCP port for inbound agents: it says who listens, answers a ping, and knows no protocol by which an agent could stay."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Mapping

__all__ = ["ADVERTISED_PORT", "MINIMUM_REMOTING", "OFF", "PROTOCOLS", "AgentListener", "enforced_port"]

OFF = -1
INITIAL_PORT = "jenkins.model.Jenkins.slaveAgentPort"
"""System property: where a new home begins. What ``config.xml`` says counts more, unless it is enforced."""
ENFORCE = "jenkins.model.Jenkins.slaveAgentPortEnforce"
ADVERTISED_PORT = "hudson.TcpSlaveAgentListener.port"
"""System property: the port that agents are told instead of the one that is listened at."""
MINIMUM_REMOTING = "4.13"
PROTOCOLS = "JNLP4-connect, Ping"
_GREETING = """\
HTTP/1.0 200 OK
Content-Type: text/plain;charset=UTF-8
X-Content-Type-Options: nosniff

Jenkins-Agent-Protocols: {protocols}
Jenkins-Version: {version}
Jenkins-Session: {boot_id}
Client: {client}
Server: {server}
Remoting-Minimum-Version: {remoting}
"""
_PEEKED = 10
"""Bytes by which a browser is told from an agent."""
_SILENCE_SECONDS = 300


class AgentListener:
    """Opened and closed while the controller runs; connections that are open live on when it closes."""

    def __init__(self, version: str, boot_id: str) -> None:
        """Both are shown to whoever asks."""
        self._identity = {"version": version, "boot_id": boot_id}
        self._server: socketserver.ThreadingTCPServer | None = None
        self._configured = OFF

    @property
    def port(self) -> int:
        """Where it listens, OFF when nowhere."""
        return OFF if self._server is None else int(self._server.server_address[1])

    def configure(self, port: int) -> str | None:
        """Listen there instead of where it did; the same port again tries again what failed. Returns why it could not, as a log line."""
        if self._server is not None and port != self._configured:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self._configured = port
        if port != OFF and self._server is None:
            try:
                self._server = _Server(("0.0.0.0", port), _handler(self._identity))  # noqa: S104  as a real one does
            except OSError:
                return f"Failed to listen to incoming agent connections through port {port}. Change the port number"
            threading.Thread(
                target=self._server.serve_forever,
                kwargs={"poll_interval": 0.05},
                name=f"TCP agent listener port={port}",
                daemon=True,
            ).start()
        return None


def enforced_port(properties: Mapping[str, str]) -> int | None:
    """The port that no configuration changes; None when it may be set."""
    initial = properties.get(INITIAL_PORT)
    return int(initial) if initial is not None and properties.get(ENFORCE) == "true" else None


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


def _handler(identity: Mapping[str, str]) -> Callable[..., socketserver.BaseRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = _SILENCE_SECONDS

        def handle(self) -> None:
            try:
                self.wfile.write(self._answer(self.rfile.read(_PEEKED)))
            except OSError:
                return

        def _answer(self, head: bytes) -> bytes:
            if len(head) < _PEEKED:
                return b""
            if head.startswith(b"GET / "):
                text = _GREETING.format(
                    protocols=PROTOCOLS,
                    remoting=MINIMUM_REMOTING,
                    client=self.client_address[0],
                    server=self.request.getsockname()[0],
                    **identity,
                )
                return text.replace("\n", "\r\n").encode()
            if head.startswith(b"GET "):
                return b"HTTP/1.0 404 Not Found\nContent-Type: text/plain;charset=UTF-8\n\nNot Found\n"
            # Java's writeUTF: two bytes of length, then the text.
            said = head[2:] + self.rfile.read(max(0, int.from_bytes(head[:2]) - (_PEEKED - 2)))
            name = said.decode(errors="replace").removeprefix("Protocol:")
            return b"Ping\n" if name == "Ping" else f"Unknown protocol:{name}\n".encode()

    return Handler
