"""Several HAProxys before one controller: told the same or nothing, except on the way back to blue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from adapters.routers.haproxy import HaproxyRouter
from bot.errors import Permanent, Temporary
from bot.model import RouterState, Side
from rehearsal.haproxy import HAProxy
from tests.contract.haproxy_rig import configuration, rig_with
from tests.contract.router_backends import free_port
from tests.contract.router_rig import Connection, Rig, eventually


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[HAProxy]:
    with HAProxy(tmp_path / "haproxy", free_port(), free_port()) as running:
        yield running


@pytest.fixture
def rig(haproxy: HAProxy) -> Iterator[Rig]:
    with rig_with(haproxy) as ready:
        yield ready


@pytest.fixture
def second(tmp_path: Path) -> Iterator[HAProxy]:
    with HAProxy(tmp_path / "second", free_port(), free_port()) as running:
        yield running


@pytest.fixture
def pair(rig: Rig, haproxy: HAProxy, second: HAProxy) -> HaproxyRouter:
    """One router of two HAProxys before the rig's instances."""
    return HaproxyRouter("main", configuration(haproxy, second))


def sides(rig: Rig, url: str) -> set[str]:
    """Which sides new sessions come to through one HAProxy."""
    return {str(requests.get(url, timeout=60).json()["side"]) for _ in range(10)}


def test_two_haproxys_are_told_the_same(rig: Rig, pair: HaproxyRouter, second: HAProxy) -> None:
    """Whichever a user comes through; what they counted is added up."""
    pair.apply(rig.state(100, Side.GREEN))
    assert pair.read() == rig.state(100, Side.GREEN)
    assert sides(rig, rig.url) == sides(rig, second.url) == {"green"}
    eventually(lambda: pair.traffic()[Side.GREEN].requests == 20)


def test_when_one_of_two_is_down_nothing_is_changed(rig: Rig, pair: HaproxyRouter, second: HAProxy) -> None:
    """The text names the one that is down, whichever it is."""
    pair.apply(rig.state(10))
    second.stop()
    with pytest.raises(Temporary, match=str(second.socket)):
        pair.apply(rig.state(25))
    with pytest.raises(Temporary, match=str(second.socket)):
        pair.read()
    with pytest.raises(Temporary, match=str(second.socket)):
        pair.traffic()
    assert rig.router.read() == rig.state(10)


def test_the_way_back_does_not_wait_for_the_one_that_is_down(
    rig: Rig, pair: HaproxyRouter, second: HAProxy
) -> None:
    """Users of the other are on blue at once; the one that comes back is seen to differ, and is mended."""
    pair.apply(rig.state(100))
    second.stop()
    [named] = pair.apply_where_possible(rig.state(0))
    assert str(second.socket) in named
    assert sides(rig, rig.url) == {"blue"}
    second.start()
    with pytest.raises(Permanent, match="differ"):
        pair.read()
    pair.apply(rig.state(0))
    assert pair.read() == rig.state(0)
    assert sides(rig, second.url) == {"blue"}


def test_connections_are_ended_on_the_one_that_answers(
    rig: Rig, pair: HaproxyRouter, second: HAProxy
) -> None:
    """The end of a handover does not wait for an HAProxy that is down: it has no connections."""
    pair.apply(rig.state(0))
    second.stop()
    with Connection.websocket(rig.url, "/wsagents/") as agent:
        assert agent.side() == "blue"
        pair.close_owner_connections(Side.BLUE)
        assert agent.side() == ""


def test_when_none_answers_there_is_no_way_back(
    rig: Rig, pair: HaproxyRouter, haproxy: HAProxy, second: HAProxy
) -> None:
    """Nobody is told that users are back when they are not."""
    pair.apply(rig.state(100))
    haproxy.stop()
    second.stop()
    with pytest.raises(Temporary, match=str(second.socket)):
        pair.apply_where_possible(rig.state(0))


def test_what_one_refuses_is_undone_on_the_other(rig: Rig, haproxy: HAProxy, tmp_path: Path) -> None:
    """The second has no agent port: the first goes on as before."""
    with HAProxy(tmp_path / "second", free_port()) as second:
        pair = HaproxyRouter("main", configuration(haproxy, second))
        without_agents = RouterState(rig.blue.url, rig.green.url, 10, Side.BLUE)
        pair.apply(without_agents)
        with pytest.raises(Permanent, match="jenkins-blue-agents"):
            pair.apply(rig.state(25))
        assert pair.read() == without_agents
