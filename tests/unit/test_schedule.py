"""Scheduled starts: at their time or asked about, once, and never against a lock, a window or another upgrade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.commands import Actor, StartRequest
from bot.config import Config, parse
from bot.content import Announcement
from bot.instances import remember
from bot.schedule import ScheduledStart, StartStatus
from bot.upgrade import Status
from tests.fakes.world import ANN, BOB, START, Bot, Killed, World, make_config

CY = Actor("U0CY", "cy", "C0CIOPS")
HOUR = 3600.0
# START is 2027-01-15 08:00:10 UTC, a Friday.
NIGHTLY = {"name": "nightly", "cron": "0 22 * * *", "minutes": 120}


def configured(directory: Path, *, operators: tuple[str, ...] = (ANN.id, BOB.id), **main: Any) -> Config:
    data = make_config(directory).model_dump(mode="json")
    data["controllers"]["main"] |= main
    data["slack"]["operators"] = operators
    return parse(data, "test")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def bot(world: World, tmp_path: Path) -> Bot:
    return Bot(world, configured(tmp_path))


def only(bot: Bot) -> ScheduledStart:
    (start,) = bot.store.open_starts()
    return start


def said(bot: Bot, subject: str) -> Announcement | None:
    """What the channel is told under this subject."""
    rows = [row.content for row in bot.store.due(bot.world.clock.now()) if row.upgrade == subject]
    assert all(isinstance(content, Announcement) for content in rows)
    return rows[0] if rows else None  # type: ignore[return-value]  # just asserted


def click(bot: Bot, action: str, start: ScheduledStart, actor: Actor) -> str:
    notice = bot.commands.click(action, json.dumps({"start": start.id}), actor)
    assert notice is not None
    return notice.text


def sleep_through(bot: Bot, seconds: float) -> None:
    """Time passes while no bot runs."""
    bot.world.clock.move(bot.world.clock.now() + seconds)


def test_a_start_at_a_time_comes_at_that_time_and_not_before(bot: Bot) -> None:
    """In the name of who asked, with what was asked; the answer says the time back, and the zone in which it was read."""
    answer = bot.commands.run("start main 2.516.3 --at 09:00 because of an advisory", ANN)
    assert "Fri 2027-01-15 09:00 UTC" in answer.text
    start = only(bot)
    bot.settle(3580)
    assert bot.store.history(None, 10) == ()
    bot.settle(20)
    upgrade = bot.upgrade()
    assert (upgrade.id, upgrade.target, upgrade.requested_by) == (start.upgrade, "2.516.3", ANN.id)
    decision = bot.store.journal(upgrade.id)[0]
    assert decision.detail == {"target": "2.516.3", "reason": "because of an advisory"}
    assert bot.store.open_starts() == ()
    told = said(bot, start.id)
    assert told is not None
    assert told.text.startswith("Started")
    assert told.buttons == ()


def test_reminders_come_before_the_start_with_what_stands_against_it(bot: Bot) -> None:
    """Half an hour and five minutes before, each a message of its own, because a changed one notifies nobody."""
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    start = only(bot)
    bot.settle(1780)
    assert said(bot, f"{start.id}-reminder-30") is None
    bot.settle(20)
    first = said(bot, f"{start.id}-reminder-30")
    assert first is not None
    assert first.tone == "info"
    bot.commands.run("lock main release week", BOB)
    bot.settle(1500)
    second = said(bot, f"{start.id}-reminder-5")
    assert second is not None
    assert any("release week" in line for line in second.lines)


def test_a_restart_neither_loses_a_start_nor_doubles_it(world: World, tmp_path: Path) -> None:
    """The timers are armed from the store; two bots' ticks at the same time start once."""
    bot = Bot(world, configured(tmp_path))
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    again, twin = Bot(world, configured(tmp_path)), Bot(world, configured(tmp_path))
    sleep_through(again, HOUR)
    for each in (again, twin, bot):
        each.settle()
    (upgrade,) = again.store.history("main", 10)
    assert upgrade.live
    assert again.store.open_starts() == ()
    assert said(again, f"s{upgrade.id[1:]}-question") is None


def missed(world: World, directory: Path, late: float) -> Bot:
    """A bot that was down at the time of a start, and for ``late`` seconds more."""
    Bot(world, configured(directory)).commands.run("start main 2.516.3 --at 09:00", ANN)
    world.clock.move(START + HOUR - 10 + late)
    bot = Bot(world, configured(directory))
    bot.settle()
    return bot


def test_a_few_minutes_late_it_still_starts(world: World, tmp_path: Path) -> None:
    assert missed(world, tmp_path, 240).upgrade().live


def test_a_missed_start_is_asked_about_and_never_runs_late(world: World, tmp_path: Path) -> None:
    bot = missed(world, tmp_path, 600)
    bot.settle(HOUR)
    assert bot.store.history(None, 10) == ()
    start = only(bot)
    question = said(bot, f"{start.id}-question")
    assert question is not None
    assert [button.action for button in question.buttons] == ["start-now", "cancel-start"]
    assert "10 minutes late" in question.lines[0]


def test_a_missed_start_is_started_once_by_who_may(world: World, tmp_path: Path) -> None:
    """In the name of who pressed the button, which is gone then; a second click is told so."""
    bot = missed(world, tmp_path, 600)
    start = only(bot)
    assert f"<@{ANN.id}>" in click(bot, "start-now", start, CY)
    assert start.upgrade in click(bot, "start-now", start, BOB)
    assert "started" in click(bot, "start-now", start, BOB)
    assert "started already" in click(bot, "cancel-start", start, BOB)
    assert bot.upgrade().requested_by == BOB.id
    question = said(bot, f"{start.id}-question")
    assert question is not None
    assert question.buttons == ()
    assert f"started by <@{BOB.id}>" in question.text


def test_a_missed_start_can_be_cancelled(world: World, tmp_path: Path) -> None:
    """Which makes room for another one."""
    bot = missed(world, tmp_path, 600)
    start = only(bot)
    assert "is cancelled" in click(bot, "cancel-start", start, BOB)
    assert "cancelled" in click(bot, "start-now", start, BOB)
    assert bot.store.open_starts() == ()
    bot.commands.run("start main 2.516.3 --at 23:00", ANN)
    assert only(bot).id != start.id


def test_a_cancelled_start_does_not_come(bot: Bot) -> None:
    """Nor a reminder of it."""
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    start = only(bot)
    assert start.id in bot.commands.run("schedule list", CY).lines[0]
    assert "may not" in bot.commands.run(f"schedule cancel {start.id}", CY).text
    bot.commands.run(f"schedule cancel {start.id}", BOB)
    bot.settle(2 * HOUR)
    assert bot.store.history(None, 10) == ()
    assert said(bot, f"{start.id}-reminder-30") is None
    assert bot.commands.run("schedule", CY).lines == ()
    assert [entry.name for entry in bot.store.journal(start.id)] == ["scheduled", "cancelled"]


def refused_at_its_time(bot: Bot, seconds: float = HOUR) -> str:
    """Why the start did not come; nothing was begun."""
    before = [upgrade.id for upgrade in bot.store.history(None, 10)]
    bot.settle(seconds)
    assert [upgrade.id for upgrade in bot.store.history(None, 10)] == before
    start = only(bot)
    assert start.status is StartStatus.ASKING
    assert said(bot, f"{start.id}-question") is not None
    return start.note


def test_a_lock_keeps_a_scheduled_start_from_coming(bot: Bot) -> None:
    """It is said, and can be started when the lock is gone, not before."""
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    bot.commands.run("lock main release week", BOB)
    assert "release week" in refused_at_its_time(bot)
    start = only(bot)
    assert "release week" in click(bot, "start-now", start, ANN)
    assert only(bot).status is StartStatus.ASKING
    bot.commands.run("unlock main", BOB)
    click(bot, "start-now", start, ANN)
    assert bot.upgrade().live


def test_a_live_upgrade_keeps_a_scheduled_start_from_coming(bot: Bot) -> None:
    bot.commands.run("start main 2.516.3 --at 08:01", ANN)
    bot.commands.run("start main 2.479.1", ANN)
    assert bot.upgrade().id in refused_at_its_time(bot, 60)


def test_a_requester_who_may_no_more_does_not_start_anything(world: World, tmp_path: Path) -> None:
    """The permission counts at the time of the start."""
    Bot(world, configured(tmp_path)).commands.run("start main 2.516.3 --at 09:00", ANN)
    without = Bot(world, configured(tmp_path, operators=(BOB.id,)))
    assert "may not" in refused_at_its_time(without)


def test_a_controller_that_is_configured_no_more_is_not_started(world: World, tmp_path: Path) -> None:
    """Its scheduled start can be cancelled."""
    Bot(world, configured(tmp_path)).commands.run("start main 2.516.3 --at 09:00", ANN)
    config = configured(tmp_path)
    renamed = Bot(world, config.model_copy(update={"controllers": {"new": config.controllers["main"]}}))
    assert "not in the configuration" in refused_at_its_time(renamed)
    assert renamed.commands.overview(ANN).waiting == ()
    click(renamed, "cancel-start", only(renamed), ANN)
    assert renamed.store.open_starts() == ()


def test_a_controller_that_does_not_answer_is_not_started(bot: Bot) -> None:
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    bot.world.instances["main-first"].reachable = False
    assert "does not answer" in refused_at_its_time(bot)


def test_preflight_blockers_keep_a_scheduled_start_from_coming(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reminders say so in time; when they are gone, a click starts it."""
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    with monkeypatch.context() as full:
        full.setattr(bot.world.backups, "free_bytes", lambda: 0)
        assert "too little space" in refused_at_its_time(bot)
        reminded = said(bot, f"{only(bot).id}-reminder-30")
        assert reminded is not None
        assert any("too little space" in line for line in reminded.lines)
        assert "too little space" in click(bot, "start-now", only(bot), ANN)
    click(bot, "start-now", only(bot), ANN)
    bot.settle(1)
    assert bot.upgrade().status is not Status.FAILED


@pytest.mark.parametrize("written", [False, True])
def test_killed_while_it_starts_it_is_started_once_or_asked_about(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    """Before the upgrade was written it is asked about, since nobody knows how late it is by now; after that it is there."""
    bot = Bot(world, configured(tmp_path))
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    start, create = only(bot), bot.store.create

    def die(*row: Any) -> None:
        if written:
            create(*row)
        raise Killed

    monkeypatch.setattr(bot.store, "create", die)
    with pytest.raises(Killed):
        bot.settle(HOUR)
    again = Bot(world, configured(tmp_path))
    again.settle(1)
    assert [upgrade.id for upgrade in again.store.history("main", 10)] == [start.upgrade] * written
    left = again.store.scheduled_start(start.id)
    assert left is not None
    assert left.status is (StartStatus.STARTED if written else StartStatus.ASKING)


def test_a_second_start_of_the_same_controller_is_refused_with_the_first_ones_name(bot: Bot) -> None:
    bot.commands.run("start main 2.516.3 --at 09:00", ANN)
    start = only(bot)
    assert start.id in bot.commands.run("start main 2.516.3 --at 10:00", ANN).text
    assert only(bot) == start


def test_outside_of_its_windows_a_controller_is_not_upgraded(world: World, tmp_path: Path) -> None:
    """The next opening is said, in each reader's own zone, and how to wait for it; inside it starts."""
    bot = Bot(world, configured(tmp_path, windows=[NIGHTLY]))
    refusal = bot.commands.run("start main 2.516.3", ANN).text
    assert "<!date^1800050400^" in refusal
    assert "--window nightly" in refusal
    assert bot.store.history(None, 10) == ()
    bot.world.clock.move(1_800_050_400.0)
    bot.commands.run("start main 2.516.3", ANN)
    assert bot.upgrade().live


def test_waiting_for_a_window_starts_when_it_opens(world: World, tmp_path: Path) -> None:
    """At its jittered moment, which is said."""
    bot = Bot(world, configured(tmp_path, windows=[{**NIGHTLY, "jitter_minutes": 30}]))
    bot.commands.run("start main 2.516.3 --window nightly", ANN)
    start = only(bot)
    assert 1_800_050_400 <= start.at < 1_800_050_400 + 1800
    world.clock.move(start.at - 1)
    bot.settle()
    assert bot.store.history(None, 10) == ()
    bot.settle(2)
    assert bot.upgrade().live


def test_a_window_that_was_taken_away_keeps_the_start_from_coming(world: World, tmp_path: Path) -> None:
    """The windows count at the time of the start."""
    Bot(world, configured(tmp_path)).commands.run("start main 2.516.3 --at 09:00", ANN)
    bot = Bot(world, configured(tmp_path, windows=[NIGHTLY]))
    assert "maintenance windows" in refused_at_its_time(bot)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("start main 2.516.3 --at 07:00 --window nightly", "not both"),
        ("start main 2.516.3 --at yesterday", "not a time"),
        ("start main 2.516.3 --at today 07:00", "is over"),
        ("start main 2.516.3 --at 12:00", "no window is open"),
        ("start main 2.516.3 --window nigthly", "`nightly`"),
        ("start main 2.400.1 --window nightly", "not older"),
        ("start main latest --window nightly", "not a Jenkins version"),
        ("start main 2.516.3 --wen 12:00", "no option"),
        ("schedule frobnicate", "`list`"),
        ("schedule cancel", "No upgrade is scheduled"),
        ("schedule cancel s000000", "Nothing is scheduled"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_with_advice(
    world: World, tmp_path: Path, text: str, advice: str
) -> None:
    bot = Bot(world, configured(tmp_path, windows=[NIGHTLY]))
    assert advice in bot.commands.run(text, ANN).text
    assert bot.store.open_starts() == ()


def test_a_stranger_may_schedule_nothing(bot: Bot) -> None:
    assert "may not" in bot.commands.run("start main 2.516.3 --at 09:00", CY).text
    assert bot.store.open_starts() == ()


def test_a_dry_run_only_looks(bot: Bot) -> None:
    """As plan does."""
    looked = bot.commands.run("start main 2.516.3 --dry-run", CY)
    assert looked == bot.commands.run("plan main 2.516.3", CY)
    assert bot.store.history(None, 10) == ()


# ---- forms and home tab ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, ["window"]),
        ({"dry_run": True}, []),
        ({"window": "nightly"}, []),
        ({"window": "sundays"}, ["window"]),
        ({"at": START + 60}, ["at"]),
        ({"at": START - 60}, ["at"]),
        ({"at": START + 15 * HOUR}, []),
        ({"at": START + 15 * HOUR, "window": "nightly"}, ["at"]),
    ],
)
def test_the_start_form_checks_its_time_in_place(
    world: World, tmp_path: Path, changes: dict[str, Any], fields: list[str]
) -> None:
    """Beside the field that is wrong; only looking needs no window."""
    bot = Bot(world, configured(tmp_path, windows=[NIGHTLY]))
    request = StartRequest("main", "2.516.3", **changes)
    assert list(bot.commands.start_faults(request)) == fields


def test_a_locked_controller_can_be_scheduled_from_the_form_but_not_started(bot: Bot) -> None:
    """The lock may be gone by then, and is looked at again; the answer says so."""
    bot.commands.run("lock main release week", BOB)
    assert list(bot.commands.start_faults(StartRequest("main", "2.516.3"))) == ["controller"]
    answer = bot.commands.start(StartRequest("main", "2.516.3", at=START + HOUR), ANN)
    assert answer.errors == {}
    assert any("release week" in line for line in answer.notice.lines)
    assert only(bot).at == START + HOUR


def test_the_start_form_offers_the_windows_with_their_next_start(world: World, tmp_path: Path) -> None:
    bot = Bot(world, configured(tmp_path, windows=[NIGHTLY]))
    choices = bot.commands.start_choices("main")
    assert choices.windows == (("nightly", 1_800_050_400.0),)
    assert "maintenance windows" in choices.obstacle


def test_the_plugin_policy_of_the_form_is_the_upgrades(world: World, tmp_path: Path) -> None:
    """Also of one that starts later."""
    bot = Bot(world, configured(tmp_path))
    bot.commands.start(StartRequest("main", "2.516.3", plugins="latest", at=START + 60), ANN)
    bot.settle(60)
    assert bot.upgrade().facts["plugins"] == "latest"


def test_the_home_tab_shows_lock_next_start_and_one_that_did_not_come(bot: Bot) -> None:
    """From stored state alone."""
    bot.commands.run("start main 2.516.3 --at 08:01", ANN)
    assert bot.commands.overview(CY).controllers[0].next_at == only(bot).at
    bot.commands.run("lock main release week", BOB)
    bot.settle(60)
    (shown,) = bot.commands.overview(CY).controllers
    assert "release week" in shown.lock
    assert "waits for a decision" in shown.state
    assert shown.next_at is None
    assert bot.commands.overview(CY).waiting == ()
    (question,) = bot.commands.overview(ANN).waiting
    assert (question.controller, question.until) == ("main", None)
    assert any("waits for a decision" in line for line in bot.commands.run("status", CY).lines)
    assert any("a decision is needed" in line for line in bot.commands.run("schedule list", CY).lines)


def test_the_home_tab_shows_what_the_newest_release_would_fix(bot: Bot) -> None:
    """As the watch for releases noted it; nothing when that release runs already."""
    noted = {"release": "2.516.3", "advisories": 7}
    bot.store.put_document("release-watch:main", noted)
    remember(bot.store, "main", bot.world.blue, bot.world.blue)
    (shown,) = bot.commands.overview(CY).controllers
    assert "7 published advisories" in shown.advisories
    bot.store.put_document("release-watch:main", {**noted, "release": bot.world.blue.version})
    assert bot.commands.overview(CY).controllers[0].advisories == ""
