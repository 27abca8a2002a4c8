"""A question to a human with the evidence it rests on; once decided, who decided what and when. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.content import Decision, EvidenceRow, GateCard
from handlers.views.blocks import Rendered, context, header, message, section
from handlers.views.buttons import actions
from handlers.views.text import bullets, clip, date, escape, fitting, mention, one_line

__all__ = ["gate_card"]

SENTENCE = 600
REASONS = 1200
TABLE = 1800
NAME_CELL = 16
FIGURE_CELL = 12
"""Cells of the widest table fill the width of a phone, about 40 characters, and no more."""
APPROVERS = 20

VERDICTS = {
    "pass": "✓ *Pass*: green does as well as blue",
    "inconclusive": "⚠ *Inconclusive*: too little was measured to tell",
    "fail": "✗ *Fail*: green does worse than blue",
    "none": "– *No verdict*: nothing was compared",
}
OUTCOMES = {
    "approved": "✓ *Approved*",
    "held": "⚠ *Held*",
    "rolled back": "⚠ *Rolled back*",
    "expired": "⚠ *Expired*, nobody decided in time",
    "superseded": "⚠ *Superseded*, a newer card asks again",
}


def gate_card(content: GateCard) -> Rendered:
    return _open(content) if content.decision is None else _decided(content, content.decision)


def _open(content: GateCard) -> Rendered:
    now, then = _labelled("Now", content.now), _labelled("Then", content.then)
    going_back = _labelled("Going back", content.going_back)
    outcome = "held" if content.expiry == "hold" else "rolled back"
    expiry = f"Undecided until {date(content.expires_at)}, it is {outcome}"
    votes = _votes(content)
    return message(
        (_title(content), now, then, *_verdict(content), going_back, votes, expiry),
        (
            header(content.question),
            section(now, then),
            section(*_verdict(content)),
            section(_table(content.evidence)),
            context(*_notes(content.evidence)),
            section(going_back, votes),
            actions(content.buttons),
            context(expiry, f"May approve: {_people(content.approvers)}", f"asked {date(content.opened_at)}"),
        ),
    )


def _decided(content: GateCard, decision: Decision) -> Rendered:
    by = f" by {mention(decision.by)}" if decision.by else ""
    glass = " by *breaking the glass*, over the rules" if decision.over_the_rules else ""
    outcome = f"{OUTCOMES[decision.outcome]}{glass}{by}, {date(decision.at)}"
    with_others = f"Approved before by {_people(content.votes)}" if content.votes else ""
    reason = f"> {clip(escape(one_line(decision.reason)), SENTENCE)}" if decision.reason else ""
    return message(
        (_title(content), outcome, with_others, reason),
        (
            header(content.question),
            section(outcome, with_others, reason),
            section(*_verdict(content)),
            section(_table(content.evidence)),
            context(*_notes(content.evidence)),
            context(f"Asked {date(content.opened_at)}"),
        ),
    )


def _votes(content: GateCard) -> str:
    """Who has approved and how many are missing, where several must."""
    if content.quorum == 1:
        return ""
    missing = content.quorum - len(content.votes)
    given = f" by {_people(content.votes)}" if content.votes else ""
    return f"*Approvals:* {len(content.votes)} of {content.quorum}{given}; {missing} missing"


def _title(content: GateCard) -> str:
    return clip(escape(one_line(f"{content.controller}: {content.question}")), SENTENCE)


def _labelled(label: str, text: str) -> str:
    return f"*{label}:* {clip(escape(one_line(text)), SENTENCE)}" if text else ""


def _verdict(content: GateCard) -> list[str]:
    reasons = [escape(one_line(reason)) for reason in content.reasons]
    return [VERDICTS[content.verdict], *fitting(bullets(reasons), REASONS, each=SENTENCE)]


def _table(rows: Sequence[EvidenceRow]) -> str:
    """Aligned columns in a preformatted block, which every client shows in a fixed width."""
    if not rows:
        return ""
    cells = [("", "blue", "green"), *((row.name, row.blue, row.green) for row in rows)]
    cut = [
        (_cell(name, NAME_CELL), _cell(blue, FIGURE_CELL), _cell(green, FIGURE_CELL))
        for name, blue, green in cells
    ]
    name_width, blue_width, green_width = (max(len(row[column]) for row in cut) for column in range(3))
    lines = [
        f"{name:<{name_width}}  {blue:>{blue_width}}  {green:>{green_width}}" for name, blue, green in cut
    ]
    # Escaping comes last: an entity is several characters of text and one on the screen.
    return "```\n" + "\n".join(fitting([escape(line) for line in lines], TABLE, each=200)) + "\n```"


def _cell(text: str, most: int) -> str:
    """Backticks would end the block."""
    text = one_line(text).replace("`", "'")
    return clip(text, most) if text else ""


def _notes(rows: Sequence[EvidenceRow]) -> list[str]:
    notes = [f"{escape(one_line(row.name))}: {escape(one_line(row.note))}" for row in rows if row.note]
    return fitting(notes, 800, each=200)


def _people(users: Sequence[str]) -> str:
    shown = ", ".join(mention(user) for user in users[:APPROVERS])
    more = f" and {len(users) - APPROVERS} more" if len(users) > APPROVERS else ""
    return f"{shown}{more}" if users else "every operator"
