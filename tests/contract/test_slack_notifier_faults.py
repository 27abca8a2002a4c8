"""When Slack is away, refuses or forgets: messages are delayed or shown in the next best way; nothing raises, nothing is noisy."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise

import pytest

from adapters import slack_notifier
from bot.content import Dashboard
from tests.contract.notifier_rig import Rig, running_rig
from tests.fakes.outbox import MemoryOutbox
from tests.handlers.web_api import Answer

WARNINGS = slack_notifier.__name__


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig(MemoryOutbox()) as rig:
        yield rig


@pytest.fixture
def thread(rig: Rig) -> Rig:
    """With a dashboard and one reply shown already."""
    rig.put("dashboard", "board")
    rig.put("event-1", "one")
    rig.deliver()
    rig.after(60)
    return rig


# ---- outage --------------------------------------------------------------------------------------------------


def test_an_outage_delays_messages_and_loses_none(rig: Rig) -> None:
    """Everything put meanwhile is shown afterwards, in order, and each key with its newest content only."""
    rig.api.outage = True
    rig.put("dashboard", "board")
    rig.deliver()
    rig.put("event-1", "one")
    rig.after(300)
    rig.put("dashboard", "newer board")
    rig.api.outage = False
    rig.after(60)
    rig.deliver()
    assert rig.posted == ["newer board", "one"]
    assert rig.waiting == 0


def test_slack_is_left_in_peace_during_an_outage(rig: Rig) -> None:
    """Attempts come at growing distances, at most a minute: 1, 2, 4, …, 60, 60; a new message does not add any."""
    rig.api.fail("chat.postMessage", *[Answer(status=503)] * 12)
    rig.put("dashboard", "board")
    moments: list[float] = []
    while len(moments) < 12:
        before = len(rig.api.calls)
        rig.after(0.5)
        rig.put("dashboard", f"board {rig.clock.now()}")
        if len(rig.api.calls) > before:
            moments.append(rig.clock.now())
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60], abs=0.6)


def test_an_outage_is_logged_once_and_its_end_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Ten failures are one line."""
    rig.api.outage = True
    rig.put("dashboard", "board")
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            rig.after(61)
        assert len(caplog.records) == 1
        rig.api.outage = False
        rig.after(61)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert rig.error is None


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_a_cut_connection_is_an_outage_too(thread: Rig, method: str) -> None:
    """No answer at all: tried again, shown once."""
    thread.api.fail(method, Answer(status=0))
    thread.put("event-1" if method == "chat.update" else "event-2", "news")
    thread.deliver()
    thread.after(5)
    assert thread.shown.count("news") == 1
    assert thread.waiting == 0


def test_a_lost_answer_posts_a_second_time_as_documented(thread: Rig) -> None:
    """At least once: Slack took it, the answer was lost, and without an idempotency key it is said again, exactly once."""
    thread.api.fail("chat.postMessage", Answer(done_first=True))
    thread.put("event-2", "news")
    thread.deliver()
    thread.after(60)
    thread.after(60)
    assert thread.shown.count("news") == 2


def test_a_refused_token_keeps_messages_until_it_is_mended(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is given up; the log says once what to do."""
    rig.api.fail("chat.postMessage", *[Answer(error="token_revoked")] * 3)
    rig.put("dashboard", "board")
    with caplog.at_level(logging.WARNING, WARNINGS):
        for _ in range(3):
            rig.after(61)
    assert ["SLACK_BOT_TOKEN" in record.message for record in caplog.records] == [True]
    rig.after(61)
    assert rig.shown == ["board"]


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
def test_an_archived_channel_is_given_up_and_the_rest_goes_on(thread: Rig, method: str, code: str) -> None:
    """The message is kept with its error for status; nothing is tried again."""
    thread.api.fail(method, Answer(error=code))
    thread.put("event-1" if method == "chat.update" else "event-2", "news")
    thread.deliver()
    thread.put("dashboard", "elsewhere", upgrade="u2", channel="C2")
    thread.deliver()
    calls = len(thread.api.calls)
    thread.after(600)
    assert len(thread.api.calls) == calls
    assert thread.error == code
    assert "elsewhere" in thread.shown


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
    assert thread.error == "msg_too_long"


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
def test_a_stumble_over_one_message_is_tried_again_while_others_go_on(thread: Rig, code: str) -> None:
    """Only that message waits."""
    thread.api.fail("chat.postMessage", Answer(error=code))
    thread.put("event-2", "two")
    thread.put("event-3", "three")
    thread.deliver()
    thread.after(5)
    assert sorted(thread.shown) == ["board", "one", "three", "two"]


# ---- the outbox itself ---------------------------------------------------------------------------------------


def test_a_failing_outbox_neither_raises_nor_repeats_messages(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk: what Slack took is not posted again, and is noted as soon as the disk has room."""

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    rig.put("dashboard", "board")
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, WARNINGS):
        patch.setattr(rig.outbox, "sent", full)
        for _ in range(5):
            rig.after(2)
        assert len(caplog.records) == 1
    rig.after(2)
    assert rig.posted == ["board"]
    assert rig.waiting == 0
