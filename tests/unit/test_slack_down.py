"""Slack is down from the first message to the last: the upgrade is led from the bot's machine, and the thread tells it all afterwards."""

from __future__ import annotations

from pathlib import Path

from adapters.slack_notifier import SlackNotifier, slack_client
from bot.upgrade import Status
from handlers.views import render
from tests.fakes.world import ANN, Bot, World, make_config
from tests.handlers.web_api import BOT_TOKEN, running_web_api
from tests.unit.local_rig import ME, CommandLine, listening

LIMIT = 400
"""Rounds of a second; a whole upgrade takes about 250 virtual seconds."""


def test_an_upgrade_is_led_from_the_command_line_and_told_in_the_thread_afterwards(tmp_path: Path) -> None:
    """Every message once, in the order in which it happened, at Slack's pace, with its last text."""
    config, world = make_config(tmp_path), World(tmp_path)
    bot, shell = Bot(world, config), CommandLine(config)
    with running_web_api() as api, listening(bot, tmp_path):
        notifier = SlackNotifier(slack_client(BOT_TOKEN, api.api_url), bot.store, render, world.clock)
        api.outage = True
        began = world.clock.now()
        bot.commands.run("start main 2.516.3", ANN)
        for _ in range(LIMIT):
            if not bot.upgrade().live:
                break
            bot.settle(1.0)
            notifier.deliver_due()
            if bot.upgrade().status is Status.WAITING:
                done = shell.run("approve", answer="y\n")
                assert done.exit_code == 0, done.output
        upgrade = bot.upgrade()
        assert upgrade.status is Status.COMPLETED
        assert api.messages == {}
        most = 8 + (world.clock.now() - began) / 60
        assert len(api.calls) <= most, "Slack was left in peace, tried after 1, 2, 4 … 60 s"

        api.outage = False
        api.calls.clear()
        world.clock.move(world.clock.now() + 60)
        back = world.clock.now()
        notifier.deliver_due()
        assert bot.store.undelivered() == (0, None)

        posts = api.of("chat.postMessage")
        keys = [post["metadata"]["event_payload"]["key"] for post in posts]
        assert len(set(keys)) == len(keys), "each once"
        assert world.clock.now() - back >= len(posts) - 1, "no more than one a second"
        assert api.of("chat.update") == [], "each with its last text at once"

        parent = next(iter(api.messages))
        assert keys[0] == "dashboard"
        assert {post["thread_ts"] for post in posts[1:]} == {parent}
        gates = bot.store.gates(upgrade.id)
        happened = [gate.id for gate in sorted(gates, key=lambda gate: gate.opened_at)]
        assert [key for key in keys if key in happened] == happened
        for gate in gates:
            step = upgrade.steps[upgrade.steps.index(gate.step) + 1]
            assert keys.index(gate.id) < keys.index(f"event-{step}-done"), (
                "the question, then what came of it"
            )
        assert keys[-1] == "event-finished"

        cards = [post["text"] for post, key in zip(posts, keys, strict=True) if key in happened]
        assert len(cards) == len(gates) == sum(step.startswith("gate-") for step in upgrade.steps)
        assert all(f"Approved* by {ME} on the command line" in card for card in cards)
        decisions = [entry for entry in bot.store.journal(upgrade.id) if entry.name == "approved"]
        assert [entry.actor for entry in decisions] == [ME] * len(gates)
