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
from bot.content import Picture
from rehearsal.free_ports import free_port
from tests.contract.notifier_rig import Rig, running_rig, with_a_thread
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
    return with_a_thread(rig)


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
