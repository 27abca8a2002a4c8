"""HAProxy's counters as traffic: what counts for which side, and sums that never fall."""

from __future__ import annotations

from adapters.routers.haproxy_traffic import Counters, Counts, count
from bot.model import Side

BACKENDS = {
    ("jenkins-blue", "BACKEND"): {"hrsp_2xx": "90", "hrsp_4xx": "5", "hrsp_5xx": "4", "hrsp_other": "1"},
    ("jenkins-blue", "blue"): {"hrsp_2xx": "87", "hrsp_4xx": "5", "hrsp_5xx": "1"},
    ("jenkins-blue", "green"): {"hrsp_2xx": "3", "hrsp_5xx": "2"},
    ("jenkins-blue-owner", "BACKEND"): {"hrsp_2xx": "10"},
    ("jenkins-blue-connections", "BACKEND"): {"hrsp_1xx": "2"},
    ("jenkins-green", "BACKEND"): {"hrsp_2xx": "7"},
    ("other-blue", "BACKEND"): {"hrsp_2xx": "1000"},
}


def test_a_side_has_its_sessions_and_its_owner_requests() -> None:
    """What the other side answered for it is its error as well, and counted once; other people's backends are not."""
    counted = count("jenkins", BACKENDS)
    assert counted == {Side.BLUE: Counts(112, 4 + 3), Side.GREEN: Counts(7, 0)}


def test_a_sum_never_falls_when_one_of_several_begins_again() -> None:
    """What it had counted before its reload stays in the sum."""
    counters = Counters()

    def total(first: Counts, second: Counts) -> tuple[int, int]:
        sides = {"a": {Side.BLUE: first}, "b": {Side.BLUE: second}}
        traffic = counters.traffic(sides)[Side.BLUE]
        return traffic.requests, traffic.errors

    assert total(Counts(100, 3), Counts(50, 1)) == (150, 4)
    assert total(Counts(2, 1), Counts(60, 1)) == (162, 5)
    assert total(Counts(5, 1), Counts(0, 0)) == (165, 5)
    assert total(Counts(5, 1), Counts(10, 0)) == (175, 5)
