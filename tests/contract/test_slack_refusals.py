"""When Slack refuses a channel or a message: others go on, nothing is lost that people could mend, and status says what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from adapters import slack_notifier
from bot.content import Dashboard
from tests.contract.notifier_rig import Rig, running_rig, with_a_thread
from tests.fakes.outbox import MemoryOutbox
from tests.handlers.web_api import Answer

WARNINGS = slack_notifier.__name__


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig(MemoryOutbox()) as rig:
        yield rig


@pytest.fixture
def thread(rig: Rig) -> Rig:
    return with_a_thread(rig)


# ---- channels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found"])
def test_a_channel_without_the_bot_is_tried_until_somebody_invites_it(
    rig: Rig, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Status and log say that an invitation is missing; other channels are served meanwhile."""
    rig.api.fail("chat.postMessage", *[Answer(error=code)] * 4)
    with caplog.at_level(logging.WARNING, WARNINGS):
        rig.put("dashboard", "board")
        rig.deliver()
        rig.after(20)
        rig.after(40)
        assert "invite the bot" in rig.error
        assert ["invite the bot" in record.message for record in caplog.records] == [True]
    rig.after(70)
    rig.put("dashboard", "elsewhere", upgrade="u2", channel="C2")
    rig.deliver()
    assert rig.shown == ["elsewhere"]
    rig.after(600)
    assert sorted(rig.shown) == ["board", "elsewhere"]


@pytest.mark.parametrize(
    ("method", "code"), [("chat.postMessage", "is_archived"), ("chat.update", "is_inactive")]
)
def test_an_archived_channel_is_tried_each_ten_minutes_and_the_rest_goes_on(
    thread: Rig, method: str, code: str
) -> None:
    """Status says what to do; after days, when somebody has reopened it, everything is shown, in order."""
    if method == "chat.update":
        thread.api.fail(method, *[Answer(error=code)] * 300)
        thread.put("event-1", "news")
    else:
        thread.api.refused["two"] = code
        thread.put("event-2", "two")
        thread.put("event-3", "three")
    thread.deliver()
    thread.put("dashboard", "elsewhere", upgrade="u2", channel="C2")
    thread.deliver()
    assert "elsewhere" in thread.shown
    assert f"({code}): reopen the channel" in thread.error
    calls = len(thread.api.calls)
    for _ in range(299):
        thread.after(600)
    thread.api.refused.clear()
    thread.after(600)
    assert len(thread.api.calls) - calls <= 302
    assert (thread.waiting, thread.error) == (0, None)
    shown = [text for text in thread.shown if text != "elsewhere"]
    assert shown == (["board", "news"] if method == "chat.update" else ["board", "one", "two", "three"])


def test_news_for_a_closed_channel_are_not_tried_before_its_time(thread: Rig) -> None:
    """Somebody reopened the channel: the next change of the message is shown, not before ten minutes have passed."""
    thread.api.fail("chat.update", Answer(error="is_archived"))
    thread.put("event-1", "news")
    thread.deliver()
    thread.put("event-1", "more news")
    thread.after(300)
    assert thread.shown == ["board", "one"]
    thread.after(301)
    assert thread.shown == ["board", "more news"]
    assert (thread.waiting, thread.error) == (0, None)


def test_news_of_a_message_that_was_given_up_are_a_new_chance(thread: Rig) -> None:
    """It could not be changed any more when it was tried."""
    thread.api.fail("chat.update", Answer(error="edit_window_closed"))
    thread.put("event-1", "news")
    thread.after(1200)
    thread.after(1200)
    assert thread.shown == ["board", "one"]
    thread.put("event-1", "more news")
    thread.after(1200)
    assert thread.shown == ["board", "more news"]


# ---- messages ------------------------------------------------------------------------------------------------


def test_a_deleted_message_is_posted_anew(thread: Rig) -> None:
    """Somebody deleted the card: its news come as a new message in the thread, and later ones update that."""
    deleted = list(thread.api.messages)[1]
    del thread.api.messages[deleted]
    thread.put("event-1", "decided")
    thread.after(2)
    thread.put("event-1", "decided, and more")
    thread.after(2)
    assert thread.shown == ["board", "decided, and more"]
    assert thread.api.of("chat.postMessage")[-1]["thread_ts"] == next(iter(thread.api.messages))


def test_after_a_deleted_dashboard_the_story_goes_on_below_the_new_one(thread: Rig) -> None:
    """The new dashboard is the parent of what follows."""
    thread.api.messages.clear()
    thread.put("dashboard", "board again")
    thread.after(2)
    thread.put("event-2", "two")
    thread.after(2)
    assert thread.shown == ["board again", "two"]
    assert thread.api.of("chat.postMessage")[-1]["thread_ts"] == next(iter(thread.api.messages))


def test_a_reply_to_a_thread_that_is_gone_is_posted_in_the_channel(thread: Rig) -> None:
    """Better in the open than nowhere."""
    thread.api.fail("chat.postMessage", Answer(error="thread_not_found"))
    thread.put("event-2", "two")
    thread.deliver()
    assert "thread_ts" not in thread.api.of("chat.postMessage")[-1]
    assert thread.shown[-1] == "two"


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long"])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_refused_blocks_are_shown_as_plain_text(thread: Rig, method: str, code: str) -> None:
    """Once; the text alone tells the story."""
    thread.api.fail(method, Answer(error=code))
    thread.put("event-1" if method == "chat.update" else "event-2", "news")
    thread.deliver()
    assert not thread.api.of(method)[-1].get("blocks")
    assert thread.shown[-1] == "news"
    assert thread.waiting == 0


def test_a_message_that_slack_takes_in_no_form_is_given_up(thread: Rig) -> None:
    """After blocks and text; the next message is shown."""
    thread.api.fail("chat.postMessage", Answer(error="invalid_blocks"), Answer(error="msg_too_long"))
    thread.put("event-2", "news")
    thread.put("event-3", "more")
    thread.deliver()
    assert thread.shown == ["board", "one", "more"]
    assert "Slack refuses a message (msg_too_long)" in thread.error


def test_a_message_that_cannot_be_made_does_not_keep_the_others_back(
    thread: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect in one view costs one message."""
    broken = Dashboard("u", "c", "1", "2", "s", "no such tone", "", "U1", 0.0, (), 0, "blue")  # type: ignore[arg-type]  # the defect
    thread.put("event-2", broken)
    thread.put("event-3", "more")
    with caplog.at_level(logging.ERROR, WARNINGS):
        thread.deliver()
    assert thread.shown == ["board", "one", "more"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("code", ["internal_error", "something_new"])
def test_a_stumble_over_one_message_keeps_the_order_of_its_thread(thread: Rig, code: str) -> None:
    """Only what comes behind it there waits; other threads and updates go on."""
    thread.api.refused["two"] = code
    thread.put("event-2", "two")
    thread.put("event-3", "three")
    thread.deliver()
    thread.put("event-1", "changed")
    thread.put("dashboard", "elsewhere", upgrade="u2", channel="C2")
    thread.after(2)
    assert sorted(thread.shown) == ["board", "changed", "elsewhere"]
    thread.api.refused.clear()
    thread.after(10)
    assert [text for text in thread.shown if text != "elsewhere"] == ["board", "changed", "two", "three"]
    assert "elsewhere" in thread.shown


@pytest.mark.parametrize(("code", "seconds"), [("internal_error", 600), ("something_new", 60)])
def test_a_message_that_is_refused_again_and_again_is_passed(thread: Rig, code: str, seconds: float) -> None:
    """The story goes on without it, for people who wait for its next question."""
    thread.api.refused["two"] = code
    thread.put("event-2", "two")
    thread.put("event-3", "three")
    for _ in range(int(seconds)):
        thread.after(1)
    assert thread.shown == ["board", "one", "three"]
    assert f"({code})" in thread.error
