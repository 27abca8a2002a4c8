"""Block Kit's parts, each within Slack's limits whatever it is given (https://docs.slack.dev/reference/block-kit). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.content import Tone
from handlers.views.text import clip, escape, one_line

__all__ = [
    "MARKS",
    "SECTION_TEXT",
    "Block",
    "Rendered",
    "context",
    "fields",
    "header",
    "message",
    "plain_text",
    "section",
]

Block = dict[str, Any]

MARKS: dict[Tone, str] = {"info": "", "good": "✓ ", "warning": "⚠ ", "bad": "✗ "}
"""Signs before a sentence that says the same in words."""

TOP_TEXT = 3000
"""Of the top-level text: chat.update takes 4000."""
HEADER_TEXT = 150
SECTION_TEXT = 3000
FIELDS = 10
FIELD_LABEL, FIELD_VALUE = 50, 150
"""Far below Slack's 2000: a fact is a glance. All texts of a message together may have some 11 000 characters, a limit that
Slack enforces (``msg_blocks_too_long``) and does not document: https://github.com/slackapi/bolt-js/issues/2867."""
CONTEXT_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Slack takes it."""

    text: str
    """What notifications and screen readers get, and what stands alone where blocks cannot be shown; never empty."""
    blocks: tuple[Block, ...]


def message(lines: Iterable[str], blocks: Iterable[Block | None]) -> Rendered:
    """A message from mrkdwn lines of text, and blocks of which those that had nothing to say are None."""
    text = "\n".join(line for line in lines if line)
    return Rendered(clip(text, TOP_TEXT), tuple(block for block in blocks if block is not None))


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text, HEADER_TEXT)}


def section(*lines: str) -> Block | None:
    """Lines of mrkdwn; empty ones are left out."""
    text = "\n".join(line for line in lines if line)
    return {"type": "section", "text": _mrkdwn(text, SECTION_TEXT)} if text else None


def fields(facts: Sequence[tuple[str, str]]) -> Block | None:
    """Labels with values side by side, below each other on a phone. The eleventh fact and those behind it are only counted."""
    if not facts:
        return None
    shown = list(facts)
    if len(shown) > FIELDS:
        shown = [*facts[: FIELDS - 1], ("More", f"{len(facts) - FIELDS + 1} further facts")]
    return {"type": "section", "fields": [_field(label, value) for label, value in shown]}


def _field(label: str, value: str) -> Block:
    label, value = clip(escape(one_line(label)), FIELD_LABEL), clip(escape(one_line(value)), FIELD_VALUE)
    return _mrkdwn(f"*{label}*\n{value}", FIELD_LABEL + FIELD_VALUE + 3)


def context(*parts: str) -> Block | None:
    """Small print: mrkdwn parts in one line; empty ones are left out."""
    text = " · ".join(part for part in parts if part)
    return {"type": "context", "elements": [_mrkdwn(text, CONTEXT_TEXT)]} if text else None


def plain_text(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": clip(one_line(text), most)}


def _mrkdwn(text: str, most: int) -> Block:
    return {"type": "mrkdwn", "text": clip(text, most)}
