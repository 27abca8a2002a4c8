"""When Slack is away, refuses or forgets: messages are delayed or shown in the next best way; nothing raises, nothing is noisy."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from adapters import slack_notifier
from adapters.sqlite_store import SqliteStore
from bot.content import Dashboard, Picture
from rehearsal.free_ports import free_port
from tests.contract.notifier_rig import Rig, running_rig
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.timing import VirtualClock
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


@pytest.mark.parametrize("key", ["event-2", "dashboard"])
def test_a_lost_answer_posts_nothing_twice(rig: Rig, key: str) -> None:
    """Slack took it and the answer was lost: it is found by its metadata, in the channel or in the thread, and updated from then on."""
    rig.put("dashboard", "board")
    if key != "dashboard":
        rig.deliver()
    rig.api.fail("chat.postMessage", Answer(done_first=True))
    rig.put(key, "news")
    rig.after(60)
    rig.put(key, "more news")
    rig.after(60)
    rig.after(60)
    assert rig.shown == (["more news"] if key == "dashboard" else ["board", "more news"])
    assert rig.waiting == 0


def test_a_lost_post_that_slack_never_took_is_posted_after_a_look(thread: Rig) -> None:
    """Not found, so it is posted: once."""
    thread.api.fail("chat.postMessage", Answer(status=503))
    thread.put("event-2", "news")
    thread.deliver()
    thread.after(60)
    assert thread.api.of("conversations.replies")
    assert thread.shown == ["board", "one", "news"]


def test_a_bot_killed_before_its_note_finds_its_message_at_the_next_start(tmp_path: Path) -> None:
    """Slack took the post and the process died: the next process updates that message instead of posting another."""
    with running_rig(SqliteStore(tmp_path / "outbox.db")) as rig:

        def die(*_: object) -> None:
            raise SystemExit

        rig.put("dashboard", "board")
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(rig.outbox, "sent", die)
            rig.deliver()
        assert rig.posted == ["board"]
        again = Rig(rig.api, SqliteStore(tmp_path / "outbox.db"), VirtualClock(rig.clock.now() + 60))
        again.put("dashboard", "newer board")
        again.deliver()
        assert (again.posted, again.shown) == (["board"], ["newer board"])
        assert again.waiting == 0


def test_a_picture_whose_answer_was_lost_is_not_shown_twice(thread: Rig, tmp_path: Path) -> None:
    """Its file's name tells it, as an upload takes no metadata."""
    path = tmp_path / "u1-gate-10-1.png"
    path.write_bytes(b"picture")
    thread.api.fail("files.completeUploadExternal", Answer(done_first=True))
    thread.put("picture-1", Picture("Blue and green so far", "Blue: 14 ms.", str(path)))
    thread.deliver()
    thread.after(60)
    thread.after(60)
    assert len(thread.api.shared) == 1
    assert thread.waiting == 0


def test_where_the_host_of_files_cannot_be_reached_their_words_are_posted(
    thread: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy that lets only the Web API through must not stop the story: neither this message nor those behind it."""
    path = tmp_path / "u1-gate-10-1.png"
    path.write_bytes(b"picture")
    thread.api.upload_address = f"http://127.0.0.1:{free_port()}"
    for number in (1, 2):
        thread.put(f"picture-{number}", Picture("Blue and green so far", f"Picture {number}.", str(path)))
        thread.put(f"event-{number + 1}", f"after {number}")
    for _ in range(10):
        thread.after(60)
    assert [text for text in thread.posted if text.startswith("after")] == ["after 1", "after 2"]
    assert [sum(f"Picture {number}." in text for text in thread.posted) for number in (1, 2)] == [1, 1]
    assert thread.waiting == 0
    assert caplog.text.count("Slack takes no files") == 1


def test_a_picture_survives_an_outage(thread: Rig, tmp_path: Path) -> None:
    """However often it was tried: when Slack is back it is the picture that is shown, not its words."""
    path = tmp_path / "u1-gate-10-1.png"
    path.write_bytes(b"picture")
    for method in ("files.getUploadURLExternal", "chat.postMessage", "conversations.replies"):
        thread.api.fail(method, *[Answer(status=0)] * 5)
    thread.put("picture-1", Picture("Blue and green so far", "Blue: 14 ms.", str(path)))
    for _ in range(20):
        thread.after(60)
    assert len(thread.api.shared) == 1
    assert thread.shown == ["board", "one"]
    assert thread.waiting == 0


def test_where_slack_does_not_tell_what_was_posted_it_is_posted_again(
    thread: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """An app installed without the scopes: at least once, and the log says so."""
    thread.api.fail("chat.postMessage", Answer(done_first=True))
    thread.api.fail("conversations.replies", Answer(error="missing_scope"))
    thread.put("event-2", "news")
    with caplog.at_level(logging.WARNING, WARNINGS):
        thread.deliver()
        thread.after(60)
    assert thread.shown.count("news") == 2
    assert "missing_scope" in caplog.text
    assert thread.waiting == 0


def test_an_hour_without_slack_loses_nothing_and_floods_nothing_afterwards(rig: Rig) -> None:
    """A hundred events, and a dashboard that changes every second: afterwards one message each, a second apart, the dashboard newest."""
    rig.api.outage = True
    for second in range(3600):
        rig.put("dashboard", f"board {second}")
        if second % 36 == 0:
            rig.put(f"event-{second // 36}", f"event {second // 36}")
        rig.after(1)
    rig.api.outage = False
    rig.after(61)
    began = rig.clock.now()
    for _ in range(120):
        rig.after(1)
    assert rig.posted == ["board 3599", *(f"event {number}" for number in range(100))]
    assert rig.clock.now() - began >= 99
    assert rig.updated == []
    assert rig.waiting == 0


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


# ---- the outbox itself ---------------------------------------------------------------------------------------


def test_a_post_that_cannot_be_noted_is_not_sent_and_not_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Sent without a note it could appear twice after a crash; it is sent as soon as the disk has room."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    rig.put("dashboard", "board")
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, WARNINGS):
        patch.setattr(rig.outbox, "posting", full)
        for _ in range(5):
            rig.after(2)
        assert len(caplog.records) == 1
    assert rig.posted == []
    rig.after(2)
    assert rig.posted == ["board"]
    assert rig.waiting == 0


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
