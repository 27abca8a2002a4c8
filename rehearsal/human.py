"""Plays the people in the workspace: one starts the upgrade and may roll it back, another approves. By real clicks only.

What they know is what a person sees: the dashboard message, the cards in its thread, and private answers.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from rehearsal.bot_settings import CONTROLLER
from rehearsal.slack import Refusal, WorkspaceDriver

__all__ = ["FINAL", "Human", "NoUpgrade"]

CHANNEL = "C0CIOPS"
REQUESTER = "U0ANN"
APPROVER = "U0BOB"
APPROVE = "ci_upgrade.approve"
OVERRIDE = "ci_upgrade.override"
"""Stands where the approve button would, when the comparison failed."""
FINAL = frozenset({"completed", "rolled_back", "held", "failed"})
PATIENCE_SECONDS = 5.0
"""A click that shows no effect for so long is repeated: the bot may have died under it."""
START_SECONDS = 120.0
_STATUS = re.compile(r"^[^\n]* – ([A-Z][a-z ]+)$", re.MULTILINE)
_GATE = re.compile(r"-gate-(\w+)-\d+$")


class NoUpgrade(Exception):
    """The bot did not begin an upgrade; the text is what it answered."""


class Human:
    def __init__(self, people: WorkspaceDriver, tell: Callable[[str], None]) -> None:
        """``tell`` is given one line for each new message of the bot."""
        self._people = people
        self._tell = tell
        self._told: set[str] = set()
        self._clicked: dict[str, float] = {}
        self._messages: list[dict[str, Any]] = []
        self._typed: dict[str, float] = {}
        self.rollback_asked_at: float | None = None
        """When the rollback was asked for first, epoch seconds."""

    def start(self, target: str) -> None:
        """Type the command until the dashboard appears.

        :raises NoUpgrade: when it does not.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self._type(REQUESTER, f"start {CONTROLLER} {target}")
            patience = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < patience:
                if self.look():
                    return
                time.sleep(0.1)
        private = [message["text"] for message in self._messages if message["visible_to"] == REQUESTER]
        raise NoUpgrade("\n".join(private) or "the bot did not answer")

    def look(self) -> str:
        """Read the channel, tell what is new, and return the upgrade's status as the dashboard says it: ``rolled_back``.

        Empty while there is no dashboard. The other questions are answered from what was read last.
        """
        self._messages = self._people.messages(CHANNEL, seen_by=REQUESTER)
        for message in self._from_bot():
            if message["ts"] not in self._told and message["text"]:
                self._told.add(message["ts"])
                self._tell(message["text"].partition("\n")[0])
        dashboard = self._dashboard()
        found = _STATUS.search(dashboard["text"]) if dashboard else None
        return found[1].lower().replace(" ", "_") if found else ""

    def sees_event(self, name: str) -> bool:
        """Whether the thread has an entry of this name, such as ``send-25-done``."""
        return any(_key(message) == f"event-{name}" for message in self._from_bot())

    def sees_phase_running(self, phase: str) -> bool:
        dashboard = self._dashboard()
        return dashboard is not None and f"*{phase.capitalize()}* running" in json.dumps(dashboard["blocks"])

    def is_asked_for(self, steps: Collection[str]) -> bool:
        """Whether an undecided card asks for one of these: ``10``, ``handover``, ``retire``."""
        card = self._undecided(APPROVE, OVERRIDE)
        return card is not None and card.step in steps

    def approve(self) -> None:
        """Click the approve button of the newest card that is undecided, if there is one."""
        card = self._undecided(APPROVE)
        if (
            card is None
            or time.monotonic() - self._clicked.get(card.ts, -PATIENCE_SECONDS) < PATIENCE_SECONDS
        ):
            return
        self._clicked[card.ts] = time.monotonic()
        try:
            self._people.click(APPROVER, CHANNEL, card.ts, card.action_id)
        except Refusal as refusal:
            self._tell(f"the click was not taken: {refusal}")  # the card was redrawn since the look

    def insist(self, reason: str) -> None:
        """Approve also where the comparison failed, which takes a written reason."""
        if self._undecided(OVERRIDE) is not None:
            self._type_patiently(APPROVER, f"approve {CONTROLLER} {reason}")
        else:
            self.approve()

    def resume(self, reason: str) -> None:
        """Type the command; again when it shows no effect."""
        self._type_patiently(REQUESTER, f"resume {CONTROLLER} {reason}")

    def roll_back(self) -> None:
        """Type the command; again when it shows no effect."""
        self.rollback_asked_at = self.rollback_asked_at or time.time()
        self._type_patiently(REQUESTER, f"rollback {CONTROLLER}")

    def posted_twice(self) -> int:
        """How many public messages of the bot stand there once more than they should, as its own names of them tell."""
        self.look()
        public = [message for message in self._messages if "bot_id" in message and not message["visible_to"]]
        names = [_key(message) for message in public if _key(message)]
        return len(names) - len(set(names))

    def _type_patiently(self, user: str, text: str) -> None:
        """Again only after a while."""
        if time.monotonic() - self._typed.get(text, -PATIENCE_SECONDS) >= PATIENCE_SECONDS:
            self._typed[text] = time.monotonic()
            self._type(user, text)

    def _type(self, user: str, text: str) -> None:
        self._people.say(user, CHANNEL, f"/ci-upgrade {text}")

    def _from_bot(self) -> list[dict[str, Any]]:
        """In the order of the channel. A bot that died before it noted a post posts again: only the newest one lives on."""
        public = [message for message in self._messages if "bot_id" in message and not message["visible_to"]]
        return list({_key(message) or message["ts"]: message for message in public}.values())

    def _dashboard(self) -> dict[str, Any] | None:
        return next((message for message in self._from_bot() if _key(message) == "dashboard"), None)

    def _undecided(self, *actions: str) -> _Card | None:
        """The newest gate card that still has one of these buttons."""
        for message in reversed(self._from_bot()):
            gate = _GATE.search(_key(message))
            for element in (
                element for block in message.get("blocks", ()) for element in block.get("elements", ())
            ):
                if gate and element.get("action_id", "").startswith(actions):
                    return _Card(message["ts"], gate[1], element["action_id"])
        return None


@dataclass(frozen=True, slots=True)
class _Card:
    """A gate card that nobody has decided."""

    ts: str
    step: str
    """What it asks for."""
    action_id: str


def _key(message: dict[str, Any]) -> str:
    """The bot's own name of a message, as its metadata shows it."""
    return str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))
