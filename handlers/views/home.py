"""The home tab: what waits for its reader, and every controller. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.commands import ControllerState, Overview, Question
from handlers.views.blocks import Block, context, header, plain_text, section
from handlers.views.buttons import ACTION_PREFIX
from handlers.views.text import clip, date, escape, one_line

__all__ = [
    "OPEN_FORMS",
    "OPEN_HOLD",
    "OPEN_LOCK",
    "OPEN_RESUME",
    "OPEN_ROLLBACK",
    "OPEN_START",
    "OPEN_UNLOCK",
    "home",
]

OPEN_FORMS = OPEN_START, OPEN_HOLD, OPEN_RESUME, OPEN_ROLLBACK, OPEN_LOCK, OPEN_UNLOCK = (
    f"{ACTION_PREFIX}open-start",
    f"{ACTION_PREFIX}open-hold",
    f"{ACTION_PREFIX}open-resume",
    f"{ACTION_PREFIX}open-rollback",
    f"{ACTION_PREFIX}open-lock",
    f"{ACTION_PREFIX}open-unlock",
)
"""Action ids of its buttons, each with a controller or an upgrade as its value."""
QUESTIONS, CONTROLLERS, LINES, PAGES = 8, 17, 10, 10
"""A view takes a hundred blocks; a controller takes up to four, a question one, a page of lines one, and six stand around them; all of it together 250 kB."""
SENTENCE, DETAIL, NAME, LINE = 300, 120, 60, 160


def home(overview: Overview, channel: str) -> Block:
    """``channel``: the reader's conversation with the bot, where an upgrade that is begun here speaks.

    Controllers that are being upgraded or are locked come first. Where there are many, the others are a line each.
    """
    blocks = [header("Waits for you"), *_questions(overview.waiting), header("Controllers")]
    ordered = sorted(overview.controllers, key=lambda state: (state.upgrade is None, not state.lock))
    for number, controller in enumerate(ordered[:CONTROLLERS]):
        blocks += [{"type": "divider"}] if number else []
        blocks += _controller(controller)
    rest = ordered[CONTROLLERS:]
    shown = rest[: LINES * PAGES]
    blocks += [section(*map(_line, shown[at : at + LINES])) for at in range(0, len(shown), LINES)]
    if rest:
        left = f"… and {len(rest) - len(shown)} more. " if len(rest) > len(shown) else ""
        blocks.append(
            context(f"{left}`/ci-upgrade start`, `status`, `lock` and the others with a name do the rest.")
        )
    return {
        "type": "home",
        "private_metadata": channel,
        "blocks": [block for block in blocks if block is not None],
    }


def _line(state: ControllerState) -> str:
    lock = " Locked." if state.lock else ""
    text = f"*{clip(escape(one_line(state.name)), NAME)}* {_detail(state.version) or 'version not known'}"
    return clip(f"{text}: {clip(escape(one_line(state.state)), DETAIL)}{lock}", LINE)


def _questions(questions: Sequence[Question]) -> Iterator[Block | None]:
    if not questions:
        yield section("Nothing.")
    for question in questions[:QUESTIONS]:
        name = f"*{clip(escape(one_line(question.controller)), NAME)}*"
        text = clip(escape(one_line(question.text)), SENTENCE)
        until = f", until {date(question.until)}" if question.until is not None else ""
        where = clip(escape(one_line(question.where)), DETAIL)
        yield section(f"◐ {name}: {text}", f"Asked {date(question.since)}{until}; {where}.")
    if len(questions) > QUESTIONS:
        yield context(f"… and {len(questions) - QUESTIONS} more")


def _controller(state: ControllerState) -> Iterator[Block | None]:
    name = clip(escape(one_line(state.name)), NAME)
    version = _detail(state.version) or "version not known"
    behind = f" – {_detail(state.behind)}" if state.behind else ""
    yield section(
        f"*{name}* {version}{behind}",
        clip(escape(one_line(state.state)), SENTENCE),
        f"⚠ {_detail(state.advisories)}" if state.advisories else "",
        f"*Locked:* {clip(escape(one_line(state.lock)), SENTENCE)}" if state.lock else "",
    )
    upcoming = f"Next: {date(state.next_at)}" if state.next_at is not None else ""
    yield context(f"Last: {_detail(state.last)}" if state.last else "", upcoming)
    yield {"type": "actions", "elements": list(_buttons(state, name))}


def _detail(text: str) -> str:
    return clip(escape(one_line(text)), DETAIL) if text else ""


def _buttons(state: ControllerState, name: str) -> Iterator[Block]:
    if state.upgrade is None:
        yield _button("Start an upgrade", OPEN_START, state.name, f"Start an upgrade of {name}")
    else:
        if "hold" in state.choices:
            yield _button("Hold", OPEN_HOLD, state.upgrade, f"Hold the upgrade of {name}")
        if "resume" in state.choices:
            yield _button("Resume", OPEN_RESUME, state.upgrade, f"Resume the upgrade of {name}")
        if "rollback" in state.choices:
            rollback = _button("Roll back", OPEN_ROLLBACK, state.upgrade, f"Roll back the upgrade of {name}")
            yield {**rollback, "style": "danger"}
    if state.lock:
        yield _button("Unlock", OPEN_UNLOCK, state.name, f"Unlock {name}")
    else:
        yield _button("Lock", OPEN_LOCK, state.name, f"Lock {name}")


def _button(label: str, action: str, value: str, spoken: str) -> Block:
    """Each opens a form, so none needs a confirmation."""
    return {
        "type": "button",
        "action_id": action,
        "text": plain_text(label, 75),
        "value": value,
        "accessibility_label": clip(spoken, 75),
    }
