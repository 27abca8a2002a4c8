"""Jobs that people make, change and delete around a handover: carried, or named; never deleted because one side lacks them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.model import Side
from bot.ownership.boundary import next_safe_moment
from bot.upgrade import Status
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.story import lead_to, run_to, said
from tests.fakes.world import ANN, BOB, Bot, World, make_config


class Story:
    """An upgrade with something that happens at one of its changes."""

    def __init__(self, directory: Path) -> None:
        self.at: dict[tuple[str, str], Callable[[], object]] = {}
        self.world = World(directory)
        self.bot = Bot(self.world, make_config(directory), self._meanwhile)
        self.blue = self.world.instances["main-first"]

    def _meanwhile(self, moment: str, point: str) -> None:
        self.at.pop((moment, point), lambda: None)()

    @property
    def green(self) -> FakeJenkins:
        green = self.world.green()
        assert green is not None, "there is a green by now"
        return green

    def approve_shortly_before_a_minute(self, act: Callable[[], object]) -> None:
        """So that the handover waits for the minute to pass; in that wait, ``act``."""
        clock = self.world.clock
        while next_safe_moment(clock.now(), 0) < clock.now() + 5:
            self.bot.settle(1.0)
        due = clock.now() + 3

        def look(now: float) -> None:
            nonlocal due
            if now >= due:
                due = float("inf")
                assert self.bot.upgrade().step == "handover"
                assert self.bot.upgrade().owner is Side.BLUE
                act()

        clock.listeners.append(look)
        self.bot.commands.run("approve main", BOB)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_what_is_made_changed_and_deleted_while_a_handover_waits_reaches_the_new_owner(story: Story) -> None:
    """Up to twelve seconds pass before a minute is over: people go on working on blue."""
    story.blue.configure("old", "<old/>")
    run_to(story.bot, "gate-handover")

    def work() -> None:
        story.blue.configure("new", "<new/>")
        story.blue.configure("app", "<edited/>")
        story.blue.delete_job("old")

    story.approve_shortly_before_a_minute(work)
    lead_to(story.bot, "watch-100")
    story.bot.settle(5.0)
    for side in (story.blue, story.green):
        assert side.files["jobs/new/config.xml"] == b"<new/>"
        assert side.files["jobs/app/config.xml"] == b"<edited/>"
        assert "jobs/old/nextBuildNumber" not in side.files


def test_what_is_made_in_the_freeze_before_the_last_look_is_carried(story: Story) -> None:
    """Blue holds its builds already; its pages still work."""
    run_to(story.bot, "gate-handover")
    story.at["acted", "shift.hold"] = lambda: story.blue.configure("new", "<new/>")
    lead_to(story.bot, "watch-100")
    assert story.green.files["jobs/new/config.xml"] == b"<new/>"


def test_what_is_made_or_changed_after_the_last_look_is_named_and_stays(story: Story) -> None:
    """A fraction of a second is left: nothing is deleted on the side that has it."""
    run_to(story.bot, "gate-handover")

    def work() -> None:
        story.blue.configure("new", "<new/>")
        story.blue.configure("app", "<edited/>")

    story.at["acted", "shift.top-up-numbers"] = work
    lead_to(story.bot, "watch-100")
    story.bot.settle(10.0)
    assert story.blue.files["jobs/new/config.xml"] == b"<new/>"
    words = said(story.bot)
    assert "`new` is on blue only" in words
    assert "`app` was changed on blue" in words


def test_a_job_made_on_green_before_the_handover_survives_the_way_there_and_back(story: Story) -> None:
    """It is not carried (people are told to change jobs on blue until then), but it is named at the way back and not deleted."""
    run_to(story.bot, "gate-handover")
    story.green.configure("early", "<early/>")
    lead_to(story.bot, "watch-100")
    story.bot.settle(5.0)
    assert story.green.files["jobs/early/config.xml"] == b"<early/>"
    story.bot.commands.run("rollback main", ANN)
    story.bot.settle(120.0)
    assert story.bot.upgrade().status is Status.ROLLED_BACK
    assert story.green.files["jobs/early/config.xml"] == b"<early/>"
    assert "`early` is on green only" in said(story.bot)


def test_a_job_that_was_deleted_since_the_backup_is_deleted_on_green(story: Story) -> None:
    """The clone has what the backup had."""
    story.blue.configure("old", "<old/>")
    story.at["acted", "clone.restore"] = lambda: story.blue.delete_job("old")
    run_to(story.bot, "gate-10")
    assert "jobs/old/nextBuildNumber" not in story.green.files


def test_the_way_back_does_not_wait_for_a_job_that_blue_cannot_take(story: Story) -> None:
    """A job of a kind that only the newer release knows: it is named, everything else is carried."""
    run_to(story.bot, "watch-100")
    story.blue.unreadable.add("modern")
    story.green.configure("modern", "<modern/>")
    story.green.configure("plain", "<plain/>")
    story.bot.settle(5.0)
    story.world.trigger("app", "green")
    story.bot.settle(5.0)
    assert story.world.triggered[-1] in story.blue.tickets(), "builds are carried all the same"
    story.bot.commands.run("rollback main", ANN)
    story.bot.settle(120.0)
    assert story.bot.upgrade().status is Status.ROLLED_BACK
    assert "jobs/plain/config.xml" in story.blue.files
    assert "modern" in said(story.bot)


def test_builds_of_a_job_that_the_other_side_lacks_are_copied_again_only_when_it_has_come(
    story: Story,
) -> None:
    """A job of a kind that blue gets to know later. Until then its build waits, and costs no copy at every tick."""
    run_to(story.bot, "watch-100")
    story.blue.unreadable.add("modern")
    story.green.configure("modern", "<modern/>")
    story.bot.settle(5.0)
    story.world.trigger("modern", "green")
    story.bot.settle(12.0)
    assert _copies(story.bot, "modern#1") == 1
    story.blue.unreadable.clear()
    story.bot.settle(5.0)
    assert story.world.triggered[-1] in story.blue.tickets()
    assert _copies(story.bot, "modern#1") == 2


def _copies(bot: Bot, build: str) -> int:
    return sum(
        entry.kind == "intent" and entry.name == "sync" and build in (entry.detail or {})["builds"]
        for entry in bot.store.journal(bot.upgrade().id)
    )
