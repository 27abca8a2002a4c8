"""Everything at the root: dashboard, API, plug-ins, users, quiet-down, exit, agents' first contact, script console."""

from __future__ import annotations

import threading
from http import HTTPStatus

from rehearsal.jenkins import pages
from rehearsal.jenkins.agent_listener import ADVERTISED_PORT, MINIMUM_REMOTING, OFF, PROTOCOLS
from rehearsal.jenkins.context import Context
from rehearsal.jenkins.documents import ParseError
from rehearsal.jenkins.export import ALWAYS, Bean, Property, constants
from rehearsal.jenkins.item_routes import create
from rehearsal.jenkins.plugins import Plugin
from rehearsal.jenkins.release import HEALTH_PAGE, LARGE_FORMS, at_least
from rehearsal.jenkins.scripts import console
from rehearsal.jenkins.users import User
from rehearsal.jenkins.web import Response, empty, text_answer

__all__ = ["answer", "public", "script_text"]

_FORM_BYTES = 200_000
"""What Jetty takes as a form unless it is told otherwise."""

_REMOTING = "3148.v532a_7e715ee3"


def public(context: Context) -> Response | None:
    """Paths that need no credentials, None for all others."""
    controller, request = context.controller, context.request
    match request.segments:
        case ("login",):
            context.sessions.start(context.caller)
            return pages.login(controller, request.value("from") or "")
        case ("loginError",):
            context.sessions.start(context.caller)
            answer = pages.login(controller, "")
            answer.status = HTTPStatus.UNAUTHORIZED
            return answer
        case ("logout",):
            context.sessions.log_out(context.caller)
            answer = context.redirect("")
            answer.cookies.append("remember-me=; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0")
            return answer
        case ("whoAmI", "api", "json"):
            return context.api(_who_am_i(context))
        case ("tcpSlaveAgentListener",):
            return _agent_listener(context)
        case ("wsagents",):
            return context.jetty_error(
                HTTPStatus.BAD_REQUEST, "This endpoint is only for use from agent.jar in WebSocket mode"
            )
        case ("health",) if at_least(controller.version, HEALTH_PAGE):
            return context.json({"status": True})
        case _:
            return None


def answer(context: Context, segments: tuple[str, ...]) -> Response:
    controller = context.controller
    match segments:
        case () if not controller.setup_complete:
            return context.page("Setup Wizard", "<h1>Getting Started</h1>")
        case ():
            return context.page("Dashboard", pages.dashboard(controller, controller.root, "Dashboard"))
        case ("api", "json"):
            return context.api(context.beans.root())
        case ("crumbIssuer", "api", "json"):
            crumb = context.sessions.crumb(context.caller)
            return context.api(
                _bean(
                    "hudson.security.csrf.DefaultCrumbIssuer", crumb=crumb, crumbRequestField="Jenkins-Crumb"
                )
            )
        case ("pluginManager", "api", "json"):
            return context.api(
                Bean(
                    "hudson.LocalPluginManager",
                    (Property("plugins", lambda: [_plugin(one) for one in controller.plugins.loaded]),),
                )
            )
        case ("me", "api", "json") if context.caller.user is not None:
            return context.api(_user(context, context.caller.user))
        case ("user", name, "api", "json"):
            user = controller.users.find(name)
            return context.not_found() if user is None else context.api(_user(context, user))
        case ("createItem",):
            return context.post_only() or create(context, controller.root)
        case ("createView",):
            return context.post_only() or _create_view(context)
        case (
            "quietDown"
            | "cancelQuietDown"
            | "reload"
            | "exit"
            | "safeExit"
            | "restart"
            | "safeRestart" as verb,
        ):
            return _administer(context, verb)
        case _:
            return context.not_found()


def script_text(context: Context) -> Response:
    refused = context.post_only()
    if refused is not None:
        return refused
    if len(context.request.body) > _FORM_BYTES and not at_least(context.controller.version, LARGE_FORMS):
        return context.jetty_error(HTTPStatus.BAD_REQUEST, "Unable to parse form content")
    script = context.request.value("script")
    if script is None:
        return context.jetty_error(HTTPStatus.BAD_REQUEST, "script parameter is required")
    return text_answer(console.run(context.controller, context.secrets, context.caller.name, script))


def _administer(context: Context, verb: str) -> Response:
    controller = context.controller
    if context.request.method != "POST":
        title = {"safeRestart": "Safe restart", "safeExit": "Safe exit"}.get(verb, verb)
        return context.page(title, f'<form method="post"><button>{title}</button></form>')
    if verb == "quietDown":
        controller.quieting_down = True
        controller.quiet_down_reason = context.request.value("message") or None
    elif verb == "cancelQuietDown":
        controller.quieting_down = False
        controller.quiet_down_reason = None
    elif verb == "reload":
        controller.reloading = True
        threading.Thread(target=controller.reload, daemon=True).start()
    else:
        _leave(context, verb)
    controller.changed.notify_all()
    return context.redirect("")


def _leave(context: Context, verb: str) -> None:
    controller = context.controller
    restart = verb.lower().endswith("restart")
    if not verb.startswith("safe"):
        context.request_exit(restart)
        return
    controller.quieting_down = True

    def leave_when_idle() -> None:
        # Safe: freestyle builds run to their end first; pipelines go on after the next start.
        with controller.lock:
            while any(not one.build.pipeline for one in controller.executing.values()):
                controller.changed.wait(1)
        context.request_exit(restart)

    threading.Thread(target=leave_when_idle, daemon=True).start()


def _create_view(context: Context) -> Response:
    name = context.request.value("name") or ""
    try:
        context.controller.settings.put_view(name, context.request.body.decode())
    except ParseError as error:
        return context.broken(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    context.controller.settings.save(context.controller.version)
    return empty()


def _agent_listener(context: Context) -> Response:
    controller = context.controller
    if controller.agent_listener.port == OFF:
        return context.not_found()
    shown = controller.options.properties.get(ADVERTISED_PORT) or str(controller.agent_listener.port)
    headers = {
        "X-Hudson-JNLP-Port": shown,
        "X-Jenkins-JNLP-Port": shown,
        "X-Jenkins-Agent-Protocols": PROTOCOLS,
        "X-Remoting-Minimum-Version": MINIMUM_REMOTING,
    }
    return text_answer("\n\n  Jenkins\n", headers)


def _who_am_i(context: Context) -> Bean:
    known = context.caller.user is not None
    return _bean(
        "hudson.security.WhoAmI",
        anonymous=not known,
        authenticated=True,
        authorities=["authenticated"] if known else ["ROLE_ANONYMOUS"],
        name=context.caller.name,
    )


def _user(context: Context, user: User) -> Bean:
    url = f"{context.controller.settings.root_url or context.own_url}user/{context.quoted(user.id)}"
    return _bean(
        "hudson.model.User",
        absoluteUrl=url,
        description=None,
        fullName=user.full_name,
        id=user.id,
        property=[],
    )


def _plugin(plugin: Plugin) -> Bean:
    dependencies = [
        _bean(None, optional=one.optional, shortName=one.name, version=one.version)
        for one in plugin.dependencies
    ]
    fields: dict[str, object] = {
        "active": plugin.enabled,
        "backupVersion": None,
        "bundled": False,
        "deleted": False,
        "dependencies": dependencies,
        "detached": False,
        "downgradable": False,
        "enabled": plugin.enabled,
        "hasUpdate": False,
        "longName": plugin.long_name,
        "pinned": False,
        "requiredCoreVersion": plugin.required_core,
        "shortName": plugin.name,
        "supportsDynamicLoad": "MAYBE",
        "url": plugin.url,
        "version": plugin.version,
    }
    return Bean(None, constants(1, fields))


def _bean(java_class: str | None, **fields: object) -> Bean:
    return Bean(java_class, constants(ALWAYS, fields))
