"""What a route gets: the controller, the request, who sent it, and the answers that most routes give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from rehearsal.jenkins import pages
from rehearsal.jenkins.beans import Beans
from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.export import Bean, ByDepth, parse_tree, python_literal, render
from rehearsal.jenkins.secret_files import SecretFiles
from rehearsal.jenkins.sessions import Caller, Sessions
from rehearsal.jenkins.web import Request, Response, jetty_error, json_answer, redirect

__all__ = ["Context"]


@dataclass
class Context:
    controller: Controller
    request: Request
    caller: Caller
    sessions: Sessions
    secrets: SecretFiles
    request_exit: Callable[[bool], None]

    @property
    def own_url(self) -> str:
        """The root as this client reached it, with a trailing slash: redirects go there."""
        options = self.controller.options
        headers = self.request.headers
        host = headers.get("X-Forwarded-Host") or headers.get("Host") or f"{options.address}:{options.port}"
        return f"{headers.get('X-Forwarded-Proto', 'http')}://{host}{options.prefix}/"

    @property
    def beans(self) -> Beans:
        return Beans(self.controller, self.controller.settings.root_url or self.own_url)

    def url_of(self, path: str) -> str:
        return self.own_url + path

    def redirect(self, path: str, status: int = HTTPStatus.FOUND) -> Response:
        """To a path relative to the root."""
        return redirect(self.url_of(path), status)

    def api(self, bean: Bean) -> Response:
        """``api/json`` or ``api/python`` of an object, by ``tree`` or ``depth``."""
        tree = self.request.value("tree")
        try:
            pruner = parse_tree(tree) if tree else ByDepth(1 - int(self.request.value("depth") or 0))
        except ValueError as error:
            return self.jetty_error(HTTPStatus.BAD_REQUEST, str(error))
        data = render(bean, pruner)
        answer = json_answer(data, self.controller.version, self.controller.boot_id)
        if self.request.path.rstrip("/").endswith("/api/python"):
            answer.body = python_literal(data).encode()
            answer.headers["Content-Type"] = "text/x-python;charset=utf-8"
        return answer

    def json(self, data: object) -> Response:
        return json_answer(data, self.controller.version, self.controller.boot_id)

    def page(
        self, title: str, body: str, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
    ) -> Response:
        crumb = self.sessions.crumb(self.caller)
        return pages.page(self.controller, title, body, status=status, crumb=crumb, headers=headers)

    def not_found(self) -> Response:
        answer = self.page("Not Found", "<h1>Not Found</h1>", HTTPStatus.NOT_FOUND)
        answer.headers["Expires"] = "0"
        return answer

    def failure(self, status: int, message: str) -> Response:
        """An error page in Jenkins's own frame, with the message where its clients look for it."""
        return self.page("Jenkins", f"<h1>Error</h1><p>{message}</p>", status, {"X-Error": message})

    def broken(self, status: int, message: str) -> Response:
        """The page that an exception makes: no ``X-Error``."""
        return self.page("Jenkins", f"<h1>Oops!</h1><p>{message}</p>", status)

    def jetty_error(self, status: int, message: str) -> Response:
        return jetty_error(status, message, self.request.path)

    def post_only(self) -> Response | None:
        """405 unless it is a POST."""
        if self.request.method == "POST":
            return None
        answer = self.page(
            "Method Not Allowed", "<h1>This URL requires POST</h1>", HTTPStatus.METHOD_NOT_ALLOWED
        )
        answer.headers["Allow"] = "POST"
        return answer

    def quoted(self, name: str) -> str:
        return quote(name, safe="")
