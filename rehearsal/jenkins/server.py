"""The listening socket: HTTP/1.1 with keep-alive, a thread a connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rehearsal.jenkins.web import SERVER, Request, Response

__all__ = ["make_server"]

_BODILESS = (204, 304)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True


def make_server(
    address: str, port: int, prefix: str, answer: Callable[[Request], Response]
) -> ThreadingHTTPServer:
    """A server that is bound and waits for ``serve_forever``.

    :raises OSError: when the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 300

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def version_string(self) -> str:
            return SERVER

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not logged; a real one does not either."""

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else self._read_chunks()
            if not self.path.startswith(prefix or "/"):
                self._send(Response(404), with_body=True, allow_gzip=False)
                return
            request = Request.of(self.command, self.path, self.headers, body, prefix)
            self._send(answer(request), with_body=self.command != "HEAD", allow_gzip=request.takes_gzip)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _handle  # noqa: N815  named by the HTTP verb

        def _read_chunks(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return b""
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _send(self, response: Response, *, with_body: bool, allow_gzip: bool) -> None:
            response = response.encoded(allow_gzip)
            self.send_response(response.status)
            self.send_header("X-Content-Type-Options", "nosniff")
            for name, value in response.headers.items():
                self.send_header(name, value)
            for cookie in response.cookies:
                self.send_header("Set-Cookie", cookie)
            body = response.body if with_body else b""
            if response.chunked and self.request_version == "HTTP/1.1" and with_body:
                self.send_header("Transfer-Encoding", "chunked")
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
            elif response.status not in _BODILESS:
                self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(body)

    server = _Server((address, port), Handler)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server
