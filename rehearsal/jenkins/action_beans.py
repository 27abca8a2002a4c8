"""What the REST API shows of parameters and causes."""

from __future__ import annotations

from typing import Any

from rehearsal.jenkins.actions import REMOTE, SCM, TIMER, USER, Actions, Cause, Parameter
from rehearsal.jenkins.export import Bean, Property, constants
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.users import Users

__all__ = ["action_beans", "cause_text", "definition_beans", "parameter_text"]


def action_beans(actions: Actions, users: Users) -> list[Bean]:
    """In the order in which they were added."""
    shown: list[Bean] = []
    if actions.parameters is not None:
        values = [_parameter(one) for one in actions.parameters]
        shown.append(Bean("hudson.model.ParametersAction", constants(2, {"parameters": values})))
    if actions.causes:
        causes = [_cause(one, users) for one in actions.causes]
        bean = Bean("hudson.model.CauseAction", constants(2, {"causes": causes}))
        shown.insert(0 if actions.causes_first else len(shown), bean)
    return shown


def definition_beans(job: Job) -> list[Bean]:
    """The parameters that a job asks for, as one property; nothing when it has none."""
    if job.parameters is None:
        return []
    shown = [
        Bean(
            one.java_class,
            constants(
                3,
                {
                    "defaultParameterValue": _parameter(one.value()),
                    "description": one.description,
                    "name": one.name,
                    "type": one.java_class.rpartition(".")[2],
                },
            ),
        )
        for one in job.parameters
    ]
    return [Bean("hudson.model.ParametersDefinitionProperty", constants(2, {"parameterDefinitions": shown}))]


def cause_text(cause: Cause) -> str:
    """The short description of a cause."""
    if cause.java_class == USER:
        return f"Started by user {cause.value('userId')}"
    if cause.java_class == REMOTE:
        note = cause.value("note")
        return f"Started by remote host {cause.value('addr')}" + (f" with note: {note}" if note else "")
    texts = {TIMER: "Started by timer", SCM: "Started by an SCM change"}
    return texts.get(cause.java_class, f"Started by {cause.java_class.rpartition('$')[2]}")


def parameter_text(parameter: Parameter) -> str:
    """``NAME=value``, with stars for a password."""
    value = "******" if "Password" in parameter.java_class else parameter.value("value")
    return f"{parameter.value('name')}={value}"


def _cause(cause: Cause, users: Users) -> Bean:
    fields: dict[str, Any] = {"shortDescription": cause_text(cause)}
    if cause.java_class == USER:
        user = users.find(cause.value("userId") or "")
        name = user.full_name if user else cause.value("userId")
        fields = {
            "shortDescription": f"Started by user {name}",
            "userId": cause.value("userId"),
            "userName": name,
        }
    elif cause.java_class == REMOTE:
        fields |= {"addr": cause.value("addr"), "note": cause.value("note")}
    return Bean(cause.java_class, constants(3, fields))


def _parameter(parameter: Parameter) -> Bean:
    name = Property("name", lambda: parameter.value("name"), 3)
    if "Password" in parameter.java_class:
        return Bean(parameter.java_class, (name,))
    return Bean(parameter.java_class, (name, Property("value", lambda: _value(parameter), 4)))


def _value(parameter: Parameter) -> Any:
    value = parameter.value("value")
    return value == "true" if parameter.java_class == "hudson.model.BooleanParameterValue" else value
