"""Forms that ask for a reason, and what stands in a form before it is filled or when it cannot be. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.content import Notice
from handlers.views.blocks import MARKS, Block, section
from handlers.views.inputs import Choice, field, modal, select, text
from handlers.views.text import bullets, clip, escape, fitting, one_line

__all__ = ["REASON", "SUBJECT", "outcome", "reason_form", "waiting"]

SUBJECT, REASON = "subject", "reason"
"""Fields of a reason form."""
LONGEST_REASON = 500
LINES, EACH_LINE = 2500, 600


def waiting(title: str) -> Block:
    """What a form shows until it is filled: Slack's three seconds leave no time to look first."""
    return modal(title, [section("Looking…")], close="Close")


def outcome(title: str, notice: Notice) -> Block:
    """What a form shows that has nothing to ask."""
    first = f"{MARKS[notice.tone]}{clip(escape(notice.text), EACH_LINE)}"
    lines = fitting(
        bullets(escape(one_line(line)) for line in notice.lines), LINES - EACH_LINE, each=EACH_LINE
    )
    return modal(title, [section(first, *lines)], close="Close")


def reason_form(
    title: str,
    lines: Sequence[str],
    *,
    callback: str,
    submit: str,
    metadata: str,
    subjects: Sequence[Choice] = (),
    subject: str = "Upgrade",
    required: bool,
    hint: str = "",
) -> Block:
    """``lines`` say what will happen; ``subjects`` are offered where there is more than one ``subject`` to choose from.

    The field ``reason`` is always there, ``subject`` only with subjects.
    """
    told = fitting(bullets(escape(one_line(line)) for line in lines), LINES, each=EACH_LINE)
    reason = field(
        REASON,
        "Reason",
        text(
            multiline=True,
            longest=LONGEST_REASON,
            placeholder="What the next reader of the thread should know",
        ),
        hint=hint,
        optional=not required,
    )
    return modal(
        title,
        [
            section(*told),
            field(SUBJECT, subject, select(subjects, subjects[0].value)) if subjects else None,
            reason,
        ],
        callback=callback,
        submit=submit,
        metadata=metadata,
    )
