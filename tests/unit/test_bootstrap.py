"""The product put together: the router is chosen by its kind, and kept while nothing is upgraded."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.routers.envoy import EnvoyRouter
from adapters.routers.haproxy import HaproxyRouter
from bot.bootstrap import Bot, build_bot
from bot.config import Config, parse
from bot.idle_router import IdleRouter
from bot.instances import remember, remember_retired, retired
from bot.local_client import NotRunning, ask
from bot.local_protocol import Request
from bot.model import Instance, RouterState, Side
from bot.ports import Environment
from bot.settings.routers import HaproxyConfig
from bot.traffic import alone
from tests.fakes.world import FakeRouter, World, make_config

TOKEN = {"MAIN_TOKEN": "made-up"}
BLUE = RouterState("http://127.0.0.1:1", None, 0, Side.BLUE)
"""What the configuration of these tests says about the running instance."""


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


@pytest.fixture
def router() -> FakeRouter:
    return FakeRouter()


@pytest.fixture
def bot(tmp_path: Path, router: FakeRouter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """Started, looking at its router all the time."""
    monkeypatch.setattr("bot.bootstrap.ROUTERS_SECONDS", 0.02)
    built = build_bot(make_config(tmp_path), TOKEN)
    services = dataclasses.replace(built.services["main"], router=router)
    started = dataclasses.replace(built, services={"main": services})
    started.start()
    try:
        yield started
    finally:
        started.close()


def test_a_router_that_knows_nothing_is_told_where_the_running_instance_is(
    bot: Bot, router: FakeRouter
) -> None:
    """At the start, and whenever it has lost it: a reload between two upgrades."""
    assert router.state == BLUE
    router.state = None
    eventually(lambda: router.state == BLUE)


def test_a_part_that_missed_a_change_is_mended_after_the_upgrade(bot: Bot, router: FakeRouter) -> None:
    """It was down during a rollback and comes back with what it was told before."""
    router.behind = True
    eventually(lambda: not router.behind)


def test_a_sound_router_that_points_elsewhere_is_left_to_people(bot: Bot, router: FakeRouter) -> None:
    """Somebody may have a reason; the next preflight names it."""
    elsewhere = dataclasses.replace(BLUE, blue="http://127.0.0.1:2")
    router.state = elsewhere
    looks = router.looks
    eventually(lambda: router.looks > looks + 2)
    assert router.state == elsewhere


def configured(tmp_path: Path, url: str = "http://127.0.0.1:1", home: str = "/home") -> Config:
    data = make_config(tmp_path).model_dump(mode="json")
    data["controllers"]["main"]["environment"]["blue"] |= {"url": url, "home": home}
    return parse(data, "test")


def start_once(config: Config, router: FakeRouter, remembered: Instance | None = None) -> None:
    """A bot that looks at its router when it starts, and ends. ``remembered``: what an upgrade left as the running instance."""
    built = build_bot(config, TOKEN)
    services = dataclasses.replace(built.services["main"], router=router)
    if remembered is not None:
        remember(built.store, "main", remembered, services.first)
    bot = dataclasses.replace(built, services={"main": services})
    bot.start()
    bot.close()


GREEN = Instance("main-u1", "2.516.3", "http://127.0.0.1:18000", "/instances/main-u1/home")


@pytest.mark.parametrize(
    "by_hand",
    [
        dataclasses.replace(BLUE, blue="http://127.0.0.1:2"),
        dataclasses.replace(BLUE, green="http://127.0.0.1:2", weight=50),
        dataclasses.replace(BLUE, green="http://127.0.0.1:2", owner=Side.GREEN),
    ],
)
def test_a_start_leaves_a_router_to_the_people_who_changed_it(
    tmp_path: Path, router: FakeRouter, by_hand: RouterState
) -> None:
    """In an incident somebody leads users away from a broken instance: a bot that starts again must not lead them back."""
    start_once(configured(tmp_path), router)
    assert router.state == BLUE
    router.state = by_hand
    start_once(configured(tmp_path), router)
    assert router.state == by_hand


def test_a_state_that_nobody_can_name_is_left_as_well(tmp_path: Path, router: FakeRouter) -> None:
    """Servers that were moved by hand under what the bot wrote."""
    start_once(configured(tmp_path), router)
    router.state, router.by_hand = None, True
    start_once(configured(tmp_path), router)
    assert router.state is None


def test_a_corrected_address_is_told_at_the_next_start(tmp_path: Path, router: FakeRouter) -> None:
    """The router still leads where the bot led it: so nobody changed it, but the configuration."""
    start_once(configured(tmp_path, "http://127.0.0.1:2"), router)
    assert router.state == dataclasses.replace(BLUE, blue="http://127.0.0.1:2")
    start_once(configured(tmp_path), router)
    assert router.state == BLUE


def test_after_an_upgrade_the_router_leads_to_the_new_instance(tmp_path: Path, router: FakeRouter) -> None:
    """What the upgrade left counts more than the same old configuration, also when the router has lost everything."""
    config = configured(tmp_path)
    start_once(config, router)
    router.state = alone(GREEN)
    start_once(config, router, remembered=GREEN)
    router.state = None
    start_once(config, router)
    assert router.state == alone(GREEN)


def test_a_configuration_that_names_another_instance_counts_more_than_the_last_upgrade(
    tmp_path: Path, router: FakeRouter
) -> None:
    """Somebody has corrected `environment.blue`; the router follows, as it still leads where the bot led it."""
    start_once(configured(tmp_path), router, remembered=GREEN)
    start_once(configured(tmp_path, "http://127.0.0.1:3", "/restored"), router)
    assert router.state == dataclasses.replace(BLUE, blue="http://127.0.0.1:3")


@pytest.mark.parametrize("runs", [True, False])
def test_people_may_go_back_to_the_configured_instance(
    tmp_path: Path, router: FakeRouter, runs: bool
) -> None:
    """Led there while it runs, it counts as the running one again, and a router that loses everything is led there. While it does
    not run, the record of the last upgrade stays."""
    config = configured(tmp_path)
    router.state = alone(GREEN)
    start_once(config, router, remembered=GREEN)
    router.state = BLUE
    built = build_bot(config, TOKEN)
    world = World(tmp_path / "world")
    world.instances["main-first"].running = runs
    environment: Environment = world.environment
    services = dataclasses.replace(
        built.services["main"],
        router=router,
        environment=environment,
        first=dataclasses.replace(built.services["main"].first, name="main-first"),
    )
    idle = IdleRouter(services, built.store)
    idle.look()
    assert router.state == BLUE
    router.state = None
    idle.look()
    assert router.state == (BLUE if runs else alone(GREEN))


def test_a_retired_instance_that_runs_again_is_never_removed(
    tmp_path: Path, router: FakeRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People went back to it: its time is over, but its home is the controller's only one. Others go."""
    monkeypatch.setattr("bot.bootstrap.HOUSEKEEPING_SECONDS", 0.02)
    world = World(tmp_path / "world")
    world.add(GREEN, {})
    built = build_bot(make_config(tmp_path), TOKEN)
    first = world.blue
    services = dataclasses.replace(
        built.services["main"], router=router, environment=world.environment, first=first
    )
    for instance in (first, GREEN):
        remember_retired(built.store, "main", instance, 0.0)
    started = dataclasses.replace(built, services={"main": services})
    started.start()
    try:
        eventually(lambda: not retired(built.store, "main"))
    finally:
        started.close()
    assert list(world.instances) == [first.name]


def test_a_change_by_hand_is_logged_once(
    tmp_path: Path, router: FakeRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """Not every half minute; again when it is another."""
    start_once(configured(tmp_path), router)
    built = build_bot(configured(tmp_path), TOKEN)
    idle = IdleRouter(dataclasses.replace(built.services["main"], router=router), built.store)
    for port in (2, 2, 3):
        router.state = dataclasses.replace(BLUE, blue=f"http://127.0.0.1:{port}")
        for _ in range(3):
            idle.look()
    assert len(caplog.records) == 2


def test_the_command_line_reaches_the_bot_while_it_runs(tmp_path: Path, router: FakeRouter) -> None:
    """From the start to the end, and no longer."""
    built = build_bot(make_config(tmp_path), TOKEN)
    services = dataclasses.replace(built.services["main"], router=router)
    bot = dataclasses.replace(built, services={"main": services})
    bot.start()
    try:
        assert ask(tmp_path, Request("status")).lines[0].startswith("*main*")
    finally:
        bot.close()
    with pytest.raises(NotRunning):
        ask(tmp_path, Request("status"))


def test_the_router_is_chosen_by_its_kind(tmp_path: Path) -> None:
    """Nothing outside is touched meanwhile."""
    config = make_config(tmp_path)
    assert isinstance(build_bot(config, TOKEN).services["main"].router, EnvoyRouter)
    haproxy = HaproxyConfig.model_validate({"kind": "haproxy", "instances": [{"socket": "/absent.sock"}]})
    main = config.controllers["main"].model_copy(update={"router": haproxy})
    changed = config.model_copy(update={"controllers": {"main": main}})
    assert isinstance(build_bot(changed, TOKEN).services["main"].router, HaproxyRouter)
