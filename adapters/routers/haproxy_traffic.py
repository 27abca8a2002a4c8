"""HAProxy's counters as traffic of the two sides.

A request counts when it has ended, a WebSocket when it is closed; health checks never count. HAProxy keeps averages of response
times, and only over its last 1024 requests: no distribution can be told from them, so the histograms stay empty. The verdict
rests on the response times of the bot's own probes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.routers import haproxy_plan as plan
from bot.model import Histogram, Side, Traffic

__all__ = ["Counters", "Counts", "count"]

Statistics = Mapping[tuple[str, str], Mapping[str, str]]

ANSWERS = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")
ERRORS = "hrsp_5xx"


@dataclass(frozen=True, slots=True)
class Counts:
    requests: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.requests + other.requests, self.errors + other.errors)


def count(name: str, statistics: Statistics) -> Mapping[Side, Counts]:
    """What one HAProxy has counted since it was started or reloaded.

    Where the other side answered for one that is down, the request belongs to the side that the session is on, and is an error
    of that side although its user saw none.
    """
    return {side: _of_side(name, side, statistics) for side in Side}


class Counters:
    """Adds up HAProxys whose counters each begin again at their own reload, so that the sum never falls while the bot runs."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, Side], Counts] = {}
        """What was counted by workers that are gone."""
        self._last: dict[tuple[str, Side], Counts] = {}

    def traffic(self, counted: Mapping[str, Mapping[Side, Counts]]) -> Mapping[Side, Traffic]:
        """``counted``: HAProxy's address → its counts now."""
        totals = dict.fromkeys(Side, Counts())
        for address, sides in counted.items():
            for side, counts in sides.items():
                key = (address, side)
                last = self._last.get(key, Counts())
                if counts.requests < last.requests:
                    self._before[key] = self._before.get(key, Counts()) + last
                self._last[key] = counts
                totals[side] += counts + self._before.get(key, Counts())
        return {
            side: Traffic(total.requests, total.errors, Histogram((), ())) for side, total in totals.items()
        }


def _of_side(name: str, side: Side, statistics: Statistics) -> Counts:
    requests = errors = 0
    for backend in (plan.sessions(name, side), plan.owner(name, side), plan.connections(name, side)):
        row = statistics.get((backend, "BACKEND"), {})
        requests += sum(int(row.get(field, 0)) for field in ANSWERS)
        errors += int(row.get(ERRORS, 0))
    helper = statistics.get((plan.sessions(name, side), side.other.value), {})
    helped = sum(int(helper.get(field, 0)) for field in ANSWERS if field != ERRORS)
    return Counts(requests, errors + helped)
