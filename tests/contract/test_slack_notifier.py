"""The outbox reaches Slack in order, at its pace and coalesced; pictures once; content that Slack refuses in the next best way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.slack_notifier import SlackNotifier, slack_client
from adapters.sqlite_store import SqliteStore
from bot.content import Document, Picture
from handlers.views import render
from tests.contract.notifier_rig import CHANNEL, UPGRADE, CountedOutbox, Rig, running_rig
from tests.fakes.outbox import MemoryOutbox
from tests.handlers.web_api import BOT_TOKEN, Answer

PNG = b"\x89PNG\r\n\x1a\n picture"
IMPLEMENTATIONS: dict[str, Callable[[Path], CountedOutbox]] = {
    "memory": lambda _: MemoryOutbox(),
    "sqlite": lambda path: SqliteStore(path / "outbox.db"),
}


@pytest.fixture(params=IMPLEMENTATIONS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Every test runs on both outboxes."""
    with running_rig(IMPLEMENTATIONS[request.param](tmp_path)) as rig:
        yield rig


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "gate.png"
    path.write_bytes(PNG)
    return Picture("Blue and green so far", "Blue: 14 ms. " + "w" * 1500, str(path))


# ---- order and place -----------------------------------------------------------------------------------------


def test_the_dashboard_comes_first_and_the_rest_into_its_thread_in_order(rig: Rig) -> None:
    """Whatever was put first, everything else is a reply to the dashboard, oldest first."""
    for key, text in (("event-1", "one"), ("event-2", "two"), ("dashboard", "board"), ("event-3", "three")):
        rig.put(key, text)
    rig.deliver()
    assert rig.posted == ["board", "one", "two", "three"]
    parent = next(iter(rig.api.messages))
    assert [call.get("thread_ts") for call in rig.api.of("chat.postMessage")] == [None, *[parent] * 3]
    assert rig.waiting == 0


def test_a_message_is_text_and_blocks_and_names_itself(rig: Rig) -> None:
    """The metadata tells upgrade and key; links are not unfolded."""
    rig.put("dashboard", "board")
    rig.deliver()
    (call,) = rig.api.of("chat.postMessage")
    assert call["channel"] == CHANNEL
    assert call["blocks"][0]["text"]["text"] == "board"
    assert call["metadata"] == {
        "event_type": "ci_upgrade",
        "event_payload": {"upgrade": UPGRADE, "key": "dashboard"},
    }
    assert call["unfurl_links"] is False


def test_what_is_put_again_is_updated_in_place(rig: Rig) -> None:
    """One message, never two; the same content again sends nothing."""
    rig.put("dashboard", "old")
    rig.deliver()
    rig.put("dashboard", "new")
    rig.deliver()
    rig.put("dashboard", "new")
    rig.after(60)
    assert (rig.posted, rig.updated, rig.shown) == (["old"], ["new"], ["new"])


# ---- pace ----------------------------------------------------------------------------------------------------


def test_messages_of_a_channel_are_a_second_apart_and_channels_do_not_wait_for_each_other(rig: Rig) -> None:
    """Five messages take four seconds; those of another channel go in between."""
    for number in range(5):
        rig.put("dashboard", f"a{number}", upgrade=f"a{number}", channel="C1")
        rig.put("dashboard", f"b{number}", upgrade=f"b{number}", channel="C2")
    start = rig.clock.now()
    rig.deliver()
    assert sorted(rig.posted[:2]) == ["a0", "b0"]
    assert rig.clock.now() - start == pytest.approx(4, abs=0.5)


def test_updates_that_were_not_sent_yet_are_replaced(rig: Rig) -> None:
    """A dashboard that changes four times a second costs at most fifty calls a minute, and ends with the newest."""
    rig.put("dashboard", "board 0")
    rig.deliver()
    start = rig.clock.now()
    for number in range(1, 241):
        rig.put("dashboard", f"board {number}")
        rig.clock.move(rig.clock.now() + 0.25)
        if number % 4 == 0:
            rig.deliver()
    rig.after(2)
    assert 10 < len(rig.updated) <= 1 + (rig.clock.now() - start) * 50 / 60
    assert rig.shown == ["board 240"]


def test_a_busy_dashboard_does_not_keep_a_decided_card_waiting(rig: Rig) -> None:
    """Of two updates the one that was shown longest ago goes first."""
    rig.put("dashboard", "board")
    rig.put("gate-1", "question")
    rig.deliver()
    rig.put("dashboard", "board 1")
    rig.after(1)
    rig.put("dashboard", "board 2")
    rig.put("gate-1", "approved")
    rig.deliver()
    assert rig.updated == ["board 1", "approved", "board 2"]


def test_slack_asking_to_go_slower_is_obeyed(rig: Rig) -> None:
    """Nothing is posted in the channel before Retry-After has passed, and then everything in order."""
    rig.put("dashboard", "board")
    rig.deliver()
    rig.api.fail("chat.postMessage", Answer(error="ratelimited", status=429, retry_after="30"))
    rig.put("event-1", "one")
    rig.put("event-2", "two")
    refused_at = rig.clock.now() + 1
    moments: list[float] = []
    rig.clock.listeners.append(
        lambda now: moments.append(now) if len(rig.posted) == 3 and not moments else None
    )
    rig.deliver()
    rig.after(60)
    assert rig.posted == ["board", "one", "one", "two"]
    assert moments[0] - refused_at >= 29
    assert rig.waiting == 0


# ---- pictures ------------------------------------------------------------------------------------------------


def test_a_picture_is_uploaded_once_into_the_thread_with_its_description(rig: Rig, picture: Picture) -> None:
    """Bytes, title, thread, and a description within Slack's thousand characters."""
    rig.put("dashboard", "board")
    rig.put("picture-1", picture)
    rig.deliver()
    (url,), (done,) = rig.api.of("files.getUploadURLExternal"), rig.api.of("files.completeUploadExternal")
    assert len(url["alt_txt"]) == 1000
    assert list(rig.api.uploads.values()) == [PNG]
    assert (done["channel_id"], done["thread_ts"]) == (CHANNEL, next(iter(rig.api.messages)))
    assert picture.title in done["files"]
    rig.put("picture-1", Picture("Newer", "text", picture.path))
    rig.after(60)
    assert len(rig.api.uploads) == 1
    assert rig.waiting == 0


def test_a_document_is_uploaded_once_from_the_outbox_alone(rig: Rig) -> None:
    """Its text is stored with the message, so no file has to survive until Slack takes it."""
    document = Document("Validation of main", "18 ok", "validation.md", "# Validation\n✓ ok\n")
    rig.put("dashboard", "board")
    rig.put("document-1", document)
    rig.deliver()
    (url,), (done,) = rig.api.of("files.getUploadURLExternal"), rig.api.of("files.completeUploadExternal")
    assert url["filename"] == "validation.md"
    assert list(rig.api.uploads.values()) == [document.text.encode()]
    assert (done["channel_id"], done["thread_ts"]) == (CHANNEL, next(iter(rig.api.messages)))
    rig.put("document-1", document)
    rig.after(60)
    assert len(rig.api.uploads) == 1


def test_files_that_belong_together_are_one_message(rig: Rig) -> None:
    """A report for people and one for programs: the thread grows by one."""
    document = Document("Report", "done", "report.md", "# Report", (("report.json", "{}"),))
    rig.put("dashboard", "board")
    rig.put("document-1", document)
    rig.deliver()
    (done,) = rig.api.of("files.completeUploadExternal")
    assert [url["filename"] for url in rig.api.of("files.getUploadURLExternal")] == [
        "report.md",
        "report.json",
    ]
    assert list(rig.api.uploads.values()) == [b"# Report", b"{}"]
    assert [file["title"] for file in json.loads(done["files"])] == ["Report", "report.json"]


def test_where_no_files_are_taken_a_documents_summary_is_posted(rig: Rig) -> None:
    """The thread still tells how the validation ended."""
    rig.put("dashboard", "board")
    rig.put("document-1", Document("Validation of main", "18 ok, 1 warnings", "validation.md", "# all"))
    rig.api.fail("files.getUploadURLExternal", Answer(error="missing_scope"))
    rig.deliver()
    assert "18 ok, 1 warnings" in rig.posted[1]
    assert rig.waiting == 0


@pytest.mark.parametrize(
    "code", ["missing_scope", "file_uploads_disabled", "file_upload_size_restricted", "unknown_method"]
)
def test_where_no_pictures_are_taken_their_words_are_posted(rig: Rig, picture: Picture, code: str) -> None:
    """The thread tells what the picture shows, and goes on."""
    rig.put("dashboard", "board")
    rig.put("picture-1", picture)
    rig.put("event-1", "after")
    rig.api.fail("files.getUploadURLExternal", Answer(error=code))
    rig.deliver()
    assert "Blue: 14 ms." in rig.posted[1]
    assert rig.posted[2] == "after"
    assert rig.waiting == 0


def test_a_picture_whose_file_is_gone_is_told_in_words(rig: Rig, picture: Picture) -> None:
    """Somebody cleaned the state directory."""
    Path(picture.path).unlink()
    rig.put("dashboard", "board")
    rig.put("picture-1", picture)
    rig.deliver()
    assert "Blue: 14 ms." in rig.posted[1]
    assert rig.waiting == 0


# ---- the loop ------------------------------------------------------------------------------------------------


def test_the_loop_delivers_what_is_put_and_ends_when_told(rig: Rig, tmp_path: Path) -> None:
    """Waking it is enough; it ends within seconds of being told to stop, in real time."""
    stop, wake = threading.Event(), threading.Event()
    outbox = SqliteStore(tmp_path / "loop.db")
    notifier = SlackNotifier(slack_client(BOT_TOKEN, rig.api.api_url), outbox, render, SystemClock())
    thread = threading.Thread(target=notifier.run, args=(stop, wake), daemon=True)
    thread.start()
    try:
        outbox.put(UPGRADE, "dashboard", CHANNEL, Picture("Words", "only", "/nowhere.png"))
        wake.set()
        rig.api.wait_for("chat.postMessage")
    finally:
        stop.set()
        wake.set()
        thread.join(60)
    assert not thread.is_alive()
