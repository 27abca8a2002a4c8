"""Slack's pace, and who goes next (https://docs.slack.dev/apis/web-api/rate-limits)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import OutboxRow

__all__ = ["Pace"]

POST_SECONDS = 1.0
"""Between new messages in one channel: Slack takes about one a second."""
UPDATE_SECONDS = 1.2
"""Between updates of any messages: chat.update is of tier 3, 50 a minute in a workspace."""


class Pace:
    """New messages wait in one lane for each channel, all updates in one lane together.

    Messages are posted in the order of the outbox. Of the updates the one comes first that was shown longest ago, so that a
    dashboard that changes all the time does not keep a decided card waiting.
    """

    def __init__(self, post_seconds: float = POST_SECONDS, update_seconds: float = UPDATE_SECONDS) -> None:
        self._post_seconds = post_seconds
        self._update_seconds = update_seconds
        self._free_at: dict[str | None, float] = {}
        self._shown_at: dict[int, float] = {}

    def next(self, rows: Sequence[OutboxRow], now: float) -> tuple[OutboxRow, float]:
        """Which of the rows (at least one) goes next, and the time at which it may."""
        first: dict[str | None, OutboxRow] = {}
        updates = sorted(
            (row for row in rows if row.ts is not None), key=lambda row: self._shown_at.get(row.id, 0.0)
        )
        for row in (*(row for row in rows if row.ts is None), *updates):
            first.setdefault(_lane(row), row)
        lane = min(first, key=lambda lane: max(now, self._free_at.get(lane, now)))
        return first[lane], self._free_at.get(lane, now)

    def used(self, row: OutboxRow, now: float) -> None:
        """The row is being sent."""
        self._shown_at[row.id] = now
        self._free_at[_lane(row)] = now + (self._post_seconds if row.ts is None else self._update_seconds)

    def pause(self, row: OutboxRow, until: float) -> None:
        """Nothing in the row's lane before that time."""
        self._free_at[_lane(row)] = until


def _lane(row: OutboxRow) -> str | None:
    return row.channel if row.ts is None else None
