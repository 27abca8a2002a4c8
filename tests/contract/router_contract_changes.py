"""What every router must do while things change or break, and what it must count: the second half of the contract suite."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import pytest
import requests

from bot.model import Histogram, Side, Traffic
from tests.contract.router_backends import Backend
from tests.contract.router_contract import TOKEN
from tests.contract.router_rig import Connection, Rig, eventually

__all__ = ["RouterChangesContract", "load"]

CONNECTIONS = ["websocket agent", "websocket cli", "tcp agent"]


def connect(rig: Rig, kind: str) -> AbstractContextManager[Connection]:
    if kind == "tcp agent":
        return Connection.tcp(rig.agent_port)
    return Connection.websocket(rig.url, "/wsagents/" if kind == "websocket agent" else "/cli/ws")


def caught_up(rig: Rig) -> Mapping[Side, Traffic]:
    """The counters once they, and response times, which routers collect in intervals, have caught up with the requests."""
    eventually(rig.counted)
    found = rig.router.traffic()
    if not rig.measures_times:
        return found

    def complete() -> bool:
        nonlocal found
        found = rig.router.traffic()
        return all(answered(traffic) == traffic.requests for traffic in found.values())

    eventually(complete)
    return found


def answered(traffic: Traffic) -> int:
    return traffic.latency.counts[-1] if traffic.latency.counts else 0


def grown(start: Mapping[Side, Traffic], end: Mapping[Side, Traffic], side: Side) -> tuple[int, int, int]:
    """How many requests, errors and response times more."""
    before, after = start[side], end[side]
    return (
        after.requests - before.requests,
        after.errors - before.errors,
        answered(after) - answered(before),
    )


@contextmanager
def load(rig: Rig) -> Iterator[Counter[str]]:
    """About fifty requests a second inside the block; counts what they were answered with, "200" when all is well."""
    answers: Counter[str] = Counter()
    ended = threading.Event()

    def visit(method: str, path: str, pause: float, headers: dict[str, str], *, keep: bool) -> None:
        session = requests.Session()
        while not ended.wait(pause):
            body = uuid.uuid4().bytes if method == "POST" else None
            try:
                answer = session.request(method, rig.url + path, data=body, headers=headers, timeout=60)
                answers[str(answer.status_code)] += 1
            except requests.RequestException as error:
                answers[repr(error)] += 1
            if not keep:
                session.close()
                session = requests.Session()
        session.close()

    visitors = [
        *[("GET", "/", 0.1, {}, True)] * 2,
        ("GET", "/", 0.1, {}, False),
        *[("GET", "/slow?seconds=0.7", 0.01, {}, True)] * 2,
        ("POST", "/job/app/build", 0.1, {}, True),
        ("POST", "/job/app/build", 0.1, TOKEN, True),
    ]
    threads = [
        threading.Thread(target=visit, args=arguments, kwargs={"keep": keep}) for *arguments, keep in visitors
    ]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


class RouterChangesContract:
    """Failures, changes under load, long connections, counters."""

    # ---- instances that fail -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("side", list(Side))
    def test_sessions_of_a_failed_instance_are_served_by_the_other(self, rig: Rig, side: Side) -> None:
        """Both sides have weight: nobody sees an error, and the session is back on its side once it answers again."""
        rig.router.apply(rig.state(50))
        session = rig.session(side)
        failing = rig.blue if side is Side.BLUE else rig.green
        failing.stop()
        assert {rig.side(session=session) for _ in range(20)} == {side.other.value}
        assert {rig.side() for _ in range(20)} == {side.other.value}
        failing.start()
        eventually(lambda: rig.side(session=session) == side.value)

    def test_a_follower_without_weight_does_not_help(self, rig: Rig) -> None:
        """A green that is not validated yet never gets people's sessions, not even when blue is down."""
        rig.router.apply(rig.state(0))
        rig.blue.stop()
        answers = {requests.get(rig.url, timeout=60).status_code for _ in range(5)}
        assert answers == {503}

    def test_an_owner_without_weight_helps(self, rig: Rig) -> None:
        """After the handover green is trusted with everything: it serves blue's sessions when blue fails."""
        rig.router.apply(rig.state(0, Side.GREEN))
        rig.blue.stop()
        assert {rig.side() for _ in range(10)} == {"green"}

    def test_owner_requests_never_go_to_the_follower(self, rig: Rig) -> None:
        """A build that is triggered while the owner is down fails visibly rather than queue on the wrong side."""
        rig.router.apply(rig.state(50, Side.BLUE))
        rig.blue.stop()
        assert requests.post(rig.url + "/job/app/build", headers=TOKEN, timeout=60).status_code == 503
        assert rig.green.bodies == []

    def test_a_starting_instance_gets_no_sessions(self, rig: Rig) -> None:
        """503 on the login page is Jenkins saying that it is not ready."""
        rig.router.apply(rig.state(100, Side.BLUE))
        rig.green.login_status = 503
        eventually(lambda: {rig.side() for _ in range(5)} == {"blue"})
        rig.green.login_status = 200
        eventually(lambda: {rig.side() for _ in range(5)} == {"green"})

    def test_a_request_that_reached_an_instance_is_not_sent_again(self, rig: Rig) -> None:
        """An instance that dies while it answers leaves an error, not a second build."""
        rig.router.apply(rig.state(50))
        session = rig.session(Side.GREEN)

        def kill() -> None:
            eventually(lambda: bool(rig.green.held))
            rig.green.stop()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            assert session.post(rig.url + "/held", data=b"once", timeout=60).status_code >= 500
        except requests.ConnectionError:
            assert not rig.answers_for_the_dead
        finally:
            killer.join()
        assert (rig.green.bodies, rig.blue.bodies) == ([b"once"], [])

    # ---- changes under load ------------------------------------------------------------------------------------

    def test_thirty_quick_changes_drop_no_request(self, rig: Rig) -> None:
        """Weights, owner and green's address change while browsers, slow pages, clicks and triggers are under way."""
        moved = Backend("moved")
        moved.start()
        try:
            rig.router.apply(rig.state(50))
            with load(rig) as answers:
                for turn in itertools.count():
                    if turn >= 30 and answers["200"] > 100:
                        break
                    state = rig.state((0, 10, 50, 100, 25)[turn % 5], list(Side)[turn // 3 % 2])
                    if turn % 4 == 3:
                        state = dataclasses.replace(state, green=moved.url, green_agent_port=moved.agent_port)
                    rig.router.apply(state)
                    assert rig.router.read() == state
                    time.sleep(0.05)  # so that some requests meet each state
        finally:
            moved.stop()
        assert set(answers) == {"200"}, answers
        bodies = Counter(rig.blue.bodies + rig.green.bodies + moved.bodies)
        assert set(bodies.values()) == {1}, "a click arrived twice"

    # ---- long connections --------------------------------------------------------------------------------------

    @pytest.mark.parametrize("kind", CONNECTIONS)
    @pytest.mark.parametrize("owner", list(Side))
    def test_agents_and_cli_connect_to_the_owner(self, rig: Rig, kind: str, owner: Side) -> None:
        """Whatever the session weight."""
        rig.router.apply(rig.state(100 if owner is Side.BLUE else 0, owner))
        with connect(rig, kind) as connection:
            assert connection.side() == owner.value

    @pytest.mark.parametrize("kind", CONNECTIONS)
    def test_connections_outlive_a_handover_until_they_are_ended(self, rig: Rig, kind: str) -> None:
        """Builds that still run on the old owner keep their agents; then the agents come back at the new one."""
        rig.router.apply(rig.state(50, Side.BLUE))
        with connect(rig, kind) as old:
            assert old.side() == "blue"
            rig.router.apply(rig.state(50, Side.GREEN))
            assert old.side() == "blue"
            with connect(rig, kind) as new:
                rig.router.close_owner_connections(Side.BLUE)
                assert old.side() == ""
                assert new.side() == "green"
            with connect(rig, kind) as again:
                assert again.side() == "green"

    def test_ending_owner_connections_leaves_requests_alone(self, rig: Rig) -> None:
        """A slow page and a slow trigger on the same instance are answered, and its sessions stay."""
        rig.router.apply(rig.state(50, Side.BLUE))
        session = rig.session(Side.BLUE)
        found: list[str] = []

        def ask(method: str, headers: Mapping[str, str]) -> None:
            found.append(rig.side("/held", method, session, headers))

        asking = [
            threading.Thread(target=ask, args=arguments) for arguments in (("GET", {}), ("POST", TOKEN))
        ]
        for thread in asking:
            thread.start()
        with Connection.websocket(rig.url, "/wsagents/") as agent:
            assert agent.side() == "blue"
            eventually(lambda: sorted(rig.blue.held) == ["GET", "POST"])
            rig.router.close_owner_connections(Side.BLUE)
            assert agent.side() == ""
        rig.blue.release.set()
        for thread in asking:
            thread.join()
        assert found == ["blue", "blue"]
        assert rig.side(session=session) == "blue"

    def test_connections_can_be_ended_again(self, rig: Rig) -> None:
        """The verb is repeatable, and the side is reachable afterwards."""
        rig.router.apply(rig.state(0, Side.BLUE))
        for _ in range(2):
            with Connection.websocket(rig.url, "/wsagents/") as agent:
                assert agent.side() == "blue"
                rig.router.close_owner_connections(Side.BLUE)
                assert agent.side() == ""
        assert rig.router.read() == rig.state(0, Side.BLUE)

    # ---- counters ----------------------------------------------------------------------------------------------

    def test_a_router_that_was_told_nothing_has_seen_nothing(self, rig: Rig) -> None:
        """Counters start at 0 for both sides."""
        assert {side: (seen.requests, seen.errors) for side, seen in rig.router.traffic().items()} == {
            Side.BLUE: (0, 0),
            Side.GREEN: (0, 0),
        }

    def test_requests_errors_and_times_are_counted_by_side(self, rig: Rig) -> None:
        """Exactly the requests that were made, sessions and owner requests alike; health checks are not among them."""
        rig.router.apply(rig.state(50, Side.GREEN))
        sessions = {side: rig.session(side) for side in Side}
        start = caught_up(rig)
        for side, ordinary, failing in ((Side.BLUE, 7, 2), (Side.GREEN, 4, 1)):
            for _ in range(ordinary):
                rig.side(session=sessions[side])
            for _ in range(failing):
                assert sessions[side].get(rig.url + "/status?code=500", timeout=60).status_code == 500
        rig.side("/job/app/build", "POST", headers=TOKEN)
        logins = rig.blue.logins
        eventually(lambda: rig.blue.logins > logins)
        end = caught_up(rig)
        assert grown(start, end, Side.BLUE) == (9, 2, 9 if rig.measures_times else 0)
        assert grown(start, end, Side.GREEN) == (6, 1, 6 if rig.measures_times else 0)

    def test_times_fall_into_the_right_buckets(self, rig: Rig) -> None:
        """A request that took more than half a second is not among the faster ones; a router without times tells none."""
        rig.router.apply(rig.state(0))
        rig.side("/slow?seconds=0.6")
        latency = caught_up(rig)[Side.BLUE].latency
        if not rig.measures_times:
            assert latency == Histogram((), ())
            return
        assert list(latency.bounds) == sorted(latency.bounds)
        assert list(latency.counts) == sorted(latency.counts)
        fast = [count for bound, count in zip(latency.bounds, latency.counts, strict=True) if bound <= 0.5]
        slow = [count for bound, count in zip(latency.bounds, latency.counts, strict=True) if bound >= 60]
        assert fast[-1] == 0
        assert slow[0] == 1

    def test_errors_that_the_router_makes_count_for_the_side_that_is_down(self, rig: Rig) -> None:
        """No answer is an error of the instance that did not give it."""
        rig.router.apply(rig.state(0, Side.BLUE))
        rig.blue.stop()
        start = rig.router.traffic()
        for _ in range(3):
            assert requests.get(rig.url, timeout=60).status_code == 503
        assert requests.post(rig.url, headers=TOKEN, timeout=60).status_code == 503
        eventually(rig.counted)
        end = rig.router.traffic()
        assert grown(start, end, Side.BLUE)[:2] == (4, 4)
        assert grown(start, end, Side.GREEN)[:2] == (0, 0)

    def test_what_the_other_side_had_to_answer_counts_as_an_error(self, rig: Rig) -> None:
        """A failing green cannot look healthy because blue answers for it."""
        rig.router.apply(rig.state(50))
        session = rig.session(Side.GREEN)
        rig.green.stop()
        start = rig.router.traffic()
        for _ in range(5):
            assert rig.side(session=session) == "blue"
        eventually(rig.counted)
        end = rig.router.traffic()
        assert grown(start, end, Side.GREEN)[:2] == (5, 5)
        assert grown(start, end, Side.BLUE)[:2] == (0, 0)
