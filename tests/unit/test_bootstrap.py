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
from bot.local_client import NotRunning, ask
from bot.local_protocol import Request
from bot.model import RouterState, Side
from bot.settings.routers import HaproxyConfig
from tests.fakes.world import FakeRouter, make_config

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


def test_a_start_puts_a_router_right_that_points_elsewhere(tmp_path: Path, router: FakeRouter) -> None:
    """That is what preflight and ``check`` advise, for an address that was wrong at first."""
    router.state = dataclasses.replace(BLUE, blue="http://127.0.0.1:2")
    built = build_bot(make_config(tmp_path), TOKEN)
    bot = dataclasses.replace(
        built, services={"main": dataclasses.replace(built.services["main"], router=router)}
    )
    bot.start()
    bot.close()
    assert router.state == BLUE


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
