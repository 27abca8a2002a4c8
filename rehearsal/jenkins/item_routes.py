"""``/job/...`` and ``/view/...``: jobs, folders, views and builds."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from rehearsal.jenkins import build_routes, documents, pages, trigger_routes
from rehearsal.jenkins.context import Context
from rehearsal.jenkins.documents import ParseError
from rehearsal.jenkins.items import Folder, Item, Job, UnknownItemKind
from rehearsal.jenkins.web import Response, empty

__all__ = ["answer", "create"]

_UNSAFE = "?*/\\%!@#$^&|<>[]:;"


def answer(context: Context, segments: tuple[str, ...]) -> Response:
    """Walk down ``job/NAME`` and ``view/NAME`` to the item, then answer what is left of the path."""
    item: Item = context.controller.root
    while len(segments) >= 2 and segments[0] in ("job", "view"):
        if segments[0] == "view":
            rest = segments[2:]
            if rest[:1] != ("job",) and isinstance(item, Folder):
                return _view(context, item, segments[1], rest)
            segments = rest
            continue
        found = item.children.get(segments[1]) if isinstance(item, Folder) else None
        if found is None:
            return context.not_found()
        item, segments = found, segments[2:]
    if isinstance(item, Job):
        return _job(context, item, segments)
    assert isinstance(item, Folder)
    return _folder(context, item, segments)


def _folder(context: Context, folder: Folder, rest: tuple[str, ...]) -> Response:
    match rest:
        case ():
            return context.page(
                folder.full_name, pages.dashboard(context.controller, folder, folder.full_name)
            )
        case ("api", "json"):
            return context.api(context.beans.folder(folder))
        case ("createItem",):
            return context.post_only() or create(context, folder)
        case _:
            return _either(context, folder, rest)


def _job(context: Context, job: Job, rest: tuple[str, ...]) -> Response:
    match rest:
        case ():
            return context.page(job.full_name, pages.job_page(context.controller, job))
        case ("api", "json"):
            return context.api(context.beans.job(job))
        case ("build",):
            return trigger_routes.build(context, job)
        case ("buildWithParameters",):
            return trigger_routes.build_with_parameters(context, job)
        case ("enable" | "disable" as verb,):
            return context.post_only() or _enable(context, job, verb == "enable")
        case (number, *more) if number.isdigit() or number.startswith("last"):
            return build_routes.answer(context, job, number, tuple(more))
        case _:
            return _either(context, job, rest)


def _either(context: Context, item: Item, rest: tuple[str, ...]) -> Response:
    match rest:
        case ("config.xml",) if context.request.method == "POST":
            return _reconfigure(context, item)
        case ("config.xml",):
            return Response(HTTPStatus.OK, item.config_file.read_bytes(), {"Content-Type": "application/xml"})
        case ("doDelete",):
            return context.post_only() or _delete(context, item)
        case ("reload",):
            return context.post_only() or _reload(context, item)
        case _:
            return context.not_found()


def create(context: Context, folder: Folder) -> Response:
    request = context.request
    name = request.value("name") or ""
    refused = _name_fault(name)
    if refused:
        return context.failure(HTTPStatus.BAD_REQUEST, refused)
    if name in folder.children:
        return context.failure(HTTPStatus.BAD_REQUEST, f"A job already exists with the name  {name} ")
    xml = request.body.decode("utf-8", "replace")
    if request.value("mode") == "copy":
        source = context.controller.root.find(request.value("from") or "")
        if source is None:
            return context.failure(HTTPStatus.BAD_REQUEST, f"No such job: {request.value('from')}")
        xml = source.config_file.read_text(encoding="utf-8")
    try:
        folder.create(name, xml, context.controller.plugins.active)
    except (ParseError, UnknownItemKind) as error:
        return context.broken(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    return empty()


def _name_fault(name: str) -> str | None:
    if not name.strip():
        return "Query parameter 'name' is required"
    bad = next((letter for letter in name if letter in _UNSAFE), None)
    return None if bad is None else f"{bad}  is an unsafe character"


def _reconfigure(context: Context, item: Item) -> Response:
    assert item.parent is not None
    try:
        item.parent.create(
            item.name, context.request.body.decode("utf-8", "replace"), context.controller.plugins.active
        )
    except (ParseError, UnknownItemKind) as error:
        return context.broken(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    return empty()


def _delete(context: Context, item: Item) -> Response:
    context.controller.delete(item)
    return context.redirect(item.parent.path if item.parent else "")


def _reload(context: Context, item: Item) -> Response:
    context.controller.reload_item(item)
    return empty()


def _enable(context: Context, job: Job, enabled: bool) -> Response:
    root = documents.read(job.config_file)
    found = root.find("disabled")
    (documents.child(root, "disabled") if found is None else found).text = "false" if enabled else "true"
    documents.write(Path(job.config_file), root)
    job.configure(root)
    return context.redirect(job.path)


def _view(context: Context, folder: Folder, name: str, rest: tuple[str, ...]) -> Response:
    controller = context.controller
    view = (
        next((one for one in controller.settings.views() if one.name == name), None)
        if folder is controller.root
        else None
    )
    if view is None:
        return context.not_found()
    match rest:
        case ():
            return context.page(name, pages.dashboard(controller, folder, name))
        case ("api", "json"):
            return context.api(context.beans.view(view))
        case ("config.xml",) if context.request.method == "POST":
            controller.settings.put_view(name, context.request.body.decode())
            controller.settings.save(controller.version)
            return empty()
        case ("config.xml",):
            return Response(
                HTTPStatus.OK,
                (controller.settings.view_xml(name) or "").encode(),
                {"Content-Type": "application/xml"},
            )
        case ("doDelete",):
            controller.settings.remove_view(name)
            controller.settings.save(controller.version)
            return context.redirect("")
        case _:
            return context.not_found()
