"""The report at the end of an upgrade: once, as one message with two files, from what was stored."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bot.content import Document, Entry
from bot.store import Entry as JournalEntry
from bot.upgrade import Status
from tests.fakes.world import ANN, BOB, Bot, World, make_config


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    """A completed upgrade."""
    directory = tmp_path_factory.mktemp("world")
    bot = Bot(World(directory), make_config(directory))
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(900):
        bot.settle(1.0)
        if not bot.upgrade().live:
            break
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            bot.commands.run("approve main", BOB)
    assert bot.upgrade().status is Status.COMPLETED
    return bot


def test_the_thread_gets_one_message_and_one_with_two_files(ended: Bot) -> None:
    """The message names the hash that anchors the journal; the files say the same to people and programs."""
    messages, id = ended.shown(), ended.upgrade().id
    last, people = messages["event-finished"], messages["document-report"]
    assert isinstance(last, Entry)
    assert ended.store.last_hash(id) in last.lines[-1]
    assert isinstance(people, Document)
    ((name, for_programs),) = people.more
    assert (people.filename, name) == (f"report-{id}.md", f"report-{id}.json")
    content = json.loads(for_programs)
    assert (content["outcome"], content["from_version"], content["to_version"]) == (
        "completed",
        "2.426.2",
        "2.516.3",
    )
    approved = [one for one in content["decisions"] if one["outcome"] == "approved"]
    assert len(approved) == 6
    assert {one["by"] for one in approved} == {BOB.id}
    assert all(one["evidence_hash"] and one["evidence"] for one in approved)
    assert content["timeline"][0]["step"] == "preflight"
    assert {"create", "expose"} & {one["change"] for one in content["changes"]}
    measured = {row["name"]: row for row in content["figures"]["measured"]}
    assert measured["Failed probes"]["green"] == "0"
    assert int(measured["Response p50"]["note"].split()[0]) > 100
    for heading in ("## Timeline", "## Decisions", "## What was changed", "## Backup", "## Audit"):
        assert heading in people.text


def test_a_restart_says_nothing_new(ended: Bot) -> None:
    """The same rows make the same report: a bot that starts again edits no old message."""
    before = ended.shown()
    ended.store.record(JournalEntry(ended.upgrade().id, 1.0, "event", "retire", 1, "by a later release"))
    again = Bot(ended.world, make_config(ended.world.directory))
    again.settle(5)
    assert again.shown() == before


def test_an_end_that_a_crash_left_untold_is_told_at_the_next_start(tmp_path: Path) -> None:
    """The bot died between the row and the words."""
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(3.0)
    bot.store.save(dataclasses.replace(bot.upgrade(), status=Status.ROLLED_BACK, ended_at=5.0, untold=True))
    assert "event-finished" not in bot.shown()
    again = Bot(bot.world, make_config(tmp_path))
    assert "event-finished" in again.shown()
    assert not again.upgrade().untold


def test_it_is_told_again_on_request(ended: Bot) -> None:
    notice = ended.commands.run(f"report {ended.upgrade().id}", ANN)
    assert "2.426.2 → 2.516.3" in notice.text
    assert any("evidence" in line for line in notice.lines)
    assert ended.commands.run("report", ANN) == notice
    assert "nope" in ended.commands.run("report nope", ANN).text


def test_a_rolled_back_one_is_reported_as_well(tmp_path: Path) -> None:
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    bot.settle(30)
    bot.commands.run("rollback main logins are slow", ANN)
    bot.settle(60)
    assert bot.upgrade().status is Status.ROLLED_BACK
    document = bot.shown()["document-report"]
    assert isinstance(document, Document)
    assert json.loads(document.more[0][1])["outcome"] == "rolled_back"


def test_one_that_was_not_started_is_reported_at_once(tmp_path: Path) -> None:
    """A preflight that failed is an end like the others."""
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    bot.world.instances["main-first"].reachable = False
    bot.settle(900)
    assert bot.upgrade().status is Status.FAILED
    assert {"event-finished", "document-report"} <= bot.shown().keys()
