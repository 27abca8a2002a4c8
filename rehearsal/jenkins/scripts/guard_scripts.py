"""The guard and the queue: guard, queue, submit, cancel."""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import Any

from rehearsal.jenkins import documents
from rehearsal.jenkins.action_beans import cause_text
from rehearsal.jenkins.actions import REMOTE, Actions, Cause, remote_cause
from rehearsal.jenkins.documents import ParseError
from rehearsal.jenkins.guard import GUARD_FILE, Guard
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.queue import Stage, now_ms
from rehearsal.jenkins.scripts.session import Session

__all__ = ["SCRIPTS", "apply_guard"]

FILE_PARAMETER = "hudson.model.FileParameterValue"
PIPELINE_WAITING = "org.jenkinsci.plugins.workflow.support.steps.build.BuildTriggerAction"
_RELAY_HOST = "ci-upgrade"
_RELAY_NOTE = re.compile(r"\Arelay ([^:\s]+):")


def guard(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    apply_guard(session.controller.guard, arguments)
    file = controller.home / GUARD_FILE
    role, source = arguments["role"], arguments.get("source")
    if role == "follower" and source:
        documents.write_text(file, base64.b64decode(source).decode())
    elif role == "owner":
        file.unlink(missing_ok=True)
    controller.changed.notify_all()
    now = controller.guard
    return {
        "role": now.role,
        "upgrade": now.upgrade,
        "persisted": file.exists(),
        "busy": list(now.busy),
        "pending": sum(item.pending for item in controller.queue.items()),
    }


def apply_guard(current: Guard, arguments: dict[str, Any]) -> None:
    """Take the role that the arguments name; role null leaves everything as it is."""
    role = arguments["role"]
    if role is None:
        return
    if role not in ("owner", "holding", "follower"):
        raise ValueError(f"unknown role {role}")
    busy = tuple(arguments.get("busy") or ()) if role == "owner" else ()
    current.role = role
    current.busy = busy
    current.upgrade = arguments.get("upgrade") if role != "owner" or busy else None


def queue(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "items": [
            {
                "id": item.id,
                "job": item.job.full_name,
                "sinceMs": item.since,
                "timer": item.actions.by_timer,
                "actions": _without_waiting(item.actions).to_list(),
                "who": ", ".join(cause_text(cause) for cause in item.actions.causes),
                "relay": _last_relay(item.actions),
                "awaitedBy": _awaited_by(session, item.actions),
                "delayMs": max(0, item.due - now_ms()) if item.stage is Stage.WAITING else 0,
            }
            for item in sorted(session.controller.queue.items(), key=lambda one: one.id)
            if not item.pending
        ]
    }


def submit(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    job = session.job(arguments["job"])
    if job is None:
        return {"outcome": "no-such-job", "detail": arguments["job"]}
    relay = arguments["relay"]
    known = _known_relay(session, job, relay, arguments["sinceMs"])
    if known is not None:
        return {"outcome": "exists", "detail": known}
    try:
        actions = Actions.from_element(documents.parse(arguments["actions"]))
    except ParseError as error:
        return {"outcome": "unreadable", "detail": str(error)}
    files = [one.value("name") for one in actions.parameters or () if one.java_class == FILE_PARAMETER]
    if files:
        return {
            "outcome": "unreadable",
            "detail": f"the file that was uploaded as {files[0]} cannot be carried",
        }
    actions.causes_first = True
    actions.fold([remote_cause(_RELAY_HOST, f"relay {relay}: {arguments['origin']}")])
    item, _created = session.controller.schedule(job, actions, arguments["delaySeconds"])
    if item is None:
        return {"outcome": "refused", "detail": "the queue refused it"}
    return {"outcome": "submitted", "detail": f"queue item {item.id}"}


def cancel(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    cancelled = [number for number in arguments["ids"] if session.controller.queue.cancel(number)]
    session.controller.changed.notify_all()
    return {"cancelled": cancelled}


def _without_waiting(actions: Actions) -> Actions:
    others = tuple(one for one in actions.others if one.java_class != PIPELINE_WAITING)
    return dataclasses.replace(actions, others=others)


def _awaited_by(session: Session, actions: Actions) -> str | None:
    """The running build whose ``build`` step waits for the item."""
    if all(one.java_class != PIPELINE_WAITING for one in actions.others):
        return None
    for cause in actions.causes:
        build = (cause.value("upstreamProject") or "", int(cause.value("upstreamBuild") or 0))
        if build in session.controller.executing:
            return f"{build[0]} #{build[1]}"
    return None


def _last_relay(actions: Actions) -> str | None:
    relays = [found for cause in actions.causes if (found := _relay_id(cause))]
    return relays[-1] if relays else None


def _relay_id(cause: Cause) -> str | None:
    if cause.java_class != REMOTE or cause.value("addr") != _RELAY_HOST:
        return None
    found = _RELAY_NOTE.match(cause.value("note") or "")
    return None if found is None else found[1]


def _known_relay(session: Session, job: Job, relay: str, since_ms: int) -> str | None:
    """Where something with the relay id is: in the queue or among the job's builds since then."""
    for item in session.controller.queue.items():
        if any(_relay_id(cause) == relay for cause in item.actions.causes):
            return f"queue item {item.id}"
    for build in job.newest_builds(session.controller.version):
        if build.timestamp < since_ms:
            break
        if any(_relay_id(cause) == relay for cause in build.actions.causes):
            return f"{job.full_name} #{build.number}"
    return None


SCRIPTS = {"guard": guard, "queue": queue, "submit": submit, "cancel": cancel}
