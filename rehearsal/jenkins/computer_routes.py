"""``/computer/...``: nodes."""

from __future__ import annotations

import json
from http import HTTPStatus

from rehearsal.jenkins import documents
from rehearsal.jenkins.computer_beans import ComputerBeans
from rehearsal.jenkins.computers import Computer
from rehearsal.jenkins.context import Context
from rehearsal.jenkins.documents import Element, ParseError, child
from rehearsal.jenkins.web import Response, empty

__all__ = ["answer"]


def answer(context: Context, segments: tuple[str, ...]) -> Response:
    match segments[1:]:
        case ():
            names = "".join(f"<li>{one.display_name}</li>" for one in context.controller.computers.all())
            return context.page("Nodes", f"<h1>Nodes</h1><ul>{names}</ul>")
        case ("api", "json"):
            return context.api(ComputerBeans(context.controller, context.beans).set())
        case ("doCreateItem",):
            return context.post_only() or _create(context)
        case (name, *rest):
            computer = context.controller.computers.find(name)
            return context.not_found() if computer is None else _computer(context, computer, tuple(rest))
    return context.not_found()


def _computer(context: Context, computer: Computer, rest: tuple[str, ...]) -> Response:
    computers = context.controller.computers
    match rest:
        case ():
            return context.page(computer.display_name, f"<h1>{computer.display_name}</h1>")
        case ("api", "json"):
            return context.api(ComputerBeans(context.controller, context.beans).computer(computer))
        case ("toggleOffline",):
            return context.post_only() or _toggle(context, computer)
        case ("doDelete",) if computer.name:
            refused = context.post_only()
            if refused is None:
                computers.remove(computer.name)
            return refused or context.redirect("computer/")
        case ("config.xml",) if computer.name and context.request.method == "POST":
            try:
                computers.put(computer.name, context.request.body.decode())
            except ParseError as error:
                return context.broken(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
            return empty()
        case ("config.xml",) if computer.name:
            return Response(
                HTTPStatus.OK, computers.xml(computer.name).encode(), {"Content-Type": "application/xml"}
            )
    return context.not_found()


def _toggle(context: Context, computer: Computer) -> Response:
    message = context.request.value("offlineMessage") or ""
    computer.offline_message = message if computer.offline_message is None else None
    context.controller.changed.notify_all()
    return context.redirect(f"computer/{context.quoted(computer.name or '(built-in)')}/")


def _create(context: Context) -> Response:
    try:
        form = json.loads(context.request.value("json") or "")
    except ValueError:
        return context.jetty_error(HTTPStatus.BAD_REQUEST, "Nothing is submitted")
    name = context.request.value("name") or form.get("name") or ""
    if not name or context.controller.computers.find(name) is not None:
        return context.failure(HTTPStatus.BAD_REQUEST, f"Agent called ‘{name}’ already exists")
    context.controller.computers.put(name, documents.render(_node(name, form)))
    context.controller.changed.notify_all()
    return context.redirect("computer/")


def _node(name: str, form: dict[str, object]) -> Element:
    launcher = form.get("launcher")
    launcher_class = launcher.get("stapler-class") if isinstance(launcher, dict) else None
    root = Element("slave")
    child(root, "name", name)
    child(root, "description", str(form.get("nodeDescription", "")))
    child(root, "remoteFS", str(form.get("remoteFS", "")))
    child(root, "numExecutors", str(form.get("numExecutors", "1")))
    child(root, "mode", str(form.get("mode", "NORMAL")))
    child(root, "retentionStrategy", **{"class": "hudson.slaves.RetentionStrategy$Always"})
    child(root, "launcher", **{"class": str(launcher_class or "hudson.slaves.JNLPLauncher")})
    child(root, "label", str(form.get("labelString", "")))
    child(root, "nodeProperties")
    return root
