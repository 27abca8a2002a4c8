"""A certificate authority for one test, and servers with TLS that trust only its clients."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

__all__ = ["Authority", "Pair", "serve_tls"]


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class Authority:
    """Signs what it is asked to; ``file`` is its own certificate."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA()
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(self.file)

    def issue(self, name: str, passphrase: bytes | None = None) -> Pair:
        """A certificate for 127.0.0.1, usable at both ends."""
        issued = self._authority.issue_cert("127.0.0.1", common_name=name)
        pair = Pair(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(pair.certificate)
        key = issued.private_key_pem.bytes()
        if passphrase:
            key = load_pem_private_key(key, None).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase)
            )
        pair.key.write_bytes(key)
        return pair


@contextlib.contextmanager
def serve_tls(pair: Pair, clients: Path | None = None) -> Iterator[str]:
    """The address of a server whose login page is a Jenkins'. ``clients``: the authority whose certificates its clients must show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            # Here, and not when listening: a client that gives up must not end the server.
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            # The server itself only closes the socket that this one took the place of.
            self.request.close()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("X-Jenkins", "2.426.2")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the console."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Refused handshakes are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
