"""The one live message of an upgrade. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.content import Dashboard, PhaseLine
from handlers.views.blocks import MARKS, Rendered, context, fields, header, message, section
from handlers.views.buttons import actions
from handlers.views.text import clip, date, duration, escape, fitting, mention, moment, one_line

__all__ = ["dashboard"]

BAR_CELLS = 20
HEADLINE = 900
NEXT_STEP = 200
READINESS = 300
PHASES = 2000
PHASE_NOTE = 120

STATES = {
    "running": ("●", "running"),
    "waiting": ("◐", "waiting for a decision"),
    "done": ("✓", "done"),
    "failed": ("✗", "stopped"),
    "skipped": ("–", "left out"),
}


def dashboard(content: Dashboard) -> Rendered:
    title = one_line(f"{content.controller}: {content.source} → {content.target}")
    status = content.status.replace("_", " ").capitalize()
    headline = clip(escape(content.headline), HEADLINE)
    next_step = f"Next: {clip(escape(one_line(content.next_step)), NEXT_STEP)}" if content.next_step else ""
    return message(
        (f"{escape(title)} – {escape(status)}", headline, next_step),
        (
            header(title),
            section(MARKS[content.tone] + _opened(escape(status), headline), _waiting(content), next_step),
            section(_sessions(content.green_weight), f"Builds, timers and agents: *{content.owner}*"),
            section(*fitting(list(_phases(content.phases)), PHASES, each=PHASE_NOTE + 100)),
            fields(content.facts),
            section(_readiness(content)),
            actions(content.buttons),
            context(
                f"Asked by {mention(content.requested_by)}",
                f"started {date(content.started_at)}",
                f"`{escape(one_line(content.upgrade))}`",
            ),
        ),
    )


def _waiting(content: Dashboard) -> str:
    since = f"Since {date(content.waiting_since)}" if content.waiting_since is not None else ""
    until = f"until {date(content.waiting_until)}" if content.waiting_until is not None else ""
    line = ", ".join(part for part in (since, until) if part)
    return line[:1].upper() + line[1:]


def _readiness(content: Dashboard) -> str:
    if not content.readiness:
        return ""
    checked = f", checked {moment(content.checked_at)}" if content.checked_at is not None else ""
    return f"*Going back:* {clip(escape(one_line(content.readiness)), READINESS)}{checked}"


def _opened(status: str, headline: str) -> str:
    """The status before the headline, unless the headline begins with it."""
    rest = headline.removeprefix(status)
    told = rest != headline and not rest[:1].isalnum()
    return f"*{status}*{rest}" if told else f"*{status}* – {headline}"


def _sessions(weight: int) -> str:
    """A bar in which a small share is still seen, with the same in words."""
    cells = min(max(round(weight * BAR_CELLS / 100), weight > 0), BAR_CELLS - (weight < 100))
    return f"{'█' * cells}{'░' * (BAR_CELLS - cells)}\nNew sessions: *{weight}%* to green, {100 - weight}% to blue"


def _phases(phases: Sequence[PhaseLine]) -> Iterator[str]:
    for phase in phases:
        if phase.state != "pending":
            yield _phase(phase)
    pending = [escape(one_line(phase.name)) for phase in phases if phase.state == "pending"]
    if pending:
        yield "○ To do: " + ", ".join(pending)


def _phase(phase: PhaseLine) -> str:
    mark, word = STATES[phase.state]
    took = f", {duration(phase.seconds)}" if phase.seconds is not None else ""
    note = f" – {clip(escape(one_line(phase.note)), PHASE_NOTE)}" if phase.note else ""
    name = clip(escape(one_line(phase.name).capitalize()), 60)
    return f"{mark} *{name}* {word}{took}{note}"
