"""What must survive the process: upgrades, their journal, gates, samples, locks, the schedule and small documents.

State and journal change in one transaction; every save carries the version it was read at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.locks import Locks
from bot.ports import Outbox
from bot.schedule import Schedule
from bot.upgrade import Gate, Upgrade, Vote

__all__ = ["RECENT_SECONDS", "Entry", "Store", "newest_sample", "undelivered_text"]

RECENT_SECONDS = 7 * 86400.0
"""How long after it began people look for the messages of an upgrade that has ended."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. Never secrets."""

    upgrade: str
    at: float
    kind: str
    """``intent``, ``outcome``, ``decision`` or ``event``."""
    step: str
    attempt: int
    name: str
    """What is changed or happened, such as ``hold-blue``."""
    actor: str | None = None
    """User id; None: the bot."""
    detail: Mapping[str, Any] | None = None


class Store(Outbox, Locks, Schedule, Protocol):
    def create(self, upgrade: Upgrade, entry: Entry) -> None:
        """:raises Refused: when the controller already has a live upgrade; the text names it."""

    def get(self, upgrade: str) -> Upgrade:
        """:raises Refused: when there is none with this id."""

    def live(self) -> tuple[Upgrade, ...]: ...

    def live_for(self, controller: str) -> Upgrade | None: ...

    def history(self, controller: str | None, limit: int) -> tuple[Upgrade, ...]:
        """Newest first."""

    def save(self, upgrade: Upgrade, *entries: Entry) -> Upgrade:
        """Write the row and journal together; returns it with its new version.

        :raises Conflict: when the row was changed since ``upgrade`` was read; nothing is written.
        """

    def record(self, entry: Entry) -> None: ...

    def journal(self, upgrade: str) -> tuple[Entry, ...]: ...

    def audit_rows(self) -> Iterator[Mapping[str, Any]]:
        """Every row of the journal as it is stored, in order, with its ``hash`` and the ``previous`` one (see :mod:`bot.audit`)."""

    def last_hash(self, upgrade: str) -> str:
        """Of the upgrade's last row in the journal."""

    def changes_done(self, upgrade: str, step: str, attempt: int) -> frozenset[str]:
        """Names of the changes of this attempt whose outcome is recorded."""

    def open_gate(self, gate: Gate, upgrade: Upgrade, *entries: Entry) -> Upgrade:
        """Write the gate and save the upgrade in one transaction; see :meth:`save`."""

    def gate(self, gate: str) -> Gate | None: ...

    def newest_gate(self, upgrade: str, step: str) -> Gate | None: ...

    def gates(self, upgrade: str) -> tuple[Gate, ...]: ...

    def decide(self, gate: Gate, upgrade: Upgrade, *entries: Entry) -> Upgrade:
        """Write the decision that ``gate`` carries and save the upgrade, if the gate is still undecided. Votes that came meanwhile stay.

        :raises Conflict: when it was decided before, or the upgrade changed; nothing is written.
        """

    def vote(self, gate: Gate, votes: tuple[Vote, ...], *entries: Entry) -> Gate:
        """Write these votes to an undecided gate, instead of those before; returns it with them.

        :raises Conflict: when it was voted on or decided since ``gate`` was read; nothing is written.
        """

    def add_sample(self, upgrade: str, at: float, sample: Mapping[str, Any]) -> None: ...

    def samples(self, upgrade: str, since: float) -> Sequence[tuple[float, Mapping[str, Any]]]:
        """Oldest first."""

    def newest_samples(self, upgrade: str, count: int) -> Sequence[tuple[float, Mapping[str, Any]]]:
        """At most so many, oldest first."""

    def sampled(self) -> tuple[str, ...]:
        """Upgrades of which samples are kept."""

    def thin_out(self, upgrade: str, documents: Sequence[str]) -> None:
        """Delete an upgrade's samples and these documents, at once."""

    def document(self, key: str) -> Mapping[str, Any] | None:
        """A small JSON document: sync positions, a controller's current instance."""

    def put_document(self, key: str, value: Mapping[str, Any]) -> None: ...

    def change_document(
        self, key: str, change: Callable[[Mapping[str, Any] | None], Mapping[str, Any]]
    ) -> None:
        """Read and write in one transaction: nobody else's change comes in between."""

    def upgrade_shown_at(self, channel: str, ts: str) -> str | None:
        """The upgrade that this Slack message (or the thread that it began) is about."""

    def undelivered(self, since: float = 0.0) -> tuple[int, str | None]:
        """How many messages of upgrades that live, or began since then, are not shown as they should be; and why, in a sentence."""


def newest_sample(store: Store, upgrade: Upgrade) -> Mapping[str, Any] | None:
    """The newest measurement with its time under ``at``, while the follower is kept in step; None before and after."""
    samples = store.newest_samples(upgrade.id, 1) if upgrade.following else ()
    return next(({**sample, "at": at} for at, sample in samples), None)


def undelivered_text(store: Store, now: float) -> str:
    """One sentence about messages that people look for and do not see; empty when there are none, or nothing is wrong with them."""
    waiting, why = store.undelivered(now - RECENT_SECONDS)
    if not why:
        return ""
    return (
        f"{waiting} messages are not shown in Slack: {why}."
        if waiting > 1
        else f"A message is not shown in Slack: {why}."
    )
