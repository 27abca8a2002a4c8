"""The judge of the rehearsal: what was seen of builds, and what it amounts to. Histories are made up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rehearsal.exchanges import Exchange
from rehearsal.jenkins_reader import JenkinsReader, NoAnswer
from rehearsal.judgement import (
    BuildCount,
    count_builds,
    count_timers,
    freeze,
    rollback_seconds,
    serving_seconds,
    sync_lag,
)
from rehearsal.observer import Observer
from rehearsal.sightings import Build, Run, Sightings

MINUTE_MS = 60_000
T0 = 30_000_000 * MINUTE_MS
"""A full minute, milliseconds."""


def build(
    job: str = "app-1",
    number: int = 1,
    ticket: str | None = None,
    *,
    at: int = 1000,
    lasts: int = 500,
    result: str | None = "SUCCESS",
    running: bool = False,
    timer: bool = False,
) -> Build:
    """``at`` is milliseconds after T0."""
    if running:
        lasts, result = 0, None
    return Build(job, number, T0 + at, lasts, running, result, ticket, timer)


def seen(*looks: tuple[str, float, Iterable[Build]]) -> list[Run]:
    """Runs after these looks at (side, seconds after T0, builds)."""
    sightings = Sightings()
    for side, after, builds in looks:
        sightings.see(side, T0 / 1000 + after, builds)
    return list(sightings.runs())


def tick(number: int, *, at: int, job: str = "timer-1") -> Build:
    return build(job, number, at=at, timer=True)


def answer(at: float, side: str | None, kind: str = "page", failure: str | None = None) -> Exchange:
    return Exchange(T0 / 1000 + at, kind, "GET", "/", 200, 0.1, side, failure=failure)


# ---- builds ------------------------------------------------------------------------------------------------------


def test_builds_that_ran_once_and_are_in_the_final_history_are_fine() -> None:
    """A build that ran on blue, was carried to green and is there at the end is neither lost nor doubled."""
    done = build(ticket="t1")
    runs = seen(("blue", 1.1, [build(ticket="t1", running=True)]), ("blue", 2, [done]), ("green", 3, [done]))
    assert count_builds({"t1"}, runs, [done]) == BuildCount(triggered=1, run=1, lost=0, doubled=0)


def test_a_ticket_without_a_build_is_lost() -> None:
    """A trigger was accepted and nothing ever ran."""
    count = count_builds({"t1", "t2"}, seen(("blue", 2, [build(ticket="t1")])), [build(ticket="t1")])
    assert (count.triggered, count.run, count.lost, count.doubled) == (2, 1, 1, 0)
    assert "t2" in count.faults[0]


def test_a_build_that_is_missing_in_the_final_history_is_lost() -> None:
    """It ran on green, and blue, which took over again, does not know it."""
    ran = build(ticket="t1", number=7)
    assert count_builds({"t1"}, seen(("green", 2, [ran])), []).lost == 1


def test_a_timer_build_that_is_missing_in_the_final_history_is_lost() -> None:
    """Builds without a ticket count as well."""
    assert count_builds(set(), seen(("green", 2, [tick(3, at=0)])), []).lost == 1


def test_a_build_from_before_that_is_gone_at_the_end_is_lost() -> None:
    """History of years ago must survive as well."""
    old, older = build(number=1, at=-90_000), build(number=2, at=-80_000)
    count = count_builds(set(), [], [old], before={old.key, older.key})
    assert (count.lost, count.doubled) == (1, 0)


def test_a_build_that_was_broken_off_is_lost() -> None:
    """The load's jobs cannot fail by themselves: a failure means that the build was killed."""
    broken = build(ticket="t1", result="FAILURE")
    assert count_builds({"t1"}, seen(("blue", 2, [broken])), [broken]).lost == 1


def test_a_ticket_with_two_builds_is_doubled() -> None:
    """The relay submitted it twice: two numbers, one ticket."""
    twice = [build(ticket="t1", number=4), build(ticket="t1", number=5, at=1500)]
    count = count_builds({"t1"}, seen(("blue", 2, twice)), twice)
    assert (count.run, count.lost, count.doubled) == (1, 0, 1)


def test_a_number_that_both_sides_gave_out_is_doubled() -> None:
    """Both sides ran a number 4, with different tickets: one hides the other."""
    here, there = build(ticket="t1", number=4), build(ticket="t2", number=4, at=1300)
    count = count_builds({"t1", "t2"}, seen(("blue", 2, [here]), ("green", 2, [there])), [here])
    assert (count.lost, count.doubled) == (1, 1)


def test_a_build_that_ran_again_under_its_own_number_is_doubled() -> None:
    """Same ticket and number, another start time."""
    first, again = build(ticket="t1", number=4), build(ticket="t1", number=4, at=9000)
    count = count_builds({"t1"}, seen(("blue", 2, [first]), ("green", 10, [again])), [again])
    assert (count.lost, count.doubled) == (0, 1)


def test_a_pipeline_that_the_other_side_resumed_is_doubled() -> None:
    """Seen running on both sides: the clone loaded an unfinished build."""
    running, done = build("pipe-1", ticket="t1", running=True), build("pipe-1", ticket="t1")
    runs = seen(("blue", 1.2, [running]), ("green", 1.3, [running]), ("blue", 2, [done]))
    count = count_builds({"t1"}, runs, [done])
    assert (count.run, count.doubled) == (1, 1)
    assert "blue and green" in count.faults[0]


def test_a_pipeline_that_was_resumed_between_two_looks_is_doubled() -> None:
    """It ended differently on each side, so it was executed on each."""
    here, there = (
        build("pipe-1", ticket="t1", lasts=2000),
        build("pipe-1", ticket="t1", lasts=700, result="FAILURE"),
    )
    count = count_builds({"t1"}, seen(("blue", 4, [here]), ("green", 4, [there])), [here])
    assert count.doubled == 1


def test_a_resumption_that_the_instance_tells_of_is_doubled() -> None:
    """The stand-in lists what it went on with, so that no look has to hit the moment."""
    sightings = Sightings()
    sightings.see("blue", 1.0, [build("pipe-1", ticket="t1", running=True)])
    sightings.see_resumed("green", {("pipe-1", 1)})
    assert count_builds({"t1"}, list(sightings.runs()), [build("pipe-1", ticket="t1")]).doubled == 1


# ---- timers ------------------------------------------------------------------------------------------------------


def test_timers_that_fired_once_in_every_minute_are_fine() -> None:
    """Up to a second late, on either side, counted once though both sides show the build."""
    first, second = tick(1, at=700), tick(2, at=MINUTE_MS + 20)
    runs = seen(("blue", 2, [first]), ("green", 62, [first, second]))
    count = count_timers(["timer-1"], runs, T0 / 1000 - 30, T0 / 1000 + 80)
    assert (count.due, count.fired, count.missed, count.doubled) == (2, 2, 0, 0)


def test_a_minute_without_a_build_is_missed() -> None:
    """Neither side owned the timers at that boundary."""
    count = count_timers(["timer-1"], seen(("blue", 2, [tick(1, at=100)])), T0 / 1000 - 1, T0 / 1000 + 90)
    assert (count.due, count.fired, count.missed, count.doubled) == (2, 1, 1, 0)


def test_two_builds_in_a_minute_are_doubled() -> None:
    """Both sides fired."""
    runs = seen(("blue", 2, [tick(1, at=100)]), ("green", 2, [tick(1, at=350)]))
    count = count_timers(["timer-1"], runs, T0 / 1000 - 1, T0 / 1000 + 20)
    assert (count.due, count.fired, count.missed, count.doubled) == (1, 1, 0, 1)


def test_boundaries_outside_the_watched_time_do_not_count() -> None:
    """Neither the minute in which the watch began, nor a boundary that has only just come."""
    count = count_timers(["timer-1"], [], T0 / 1000 + 1, T0 / 1000 + 62)
    assert count.due == 0


def test_a_user_build_of_a_timer_job_does_not_count() -> None:
    """Only what the timer caused."""
    runs = seen(("blue", 2, [tick(1, at=100), build("timer-1", 2, at=900)]))
    assert count_timers(["timer-1"], runs, T0 / 1000 - 1, T0 / 1000 + 20).doubled == 0


# ---- times -------------------------------------------------------------------------------------------------------


def test_the_freeze_is_the_longest_wait_in_a_handover_beyond_the_ordinary_one() -> None:
    """Two canaries start at once, one was sent in the middle of a handover, one waited long when nothing moved."""
    started = {"a": 1050, "b": 2050, "c": 3900, "d": 34_000}
    runs = seen(("blue", 5, [build("canary", n, t, at=at) for n, (t, at) in enumerate(started.items())]))
    sent = {
        ticket: T0 / 1000 + at
        for ticket, at in {"a": 1, "b": 2, "c": 3, "d": 30, "never started": 3.5}.items()
    }
    found = freeze(sent, runs, [(T0 / 1000 + 2.9, T0 / 1000 + 3.8)])
    assert found.ticket == "c"
    assert found.ordinary_seconds == pytest.approx(0.475)
    assert found.seconds == pytest.approx(0.9 - 0.475)


def test_a_canary_that_waited_through_a_long_handover_counts() -> None:
    """It was sent long before the routes were switched, and started long after."""
    runs = seen(("blue", 5, [build("canary", 1, "a", at=1000), build("canary", 2, "b", at=40_000)]))
    sent = {"a": T0 / 1000 + 1, "b": T0 / 1000 + 2}
    assert freeze(sent, runs, [(T0 / 1000 + 20, T0 / 1000 + 21)]).seconds == pytest.approx(19)


def test_without_canaries_or_handover_there_is_no_freeze() -> None:
    """Nothing was measured, or nothing moved."""
    assert freeze({}, [], [(1, 2)]).seconds == 0
    runs = seen(("blue", 5, [build("canary", 1, "a", at=4000)]))
    assert freeze({"a": T0 / 1000}, runs, []).seconds == 0


def test_a_rollback_ends_with_the_last_session_on_green() -> None:
    """Owner routes and answers that name no release do not count."""
    exchanges = [
        answer(1, "green"),
        answer(5.3, "green"),
        answer(5.9, "blue"),
        answer(7, "green", "canary"),
        answer(8, None, "trigger"),
    ]
    assert rollback_seconds(exchanges, T0 / 1000 + 5) == pytest.approx(0.4)
    assert rollback_seconds([answer(1, "green")], T0 / 1000 + 5) == 0


def test_sync_lag_counts_while_the_other_side_serves_sessions() -> None:
    """The build ended at 2.0 s and green showed it at 3.5 s, while it answered sessions."""
    done = build(at=1000, lasts=1000)
    runs = seen(("blue", 1.5, [build(at=1000, running=True)]), ("blue", 2.2, [done]), ("green", 3.5, [done]))
    serving = serving_seconds([answer(second, "green") for second in range(6)])
    assert sync_lag(runs, serving, {}) == pytest.approx(1.5)
    assert sync_lag(runs, {"green": set()}, {}) == 0


def test_a_build_that_never_appeared_lags_until_the_last_look() -> None:
    """It cannot hide by never being carried."""
    runs = seen(("blue", 1.5, [build(running=True)]), ("blue", 2.2, [build(at=1000, lasts=1000)]))
    serving = serving_seconds([answer(second, "green") for second in range(10)])
    assert sync_lag(runs, serving, {"green": T0 / 1000 + 9}) == pytest.approx(7)


# ---- the REST API ------------------------------------------------------------------------------------------------


def rest_build(**fields: Any) -> dict[str, Any]:
    """As a Jenkins shows a build that a user triggered and that has ended."""
    return {
        "actions": [
            {"_class": "hudson.model.ParametersAction", "parameters": [{"name": "TICKET", "value": "t1"}]},
            {"_class": "hudson.model.CauseAction", "causes": [{"_class": "hudson.model.Cause$UserIdCause"}]},
            {},
        ],
        "building": False,
        "inProgress": False,
        "duration": 500,
        "number": 7,
        "result": "SUCCESS",
        "timestamp": T0 + 1000,
    } | fields


@pytest.fixture
def jenkins() -> Iterator[tuple[str, dict[str, Any]]]:
    """A server's address, and its answers by path."""
    answers: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("X-Jenkins", "2.426.2")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_builds_are_read_from_jobs_and_folders(jenkins: tuple[str, dict[str, Any]]) -> None:
    """Full names, tickets and timers; a build is over only when it neither builds nor is in progress."""
    address, answers = jenkins
    timer = [{"causes": [{"_class": "hudson.triggers.TimerTrigger$TimerTriggerCause"}]}]
    beginning = rest_build(number=8, building=True, inProgress=False, duration=0, result=None)
    ending = rest_build(number=9, building=False, inProgress=True, duration=0)
    answers["/api/json"] = {
        "jobs": [
            {"fullName": "app-1", "builds": [ending, beginning, rest_build()]},
            {
                "fullName": "team-a",
                "jobs": [{"fullName": "team-a/timer-1", "builds": [rest_build(actions=timer)]}],
            },
        ]
    }
    reader = JenkinsReader(address, "ann", "token")
    try:
        newest = reader.newest(12)
    finally:
        reader.close()
    assert [one.running for one in newest["app-1"]] == [True, True, False]
    assert newest["app-1"][2] == build(number=7, ticket="t1")
    assert [one.timer for one in newest["team-a/timer-1"]] == [True]


def test_a_queue_or_a_busy_executor_is_not_idle(jenkins: tuple[str, dict[str, Any]]) -> None:
    """Pipelines sit on one-off executors."""
    address, answers = jenkins
    reader = JenkinsReader(address, "ann", "token")
    idle = {"executors": [{"currentExecutable": None}], "oneOffExecutors": []}
    busy = {"executors": [{}], "oneOffExecutors": [{"currentExecutable": {"number": 3}}]}
    try:
        answers["/queue/api/json"], answers["/computer/api/json"] = {"items": []}, {"computer": [idle]}
        assert reader.idle()
        answers["/computer/api/json"] = {"computer": [idle, busy]}
        assert not reader.idle()
        answers["/queue/api/json"], answers["/computer/api/json"] = (
            {"items": [{"id": 1}]},
            {"computer": [idle]},
        )
        assert not reader.idle()
    finally:
        reader.close()


def test_an_observer_that_sees_nothing_does_not_acquit(jenkins: tuple[str, dict[str, Any]]) -> None:
    """The instance answers at the start and never again: the end is an error, not a row of zeros."""
    address, answers = jenkins
    answers["/api/json"] = {"jobs": []}
    observer = Observer(address, address, [], "ann", "token")
    observer.start()
    answers.clear()
    with pytest.raises(NoAnswer):
        observer.finish(0)
