"""Slack's requests over HTTP: a small threaded server in front of Bolt, which verifies their signatures."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse

__all__ = ["PATH", "HttpServer"]

log = logging.getLogger(__name__)

PATH = "/slack/events"
"""Path of the request URLs in the app's settings, for commands, interactivity and events alike."""
LONGEST_BODY = 1_000_000
"""Bytes. Slack's own payloads are far smaller; nothing of a stranger's is read beyond this before its signature is known."""
READ_SECONDS = 10.0


class HttpServer:
    """TLS is the business of the proxy in front of it."""

    def __init__(self, app: App, port: int) -> None:
        """Listens on every address, since Slack reaches it from outside; port 0 takes a free one."""

        class Handler(_Handler):
            bolt = app

        self._server = ThreadingHTTPServer(("", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="slack-http", daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    bolt: App
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS

    def do_POST(self) -> None:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "")
        if path != PATH:
            self._refuse(404)
        elif not length.isascii() or not length.isdigit():
            self._refuse(411)
        elif int(length) > LONGEST_BODY:
            self._refuse(413)
        else:
            self._take(self.rfile.read(int(length)), query)

    def _take(self, body: bytes, query: str) -> None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            self._refuse(400)
            return
        headers: dict[str, str | Sequence[str]] = {
            name: values for name in self.headers if (values := self.headers.get_all(name))
        }
        response = self.bolt.dispatch(BoltRequest(body=text, query=query, headers=headers))
        self._send(response)

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(BoltResponse(status=status))

    def _send(self, response: BoltResponse) -> None:
        text: Any = response.body
        body = (text if isinstance(text, str) else json.dumps(text)).encode()
        self.send_response(response.status)
        for name, values in response.headers.items():
            for value in values:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # the name is the base class's
        log.debug("%s " + format, self.address_string(), *args)
