"""How commands are asked: who, where, with which words. Slack handlers and the command line both call this, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.content import Notice
from bot.upgrade import Choice

__all__ = [
    "Actor",
    "Answer",
    "Commands",
    "ControllerState",
    "LiveUpgrade",
    "OpenGate",
    "Overview",
    "Question",
    "StartChoices",
    "StartRequest",
]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and where."""

    id: str
    """Slack user id."""
    name: str
    channel: str
    """Channel or direct message id where it was asked."""
    thread: str | None = None
    """ts of the thread's first message, where it was asked in one: there the upgrade need not be named."""
    asked_at: float | None = None
    """When a message was written (epoch seconds), which may reach the bot minutes later; None: just now."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    controller: str
    version: str
    traffic: tuple[int | str, ...] | None = None
    """Session weights with ``handover`` among them; None: as configured."""
    reason: str = ""
    dry_run: bool = False
    """Only look whether it would work."""
    at: float | None = None
    """Epoch seconds to start at; None: now, or when the window opens."""
    window: str = ""
    """Name of the window whose next opening is waited for; empty: none."""
    plugins: str = ""
    """``minimal`` or ``latest``; empty: as configured."""


@dataclass(frozen=True, slots=True)
class Answer:
    notice: Notice
    errors: Mapping[str, str] = field(default_factory=dict)
    """Name of a request's field → what is wrong with it. With errors nothing was changed."""


@dataclass(frozen=True, slots=True)
class StartChoices:
    """What can be chosen when an upgrade of one controller is started."""

    controllers: tuple[str, ...]
    controller: str
    running: str
    """Version that runs now, empty when the controller does not answer."""
    versions: tuple[str, ...]
    """Newer releases, newest first; empty when the list of releases is not known."""
    traffic: tuple[int | str, ...]
    """As configured."""
    obstacle: str = ""
    """Why it cannot be started now, in a sentence."""
    windows: tuple[tuple[str, float], ...] = ()
    """Name of each maintenance window, and when the controller would start in its next opening (epoch seconds)."""
    plugins: str = "minimal"
    """Plugin policy as configured."""


@dataclass(frozen=True, slots=True)
class LiveUpgrade:
    """An upgrade that may be held or rolled back, and what that would do."""

    id: str
    controller: str
    title: str
    """``main: 2.426.2 → 2.440.1``"""
    on_rollback: tuple[str, ...]
    on_hold: tuple[str, ...]
    on_abort: tuple[str, ...] = ()
    on_resume: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenGate:
    """A gate that can be decided in a form."""

    id: str
    title: str
    """``main: Send 25% of sessions to green?``"""
    lines: tuple[str, ...]
    """What its card says."""
    card: str
    """The value of the card's buttons, see :meth:`Commands.override`."""


@dataclass(frozen=True, slots=True)
class Question:
    """A gate that is open, or a scheduled start that did not come."""

    upgrade: str
    """Its id, or that of the scheduled start."""
    controller: str
    text: str
    since: float
    until: float | None
    """None: it waits until somebody decides."""
    where: str = "the card in the upgrade's thread has the figures and the buttons"


@dataclass(frozen=True, slots=True)
class ControllerState:
    """One controller as the home tab shows it."""

    name: str
    version: str
    """Empty when it is not known."""
    state: str
    """One sentence: what is happening, or that nothing is."""
    upgrade: str | None = None
    """Id of the live upgrade."""
    behind: str = ""
    """How far its version is behind the newest, empty when not known."""
    advisories: str = ""
    """Published security warnings for what runs, empty when not known."""
    lock: str = ""
    """Why it is locked, and by whom; empty when it is not."""
    last: str = ""
    choices: tuple[Choice, ...] = ()
    """What may be done to the course of the live upgrade now."""
    next_at: float | None = None
    """When the next upgrade is scheduled to start."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What one person sees on the home tab."""

    waiting: tuple[Question, ...]
    """Questions that this person may answer."""
    controllers: tuple[ControllerState, ...]


class Commands(Protocol):
    def run(self, text: str, actor: Actor) -> Notice:
        """Take the text after ``/ci-upgrade``. Never raises: a refusal is a notice that says what to do."""

    def click(self, action: str, value: str, actor: Actor) -> Notice | None:
        """Take a button click; None when the card itself tells the outcome. Never raises."""

    def start(self, request: StartRequest, actor: Actor) -> Answer:
        """Start an upgrade, or only look. Never raises."""

    def start_faults(self, request: StartRequest) -> Mapping[str, str]:
        """What stands against the request, by field, as far as it is known without asking any controller: within milliseconds."""

    def start_choices(self, controller: str | None) -> StartChoices:
        """For the start form; None: the first controller. May take seconds, since the controller is asked. Never raises."""

    def live_upgrades(self, actor: Actor) -> tuple[LiveUpgrade, ...]:
        """Those that can be held or rolled back; in an upgrade's thread only that one, even when it has ended."""

    def open_gates(self, actor: Actor) -> tuple[OpenGate, ...]:
        """Those that wait for a decision; in an upgrade's thread only its own."""

    def hold(self, upgrade: str, reason: str, actor: Actor) -> Notice: ...

    def resume(self, upgrade: str, reason: str, actor: Actor) -> Notice: ...

    def rollback(self, upgrade: str, reason: str, actor: Actor) -> Notice: ...

    def abort(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        """Give an upgrade up before the handover, without locking its controller."""

    def lock(self, controller: str, reason: str, actor: Actor) -> Notice: ...

    def unlock(self, controller: str, reason: str, actor: Actor) -> Notice: ...

    def locks(self) -> Mapping[str, str]:
        """Every controller → why it is locked, empty when it is not."""

    def override(self, card: str, reason: str, actor: Actor) -> Notice:
        """Approve with a reason, also against the verdict. ``card``: the value of its button, which says what was shown."""

    def break_glass(self, card: str, reason: str, actor: Actor) -> Notice:
        """Approve alone, over the rules, with a reason. ``card`` as above."""

    def overview(self, actor: Actor) -> Overview:
        """From stored state alone. Never raises."""
