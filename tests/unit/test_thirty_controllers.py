"""Thirty controllers are upgraded at once by one bot: none waits for another, and Slack is not flooded."""

from __future__ import annotations

import threading
from pathlib import Path

from adapters.slack_notifier import SlackNotifier, slack_client
from bot.config import Config
from bot.upgrade import Status
from handlers.views import render
from tests.fakes.world import ANN, BOB, Bot, World, make_config
from tests.handlers.web_api import BOT_TOKEN, running_web_api

NAMES = ("main", *(f"ci-{number:02}" for number in range(1, 30)))
LIMIT = 100
"""Rounds of ten seconds."""
SECONDS_OF_DELIVERY = 60


def configured(directory: Path) -> Config:
    config = make_config(
        directory,
        traffic=["handover", 100],
        observe_seconds=5,
        soak_seconds=5,
        sync_seconds=10,
        sample_seconds=10,
    )
    main = config.controllers["main"]
    return config.model_copy(update={"controllers": dict.fromkeys(NAMES, main)})


def test_thirty_upgrades_at_once_all_complete_and_do_not_flood_slack(tmp_path: Path) -> None:
    """No upgrade waits for another to end, and no thread's first message for another thread's last."""
    world = World(tmp_path)
    others = {name: World(tmp_path, world.clock) for name in NAMES[1:]}
    bot = Bot(world, configured(tmp_path), others=others)
    for name in NAMES:
        assert "Upgrading" in bot.commands.run(f"start {name} 2.516.3", ANN).text
    for _ in range(LIMIT):
        live = bot.store.live()
        if not live:
            break
        bot.settle(10.0)
        for upgrade in live:
            if bot.store.get(upgrade.id).status is Status.WAITING:
                bot.commands.run(f"approve {upgrade.controller}", BOB)
    upgrades = [bot.store.history(name, 1)[0] for name in NAMES]
    assert [upgrade.status for upgrade in upgrades] == [Status.COMPLETED] * len(NAMES)
    ends = [upgrade.ended_at or 0.0 for upgrade in upgrades]
    assert max(ends) - min(ends) <= 10, "side by side: within one round of approvals"
    for each in (world, *others.values()):
        assert len(each.owners()) == 1, "each controller has one owner, and it is green"
        assert not each.instances["main-first"].running

    with running_web_api() as api:
        notifier = SlackNotifier(slack_client(BOT_TOKEN, api.api_url), bot.store, render, world.clock)
        stop, until = threading.Event(), world.clock.now() + SECONDS_OF_DELIVERY
        world.clock.listeners.append(lambda now: stop.set() if now >= until else None)
        notifier.run(stop, threading.Event())
        posts = [call["metadata"]["event_payload"] for call in api.of("chat.postMessage")]
        assert len(NAMES) < len(posts) <= SECONDS_OF_DELIVERY + 2, (
            "one a second in the channel that all share"
        )
        first = posts[: len(NAMES)]
        assert {post["upgrade"] for post in first} == {upgrade.id for upgrade in upgrades}
        assert {post["key"] for post in first} == {"dashboard"}
        assert api.of("chat.update") == [], (
            "a dashboard that changed a hundred times is posted once, as it is now"
        )
        shown = [call["text"] for call in api.of("chat.postMessage")[: len(NAMES)]]
        assert all("2.516.3" in text and "Completed" in text for text in shown)
