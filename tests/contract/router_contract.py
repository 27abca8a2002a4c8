"""What every router must do with what it is told: one suite, run on each implementation.

An implementation's test module subclasses :class:`RouterContract` and defines the fixture ``rig``.
"""

from __future__ import annotations

import dataclasses

import pytest
import requests

from bot.errors import Permanent
from bot.model import RouterState, Side
from tests.contract.router_backends import Backend
from tests.contract.router_rig import Rig

__all__ = ["RouterContract"]

TOKEN = {"Authorization": "Basic YW5uOnRva2Vu"}
OWNER_REQUESTS = [
    ("GET", "/tcpSlaveAgentListener/", {}),
    ("POST", "/cli?remoting=false", {}),
    ("GET", "/wsagents/", {}),
    ("POST", "/github-webhook/", {}),
    ("GET", "/git/notifyCommit?url=x", {}),
    ("POST", "/job/app/build", TOKEN),
    ("DELETE", "/job/app/", TOKEN),
    ("GET", "/queue/item/7/api/json", TOKEN),
]


class RouterContract:
    """State and routing."""

    def test_reading_a_router_that_was_told_nothing_is_a_permanent_error(self, rig: Rig) -> None:
        """Nothing is guessed before the first apply."""
        with pytest.raises(Permanent):
            rig.router.read()

    @pytest.mark.parametrize("owner", list(Side))
    def test_what_is_read_back_equals_what_was_applied(self, rig: Rig, owner: Side) -> None:
        """Weights, owner, addresses and agent ports survive the way through the router exactly."""
        for weight in (0, 1, 50, 99, 100):
            rig.router.apply(rig.state(weight, owner))
            assert rig.router.read() == rig.state(weight, owner)

    def test_a_controller_without_green_and_agent_port_reads_back(self, rig: Rig) -> None:
        """The state before an upgrade."""
        alone = RouterState(rig.blue.url, None, 0, Side.BLUE)
        rig.router.apply(alone)
        assert rig.router.read() == alone
        assert {rig.side() for _ in range(10)} == {"blue"}

    @pytest.mark.parametrize("change", [{"weight": 10}, {"owner": Side.GREEN}])
    def test_green_without_an_address_gets_nothing(self, rig: Rig, change: dict[str, int | Side]) -> None:
        """A state that would send requests nowhere is refused and changes nothing."""
        alone = RouterState(rig.blue.url, None, 0, Side.BLUE)
        rig.router.apply(alone)
        with pytest.raises(Permanent):
            rig.router.apply(dataclasses.replace(alone, **change))  # type: ignore[arg-type] # one field of its own type
        assert rig.router.read() == alone

    def test_applying_the_same_again_changes_nothing(self, rig: Rig) -> None:
        """An apply that is repeated after a crash is harmless."""
        rig.router.apply(rig.state(50, Side.GREEN))
        session = rig.session(Side.BLUE)
        rig.router.apply(rig.state(50, Side.GREEN))
        assert rig.router.read() == rig.state(50, Side.GREEN)
        assert {rig.side(session=session) for _ in range(10)} == {"blue"}

    @pytest.mark.parametrize(("weight", "side"), [(0, "blue"), (100, "green")])
    def test_weights_0_and_100_are_exact(self, rig: Rig, weight: int, side: str) -> None:
        """Not one new session goes to the side without weight."""
        rig.router.apply(rig.state(weight))
        assert {rig.side() for _ in range(60)} == {side}

    def test_new_sessions_are_spread_by_weight(self, rig: Rig) -> None:
        """Of 300 new sessions at 20%, about 60 come to green (more than six standard deviations allowed)."""
        rig.router.apply(rig.state(20))
        green = [rig.side() for _ in range(300)].count("green")
        assert 15 < green < 105

    def test_a_session_stays_while_its_side_has_weight(self, rig: Rig) -> None:
        """Weights move new sessions only."""
        rig.router.apply(rig.state(50))
        sessions = {side: rig.session(side) for side in Side}
        for weight in (10, 90, 1, 99):
            rig.router.apply(rig.state(weight))
            for side, session in sessions.items():
                assert {rig.side(session=session) for _ in range(10)} == {side.value}

    def test_sessions_move_at_once_when_their_side_has_no_weight(self, rig: Rig) -> None:
        """Moved sessions are told so: they stay on the new side when the old one gets weight again."""
        rig.router.apply(rig.state(50))
        session = rig.session(Side.GREEN)
        rig.router.apply(rig.state(0))
        assert rig.side(session=session) == "blue"
        rig.router.apply(rig.state(99))
        assert {rig.side(session=session) for _ in range(20)} == {"blue"}
        rig.router.apply(rig.state(100))
        assert rig.side(session=session) == "green"

    def test_the_router_cookie_cannot_be_read_by_pages(self, rig: Rig) -> None:
        """HttpOnly, SameSite=Lax, for the whole site, until the browser is closed."""
        rig.router.apply(rig.state(100))
        cookie = requests.get(rig.url, timeout=60).headers["Set-Cookie"]
        value, *attributes = cookie.split("; ")
        assert value.endswith("=green")
        assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]

    @pytest.mark.parametrize(("method", "path", "headers"), OWNER_REQUESTS)
    def test_owner_requests_follow_the_owner(
        self, rig: Rig, method: str, path: str, headers: dict[str, str]
    ) -> None:
        """Whatever the weight and whatever session the client has."""
        rig.router.apply(rig.state(50))
        sessions = [rig.session(side) for side in Side]
        for owner, weight in ((Side.BLUE, 100), (Side.GREEN, 0), (Side.GREEN, 50), (Side.BLUE, 50)):
            rig.router.apply(rig.state(weight, owner))
            for session in sessions:
                assert rig.side(path, method, session, headers) == owner.value

    @pytest.mark.parametrize(("weight", "side"), [(0, "blue"), (100, "green")])
    def test_reading_with_a_token_follows_the_weight(self, rig: Rig, weight: int, side: str) -> None:
        """API readers look where people look."""
        rig.router.apply(rig.state(weight, Side(side).other))
        assert {rig.side("/job/app/api/json", headers=TOKEN) for _ in range(10)} == {side}

    def test_clicks_without_a_token_stay_in_their_session(self, rig: Rig) -> None:
        """A crumb is only good on its own instance; the guard relays what is queued on the follower."""
        rig.router.apply(rig.state(50, Side.GREEN))
        session = rig.session(Side.BLUE)
        assert rig.side("/job/app/build", "POST", session) == "blue"

    def test_paths_that_only_begin_like_an_owner_path_are_sessions(self, rig: Rig) -> None:
        """``/client`` is not ``/cli``."""
        rig.router.apply(rig.state(100, Side.BLUE))
        assert rig.side("/client") == "green"
        assert rig.side("/cli") == "blue"

    def test_host_and_forwarded_headers_are_right(self, rig: Rig) -> None:
        """Jenkins builds links and checks origins with them."""
        rig.router.apply(rig.state())
        for path in ("/", "/cli"):
            seen = requests.get(rig.url + path, headers={"Host": "ci.example.com:8443"}, timeout=60).json()[
                "headers"
            ]
            assert seen["host"] == "ci.example.com:8443"
            assert seen["x-forwarded-for"]  # a router may show its own address in place of the loopback one
            assert seen["x-forwarded-proto"] == "http"

    def test_encoded_paths_arrive_as_they_were_sent(self, rig: Rig) -> None:
        """Branch jobs have encoded slashes in their names."""
        rig.router.apply(rig.state())
        path = "/job/app/job/feature%252Fx//a%20b/?q=%2F"
        assert requests.get(rig.url + path, timeout=60).json()["path"] == path

    def test_large_uploads_pass(self, rig: Rig) -> None:
        """Bodies are streamed, not held to a limit."""
        rig.router.apply(rig.state())
        body = b"x" * 20_000_000
        assert requests.post(rig.url + "/upload", data=body, timeout=60).status_code == 200
        assert rig.blue.bodies == [body]

    def test_answers_are_streamed(self, rig: Rig) -> None:
        """The first half of a progressive log arrives while the second is still to be written."""
        rig.router.apply(rig.state())
        with requests.get(rig.url + "/stream", stream=True, timeout=60) as answer:
            chunks = answer.iter_content(4)
            assert next(chunks) == b"half"
            rig.blue.release.set()
            assert list(chunks) == [b"half"]

    def test_an_instance_may_have_a_context_path(self, rig: Rig) -> None:
        """Owner routes stand below it, and the address reads back with it."""
        state = dataclasses.replace(
            rig.state(100), blue=rig.blue.url + "/jenkins", green=rig.green.url + "/jenkins"
        )
        rig.router.apply(state)
        assert rig.router.read() == state
        assert rig.side("/jenkins/") == "green"
        assert rig.side("/jenkins/cli") == "blue"

    def test_greens_address_changes_at_run_time(self, rig: Rig) -> None:
        """A green that was built again elsewhere is reached at once."""
        rig.router.apply(rig.state(100, Side.GREEN))
        moved = Backend("moved")
        moved.start()
        try:
            state = dataclasses.replace(rig.state(100, Side.GREEN), green=moved.url)
            rig.router.apply(state)
            assert rig.router.read() == state
            assert {rig.side() for _ in range(10)} == {"moved"}
            assert rig.side("/job/app/build", "POST", headers=TOKEN) == "moved"
        finally:
            moved.stop()

    def test_green_can_be_taken_away(self, rig: Rig) -> None:
        """Also in one step with its weight: its sessions are on blue at once."""
        rig.router.apply(rig.state(50, Side.GREEN))
        session = rig.session(Side.GREEN)
        rig.router.apply(RouterState(rig.blue.url, None, 0, Side.BLUE))
        assert rig.side(session=session) == "blue"
        assert rig.router.read().green is None

    def test_a_restarted_router_routes_as_before(self, rig: Rig) -> None:
        """What was applied is kept by the router, not by the bot."""
        rig.router.apply(rig.state(30, Side.GREEN))
        session = rig.session(Side.GREEN)
        rig.restart()
        assert rig.router.read() == rig.state(30, Side.GREEN)
        assert rig.side(session=session) == "green"
        assert rig.side("/cli") == "green"
