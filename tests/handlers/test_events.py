"""Mentions, messages to the bot and the opened home tab: signed events through the real Bolt app."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from bot.commands import Actor, Overview
from bot.content import Notice
from handlers.home import MOST_READERS, WATCHED_SECONDS, HomeTabs
from tests.handlers.block_rules import view_faults
from tests.handlers.conftest import RecordingCommands
from tests.handlers.payloads import event, request
from tests.handlers.web_api import BOT_TOKEN, WebApi

THREAD = "1764000000.000001"


def mention(text: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "app_mention",
        "user": "U0ANN",
        "text": text,
        "ts": "1764000009.000001",
        "channel": "C1",
        "event_ts": "1764000009.000001",
        **more,
    }


def direct(text: str, **more: Any) -> dict[str, Any]:
    return mention(text, type="message", channel="D0ANN", channel_type="im", **more)


def settle(app: App) -> None:
    app.listener_runner.listener_executor.shutdown()


# ---- mentions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["<@U0BOT> rollback R&amp;D", "  <@U0BOT>: rollback R&amp;D ", "<@U0BOT|ci-upgrade>, rollback R&amp;D"],
)
def test_a_mention_in_a_thread_is_a_command_of_that_thread(
    app: App, commands: RecordingCommands, api: WebApi, text: str
) -> None:
    """Without the mention itself, as it was typed; the answer is for the writer alone, in the thread."""
    commands.answer = lambda: Notice("You may not roll back.", tone="warning")
    assert app.dispatch(request(event(mention(text, thread_ts=THREAD)))).status == 200
    (sent,) = api.wait_for("chat.postEphemeral")
    assert commands.asked == [("run", "rollback R&D")]
    assert commands.actors == [Actor("U0ANN", "<@U0ANN>", "C1", THREAD, 1764000009.000001)]
    assert (sent["channel"], sent["user"], sent["thread_ts"]) == ("C1", "U0ANN", THREAD)


def test_a_mention_in_the_channel_is_answered_in_the_channel(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """No thread is begun for it; a public answer is one for all."""
    commands.answer = lambda: Notice("Held.", public=True)
    app.dispatch(request(event(mention("<@U0BOT> hold main"))))
    (sent,) = api.wait_for("chat.postMessage")
    assert "thread_ts" not in sent
    assert api.of("chat.postEphemeral") == []


def test_words_in_the_bots_own_conversation_are_commands(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """No mention is needed where nobody else reads, and nothing has to be ephemeral."""
    app.dispatch(request(event(direct("status", thread_ts=THREAD))))
    (sent,) = api.wait_for("chat.postMessage")
    assert (sent["channel"], sent["thread_ts"]) == ("D0ANN", THREAD)
    assert commands.asked == [("run", "status")]


@pytest.mark.parametrize(
    "body",
    [
        direct("status", bot_id="B1"),
        direct("status", subtype="message_changed"),
        mention("status", type="message", channel_type="channel"),
        mention("<@U0BOT> status", bot_id="B1"),
        mention("<@U0BOT> approve", edited={"user": "U0ANN", "ts": "1764000010.000000"}),
    ],
    ids=["a bot", "an edit", "a channel", "a mention by a bot", "an edited mention"],
)
def test_what_no_person_asked_the_bot_is_left_alone(
    app: App, commands: RecordingCommands, api: WebApi, body: dict[str, Any]
) -> None:
    """Two bots must never talk to each other, and an edit is no second command."""
    assert app.dispatch(request(event(body))).status == 200
    settle(app)
    assert commands.asked == []


def test_an_event_that_comes_twice_is_taken_once(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Slack delivers events more than once; another event with the same words is another command."""
    for id in ("Ev1", "Ev1", "Ev2"):
        app.dispatch(request(event(mention("<@U0BOT> status"), id)))
    settle(app)
    assert len(commands.asked) == 2


def test_events_without_an_id_are_each_taken(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Nothing says that they are the same."""
    for text in ("<@U0BOT> status", "<@U0BOT> rollback"):
        app.dispatch(request({**event(mention(text)), "event_id": ""}))
    settle(app)
    assert sorted(commands.asked) == [("run", "rollback"), ("run", "status")]


def test_an_error_inside_is_told_to_the_writer(
    app: App, commands: RecordingCommands, api: WebApi, caplog: pytest.LogCaptureFixture
) -> None:
    """An event has no response URL, so the last resort of clicks cannot tell them."""

    def fail() -> None:
        raise RuntimeError("secret detail")

    commands.answer = fail
    app.dispatch(request(event(mention("<@U0BOT> status"))))
    (sent,) = api.wait_for("chat.postEphemeral")
    settle(app)
    assert "Something went wrong" in sent["text"]
    assert "secret detail" not in sent["text"]
    assert "secret detail" in caplog.text


# ---- home tab ------------------------------------------------------------------------------------------------


def opened(tab: str = "home") -> dict[str, Any]:
    return {"type": "app_home_opened", "user": "U0ANN", "channel": "D0ANN", "tab": tab, "event_ts": "1.2"}


def test_the_home_tab_is_drawn_when_it_is_opened(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """For its reader, with their own conversation in it."""
    app.dispatch(request(event(opened())))
    (sent,) = api.wait_for("views.publish")
    view = sent["view"]
    assert sent["user_id"] == "U0ANN"
    assert view_faults(view) == []
    assert view["private_metadata"] == "D0ANN"
    assert commands.actors == [Actor("U0ANN", "U0ANN", "D0ANN")]


def test_the_messages_tab_draws_nothing(app: App, api: WebApi) -> None:
    """Slack sends the same event for it."""
    app.dispatch(request(event(opened("messages"))))
    settle(app)
    assert api.of("views.publish") == []


@pytest.fixture
def tabs(commands: RecordingCommands, api: WebApi) -> Any:
    now = [0.0]
    made = HomeTabs(WebClient(BOT_TOKEN, base_url=api.api_url), commands, lambda: now[0])
    return made, now


def test_an_open_tab_is_drawn_again_only_when_it_changed(
    tabs: Any, commands: RecordingCommands, api: WebApi
) -> None:
    """Not noisy: the same content is not published again; a change is."""
    made, _ = tabs
    made.opened("U0ANN", "D0ANN")
    for _ in range(5):
        made.refresh()
    assert len(api.of("views.publish")) == 1
    commands.seen = Overview((), ())
    made.refresh()
    made.refresh()
    assert len(api.of("views.publish")) == 2


def test_a_tab_that_was_opened_long_ago_is_left_alone(
    tabs: Any, commands: RecordingCommands, api: WebApi
) -> None:
    """Its reader gets news by opening it again."""
    made, now = tabs
    made.opened("U0ANN", "D0ANN")
    now[0] += WATCHED_SECONDS + 1
    commands.seen = Overview((), ())
    made.refresh()
    assert len(api.of("views.publish")) == 1
    made.opened("U0ANN", "D0ANN")
    assert len(api.of("views.publish")) == 2


def test_only_the_latest_readers_are_kept_up_to_date(
    tabs: Any, commands: RecordingCommands, api: WebApi
) -> None:
    """A thousand curious people must not use up Slack's patience."""
    made, _ = tabs
    for number in range(MOST_READERS + 10):
        made.opened(f"U{number}", f"D{number}")
    before = len(api.of("views.publish"))
    commands.seen = Overview((), ())
    made.refresh()
    readers = {call["user_id"] for call in api.of("views.publish")[before:]}
    assert readers == {f"U{number}" for number in range(10, MOST_READERS + 10)}


def test_an_outage_does_not_lose_a_change(tabs: Any, commands: RecordingCommands, api: WebApi) -> None:
    """What could not be drawn is drawn at the next time."""
    made, _ = tabs
    made.opened("U0ANN", "D0ANN")
    commands.seen = Overview((), ())
    api.outage = True
    made.refresh()
    api.outage = False
    made.refresh()
    assert len(api.of("views.publish")) == 2
