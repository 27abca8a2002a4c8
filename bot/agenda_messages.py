"""What the channel is told of a scheduled start, from its stored state alone. Pure."""

from __future__ import annotations

import json

from bot.content import Announcement, Button, Confirm
from bot.schedule import ScheduledStart, StartStatus
from bot.when import moment_text

__all__ = ["announcement", "question", "reminder"]


def announcement(start: ScheduledStart, zone: str) -> Announcement:
    """The message that is kept up to date."""
    what, when = f"{start.controller} → {start.version}", moment_text(start.at, zone)
    who = _who(start)
    match start.status:
        case StartStatus.WAITING | StartStatus.STARTING:
            window = f" in the window {start.window}" if start.window else ""
            lines = (f"Asked by <@{start.requested_by}> (`{start.id}`).", *_reason(start))
            return Announcement(f"Scheduled: {what}, {when}{window}", lines, buttons=(_cancel_button(start),))
        case StartStatus.ASKING:
            return Announcement(f"Not started: {what}, {when}", (start.note,), "warning")
        case StartStatus.STARTED:
            return Announcement(f"Started{who}: {what} (`{start.upgrade}`), scheduled for {when}", (), "good")
        case StartStatus.CANCELLED:
            return Announcement(f"Cancelled{who}: {what}, {when}")


def question(start: ScheduledStart, zone: str) -> Announcement:
    """What a human decides after it was not started at its time; without buttons once that is decided."""
    text = (
        f"The upgrade of {start.controller} to {start.version} did not start at {moment_text(start.at, zone)}"
    )
    if start.status is not StartStatus.ASKING:
        return Announcement(f"{text}: {start.status.value}{_who(start)}", _reason(start))
    now = Button(
        "start-now",
        "Start now",
        _value(start),
        "primary",
        Confirm(
            f"Start the upgrade of {start.controller}?",
            f"{start.controller} is upgraded to {start.version}; each step of traffic waits for an approval.",
            "Start now",
            "Not yet",
        ),
        spoken=f"Start the upgrade of {start.controller} to {start.version} now",
    )
    lines = (start.note, f"<@{start.requested_by}> scheduled it. Nothing happens until somebody decides.")
    return Announcement(text, lines, "warning", (now, _cancel_button(start)))


def reminder(start: ScheduledStart, against: str, zone: str) -> Announcement:
    """``against``: what would keep it from starting as things are now, in a sentence; empty when nothing would."""
    text = f"Soon: the upgrade of {start.controller} to {start.version} starts {moment_text(start.at, zone)}"
    lines = [f"Asked by <@{start.requested_by}> (`{start.id}`)."]
    if against:
        lines.append(f"As things are it will not start: {against}")
    return Announcement(text, tuple(lines), "warning" if against else "info", (_cancel_button(start),))


def _cancel_button(start: ScheduledStart) -> Button:
    return Button(
        "cancel-start",
        "Cancel",
        _value(start),
        confirm=Confirm(
            f"Cancel the upgrade of {start.controller}?",
            "It will not start.",
            "Cancel the upgrade",
            "Keep it",
        ),
        spoken=f"Cancel the scheduled upgrade of {start.controller} to {start.version}",
    )


def _reason(start: ScheduledStart) -> tuple[str, ...]:
    return (start.reason,) if start.reason else ()


def _who(start: ScheduledStart) -> str:
    return f" by <@{start.decided_by}>" if start.decided_by else ""


def _value(start: ScheduledStart) -> str:
    return json.dumps({"start": start.id})
