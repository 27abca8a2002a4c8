"""What the bot says, as data without any Slack in it. ``bot.messages`` fills these; ``handlers.views`` turns them into Block Kit.

Each kind can be stored in the outbox as JSON (``to_json`` / ``from_json``). Texts are plain; times are epoch seconds, so
that a view can show them in the reader's own zone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "Announcement",
    "Button",
    "Confirm",
    "Content",
    "Dashboard",
    "Decision",
    "Document",
    "Entry",
    "EvidenceRow",
    "GateCard",
    "Notice",
    "Part",
    "PhaseLine",
    "Picture",
    "from_json",
    "to_json",
]

Tone = Literal["info", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Confirm:
    title: str
    text: str
    yes: str
    no: str


@dataclass(frozen=True, slots=True)
class Button:
    action: str
    """Stable name: approve, hold, rollback, resume."""
    label: str
    """Names what it does: "Send 25% of sessions to green"."""
    value: str
    """JSON that the click brings back: upgrade, gate and what was shown."""
    style: Literal["default", "primary", "danger"] = "default"
    confirm: Confirm | None = None
    spoken: str = ""
    """Label for screen readers where ``label`` alone is not enough."""


@dataclass(frozen=True, slots=True)
class PhaseLine:
    name: str
    state: Literal["pending", "running", "waiting", "done", "failed", "skipped"]
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The one live message of an upgrade."""

    upgrade: str
    controller: str
    source: str
    target: str
    status: str
    tone: Tone
    headline: str
    """One sentence: what is happening, or what it waits for, on whom, until when."""
    requested_by: str
    """Slack user id."""
    started_at: float
    phases: tuple[PhaseLine, ...]
    green_weight: int
    owner: Literal["blue", "green"]
    facts: tuple[tuple[str, str], ...] = ()
    """Label and value: sync lag, freeze, request rates."""
    readiness: str = ""
    """How ready blue is to take over again; empty while there is nothing to go back from."""
    checked_at: float | None = None
    """When that was measured."""
    waiting_since: float | None = None
    """When it began to wait for a person."""
    waiting_until: float | None = None
    next_step: str = ""
    """With how long it takes, where that is known."""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    name: str
    blue: str
    green: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Literal["approved", "held", "rolled back", "expired", "superseded"]
    by: str | None
    """Slack user id; None: nobody, it happened by itself."""
    at: float
    reason: str = ""
    over_the_rules: bool = False
    """The glass was broken."""


@dataclass(frozen=True, slots=True)
class GateCard:
    """A question to a human with the evidence it rests on."""

    upgrade: str
    controller: str
    question: str
    now: str
    """Where things stand: "25% of new sessions go to green, blue owns the builds"."""
    then: str
    """What exactly will happen on approval."""
    verdict: Literal["pass", "inconclusive", "fail", "none"]
    reasons: tuple[str, ...]
    evidence: tuple[EvidenceRow, ...]
    going_back: str
    """How long going back would take and what it would mean."""
    approvers: tuple[str, ...]
    """Ids of people, user groups and channels; empty: every operator."""
    opened_at: float
    expires_at: float
    decision: Decision | None = None
    buttons: tuple[Button, ...] = ()
    quorum: int = 1
    """How many must approve."""
    votes: tuple[str, ...] = ()
    """Who has approved so far."""
    expiry: Literal["hold", "rollback"] = "hold"
    """What happens when nobody decides."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the thread."""

    text: str
    lines: tuple[str, ...] = ()
    tone: Tone = "info"
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message of its own, outside of any upgrade."""

    text: str
    lines: tuple[str, ...] = ()
    tone: Tone = "info"
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart in the thread."""

    title: str
    alt_text: str
    path: str
    """PNG file in the state directory."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text file in the thread."""

    title: str
    summary: str
    """Said instead where files cannot be uploaded."""
    filename: str
    text: str
    """The file's content: it travels in the outbox, so there is no file to lose."""
    more: tuple[tuple[str, str], ...] = ()
    """Further files of the same message: name and content."""


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a long answer that belong together."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """The private answer to a command or click."""

    text: str
    lines: tuple[str, ...] = ()
    tone: Tone = "info"
    public: bool = False
    parts: tuple[Part, ...] = ()
    """Below the lines, each under its title."""


Content = Dashboard | GateCard | Entry | Picture | Document | Notice | Announcement

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Dashboard, GateCard, Entry, Picture, Document, Notice, Announcement)
}
_NESTED: dict[str, type[Any]] = {
    "evidence": EvidenceRow,
    "phases": PhaseLine,
    "buttons": Button,
    "parts": Part,
}


def to_json(content: Content) -> dict[str, Any]:
    """A JSON object with the kind's name under ``kind``."""
    return {"kind": type(content).__name__, **dataclasses.asdict(content)}


def from_json(data: dict[str, Any]) -> Content:
    """The inverse of :func:`to_json`.

    :raises KeyError: for a kind that this release does not know.
    """
    values = {key: _revive(key, value) for key, value in data.items() if key != "kind"}
    content: Content = _KINDS[data["kind"]](**values)
    return content


def _revive(key: str, value: Any) -> Any:
    if key == "buttons":
        return tuple(
            Button(**{**button, "confirm": Confirm(**button["confirm"]) if button["confirm"] else None})
            for button in value
        )
    if key in _NESTED:
        return tuple(_NESTED[key](**item) for item in value)
    if key == "decision":
        return Decision(**value) if value else None
    if isinstance(value, list):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value
