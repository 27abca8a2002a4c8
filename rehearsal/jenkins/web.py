"""Requests and answers: what arrives, and the headers that each kind of answer of a real Jenkins carries."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from html import escape
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Request", "Response", "empty", "jetty_error", "json_answer", "redirect", "text_answer"]

SERVER = "Jetty(10.0.18)"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """As sent, without the context path and the query."""
    query: Mapping[str, list[str]]
    headers: Message
    body: bytes

    @classmethod
    def of(cls, method: str, target: str, headers: Message, body: bytes, prefix: str) -> Request:
        parts = urlsplit(target)
        path = parts.path.removeprefix(prefix) or "/"
        return cls(method, path, parse_qs(parts.query, keep_blank_values=True), headers, body)

    @property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path, empty ones left out."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def form(self) -> Mapping[str, list[str]]:
        if "application/x-www-form-urlencoded" not in self.headers.get("Content-Type", "").lower():
            return {}
        return parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def value(self, name: str, default: str | None = None) -> str | None:
        """A parameter, from the URL or the form: servlets do not tell them apart."""
        found = self.query.get(name) or self.form.get(name)
        return found[0] if found else default

    @property
    def cookies(self) -> Mapping[str, str]:
        try:
            return {name: one.value for name, one in SimpleCookie(self.headers.get("Cookie", "")).items()}
        except CookieError:
            return {}

    @property
    def takes_gzip(self) -> bool:
        return "gzip" in self.headers.get("Accept-Encoding", "")


@dataclass
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    compress: bool = False
    chunked: bool = False

    def encoded(self, takes_gzip: bool) -> Response:
        """Compressed when both sides want it."""
        if not (self.compress and takes_gzip):
            return self
        headers = {**self.headers, "Content-Encoding": "gzip"}
        return Response(self.status, gzip.compress(self.body, 6), headers, self.cookies, chunked=self.chunked)


def json_answer(data: object, version: str, boot_id: str) -> Response:
    headers = {
        "X-Jenkins": version,
        "X-Jenkins-Session": boot_id,
        "X-Frame-Options": "deny",
        "Content-Type": "application/json;charset=utf-8",
    }
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(HTTPStatus.OK, body, headers, compress=True, chunked=True)


def text_answer(text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        HTTPStatus.OK,
        text.encode(),
        {"Content-Type": "text/plain;charset=utf-8", **(headers or {})},
        compress=True,
    )


def empty(status: int = HTTPStatus.OK) -> Response:
    return Response(status)


def redirect(location: str, status: int = HTTPStatus.FOUND) -> Response:
    return Response(status, headers={"Location": location})


def jetty_error(status: int, message: str, path: str) -> Response:
    """The servlet container's own error page."""
    title = f"{status} {escape(message)}"
    text = (
        '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
        f"<title>Error {title}</title>\n</head>\n<body><h2>HTTP ERROR {title}</h2>\n<table>\n"
        f"<tr><th>URI:</th><td>{escape(path)}</td></tr>\n<tr><th>STATUS:</th><td>{status}</td></tr>\n"
        f"<tr><th>MESSAGE:</th><td>{escape(message)}</td></tr>\n<tr><th>SERVLET:</th><td>Stapler</td></tr>\n</table>\n"
        f'<hr/><a href="https://eclipse.org/jetty">Powered by Jetty:// {SERVER[6:-1]}</a><hr/>\n\n</body>\n</html>\n'
    )
    headers = {
        "Cache-Control": "must-revalidate,no-cache,no-store",
        "Content-Type": "text/html;charset=iso-8859-1",
    }
    return Response(status, text.encode("latin-1", "xmlcharrefreplace"), headers)
