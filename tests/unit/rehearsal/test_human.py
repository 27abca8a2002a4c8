"""Who plays the people decides as a person would, from the cards alone."""

from __future__ import annotations

from typing import Any, cast

import pytest

from rehearsal.human import Human
from rehearsal.slack import WorkspaceDriver


class Room:
    """A workspace with one card; remembers what was done in it."""

    def __init__(self, *actions: str) -> None:
        self.done: list[tuple[str, str]] = []
        self._card = {
            "ts": "1.0",
            "text": "Send 25% of sessions to green?",
            "bot_id": "B0",
            "visible_to": None,
            "metadata": {"event_payload": {"key": "u1-gate-25-1"}},
            "blocks": [{"elements": [{"action_id": action} for action in actions]}],
        }

    def messages(self, channel: str, seen_by: str) -> list[dict[str, Any]]:
        return [self._card]

    def say(self, user: str, channel: str, text: str) -> None:
        self.done.append((user, text))

    def click(self, user: str, channel: str, ts: str, action: str) -> None:
        self.done.append((user, action))


def human_in(room: Room) -> Human:
    human = Human(cast("WorkspaceDriver", room), lambda _line: None)
    human.look()
    return human


@pytest.mark.parametrize(
    ("button", "approved", "insisted"),
    [
        (
            "ci_upgrade.approve",
            [("U0BOB", "ci_upgrade.approve")],
            [("U0BOB", "ci_upgrade.approve")],
        ),
        ("ci_upgrade.override", [], [("U0BOB", "/ci-upgrade approve main it is known")]),
        ("ci_upgrade.rollback", [], []),
    ],
)
def test_a_failed_comparison_is_approved_by_those_who_insist_only(
    button: str, approved: list[tuple[str, str]], insisted: list[tuple[str, str]]
) -> None:
    """With a reason, and once as long as it may still take effect; a decided card is left alone."""
    room = Room(button)
    human_in(room).approve()
    assert room.done == approved
    room = Room(button)
    human = human_in(room)
    for _ in range(2):
        human.insist("it is known")
    assert room.done == insisted


def test_a_held_upgrade_is_resumed_with_a_reason() -> None:
    """By who started it, once as long as it may still take effect."""
    room = Room()
    human = human_in(room)
    for _ in range(2):
        human.resume("the engine is back")
    assert room.done == [("U0ANN", "/ci-upgrade resume main the engine is back")]
