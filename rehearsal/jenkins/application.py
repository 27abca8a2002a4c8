"""The filters before every page: boot state, credentials, crumbs, permission; then the route."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from rehearsal.jenkins import computer_routes, item_routes, pages, queue_routes, root_routes
from rehearsal.jenkins.context import Context
from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.secret_files import SecretFiles
from rehearsal.jenkins.sessions import BadCredentials, Caller, Sessions
from rehearsal.jenkins.web import Request, Response, jetty_error, json_answer, redirect

__all__ = ["Application"]

_NEEDS_CRUMB = ("POST", "PUT", "DELETE")


class Application:
    """Answers the requests of one controller."""

    def __init__(self, controller: Controller, request_exit: Callable[[bool], None]) -> None:
        """``request_exit(restart)`` ends the process gracefully; it may return before that."""
        self._controller = controller
        self._request_exit = request_exit
        self.secrets = SecretFiles(controller.home)
        self.secrets.create_core()
        self._sessions = Sessions(controller.cookie_name, self.secrets)

    def answer(self, request: Request) -> Response:
        controller = self._controller
        if not controller.ready or controller.reloading:
            return pages.starting()
        if request.path == "/rehearsal/executions":
            with controller.lock:
                return json_answer(list(controller.executions), controller.version, controller.boot_id)
        try:
            caller = self._sessions.caller(request, controller.users)
        except BadCredentials:
            answer = jetty_error(HTTPStatus.UNAUTHORIZED, "Unauthorized", request.path)
            answer.headers["WWW-Authenticate"] = 'Basic realm="Jenkins"'
            answer.cookies.append("remember-me=; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0")
            return answer
        answer = self._filtered(request, caller)
        if caller.new_session:
            # The servlet container adds this wherever it sets a cookie.
            answer.headers.setdefault("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
            answer.cookies.append(self._sessions.session_cookie(caller))
        return answer

    def _filtered(self, request: Request, caller: Caller) -> Response:
        controller = self._controller
        context = Context(controller, request, caller, self._sessions, self.secrets, self._request_exit)
        if request.path == "/j_spring_security_check" and request.method == "POST":
            return self._log_in(context)
        crumb_needed = (
            request.method in _NEEDS_CRUMB and not caller.by_token and controller.settings.use_crumbs
        )
        if crumb_needed and not self._sessions.has_crumb(request, caller):
            return jetty_error(
                HTTPStatus.FORBIDDEN, "No valid crumb was included in the request", request.path
            )
        public = root_routes.public(context)
        if public is not None:
            return public
        if caller.user is None and not (
            controller.settings.anonymous_may_read and request.method in ("GET", "HEAD")
        ):
            self._sessions.start(caller)
            return pages.forbidden(controller, request.path)
        with controller.lock:
            controller.look_at_builds()
        if request.segments and request.segments[0] == "scriptText":
            return root_routes.script_text(context)  # Takes the lock itself, per script.
        with controller.lock:
            return _route(context)

    def _log_in(self, context: Context) -> Response:
        request, controller = context.request, self._controller
        user = controller.users.find(request.value("j_username") or "")
        came_from = request.value("from") or "/"
        if user is None or not controller.users.has_password(user.id, request.value("j_password") or ""):
            return redirect(context.url_of("loginError"))
        caller = self._sessions.log_in(user)
        safe = came_from if came_from.startswith("/") and not came_from.startswith("//") else "/"
        answer = redirect(
            context.url_of(quote(safe.removeprefix(controller.options.prefix).lstrip("/"), safe="/?=&%"))
        )
        answer.cookies.append(self._sessions.session_cookie(caller))
        if request.value("remember_me") is not None:
            answer.cookies.append(self._sessions.remember_me_cookie(user))
        return answer


def _route(context: Context) -> Response:
    segments = context.request.segments
    if segments[-2:] == ("api", "python"):
        # The same object, written as a literal of Python (see Context.api).
        segments = (*segments[:-1], "json")
    if segments:
        routes: dict[str, Callable[[Context, tuple[str, ...]], Response]] = {
            "job": item_routes.answer,
            "view": item_routes.answer,
            "queue": queue_routes.answer,
            "computer": computer_routes.answer,
        }
        route = routes.get(segments[0])
        if route is not None:
            return route(context, segments)
    return root_routes.answer(context, segments)
