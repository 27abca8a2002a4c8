"""``build`` and ``buildWithParameters``: how a build is asked for."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from rehearsal.jenkins.actions import Actions, Parameter, user_cause
from rehearsal.jenkins.context import Context
from rehearsal.jenkins.items import Job, ParameterDefinition
from rehearsal.jenkins.web import Response

__all__ = ["build", "build_with_parameters"]

_DELAY = re.compile(r"^(\d+)\s*(?:s|sec|second|seconds)?$")


def build(context: Context, job: Job) -> Response:
    """``POST /job/X/build``; a job with parameters takes them as ``json={"parameter": [...]}`` only."""
    refused = context.post_only() or _not_buildable(context, job)
    if refused is not None:
        return refused
    actions = Actions(causes={user_cause(context.caller.name): 1})
    if job.parameters is not None:
        form = context.request.value("json")
        if form is None:
            return context.jetty_error(HTTPStatus.BAD_REQUEST, "Nothing is submitted")
        try:
            actions.parameters = _from_form(context, job.parameters, form)
        except (KeyError, ValueError, TypeError) as error:
            return context.broken(HTTPStatus.INTERNAL_SERVER_ERROR, f"No such parameter definition: {error}")
    return _schedule(context, job, actions, HTTPStatus.CREATED)


def build_with_parameters(context: Context, job: Job) -> Response:
    """``POST /job/X/buildWithParameters?NAME=value``; what is not given has its default."""
    refused = context.post_only() or _not_buildable(context, job)
    if refused is not None:
        return refused
    if job.parameters is None:
        return context.broken(HTTPStatus.BAD_REQUEST, f"{job.full_name} is not parameterized")
    values = tuple(_value(context, one, context.request.value(one.name)) for one in job.parameters)
    return _schedule(
        context,
        job,
        Actions(parameters=values, causes={user_cause(context.caller.name): 1}),
        HTTPStatus.SEE_OTHER,
    )


def _schedule(context: Context, job: Job, actions: Actions, status_when_merged: HTTPStatus) -> Response:
    item, created = context.controller.schedule(job, actions, _delay(context))
    if item is None:
        return context.redirect(job.path)
    return context.redirect(f"queue/item/{item.id}/", HTTPStatus.CREATED if created else status_when_merged)


def _not_buildable(context: Context, job: Job) -> Response | None:
    if job.disabled:
        return context.broken(HTTPStatus.CONFLICT, f"{job.full_name} is not buildable")
    return None


def _delay(context: Context) -> float | None:
    found = _DELAY.match(context.request.value("delay") or "")
    return float(found[1]) if found else None


def _from_form(
    context: Context, definitions: tuple[ParameterDefinition, ...], form: str
) -> tuple[Parameter, ...]:
    by_name = {one.name: one for one in definitions}
    given = json.loads(form).get("parameter", [])
    given = given if isinstance(given, list) else [given]
    return tuple(_value(context, by_name[one["name"]], str(one["value"])) for one in given)


def _value(context: Context, definition: ParameterDefinition, text: str | None) -> Parameter:
    if "Password" in definition.java_class and text is not None:
        return definition.value(context.secrets.encrypt(text))
    if "Boolean" in definition.java_class:
        return definition.value(str((text or definition.default).lower() in ("true", "on", "yes")).lower())
    return definition.value(text)
