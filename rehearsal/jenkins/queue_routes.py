"""``/queue/...``"""

from __future__ import annotations

from http import HTTPStatus

from rehearsal.jenkins.context import Context
from rehearsal.jenkins.web import Response, empty

__all__ = ["answer"]


def answer(context: Context, segments: tuple[str, ...]) -> Response:
    match segments[1:]:
        case ("api", "json"):
            return context.api(context.beans.queue())
        case ("item", number, "api", "json") if number.isdigit():
            item = context.controller.queue.find(int(number))
            return context.not_found() if item is None else context.api(context.beans.queue_item(item))
        case ("cancelItem",):
            return context.post_only() or _cancel(context)
        case _:
            return context.not_found()


def _cancel(context: Context) -> Response:
    number = context.request.value("id") or ""
    queue = context.controller.queue
    if not number.isdigit() or queue.find(int(number)) is None:
        return context.broken(HTTPStatus.NOT_FOUND, f"Provided id ({number}) not found")
    if not queue.cancel(int(number)):
        return context.broken(HTTPStatus.INTERNAL_SERVER_ERROR, f"Could not cancel run for id {number}")
    return empty(HTTPStatus.NO_CONTENT)
