"""Plugins in an upgrade: planned before it starts, put on green while it is stopped, found again once it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import Permanent, Temporary
from bot.model import Agent, Dependency, Plugin
from bot.phases.plugins import brought_by_core, differences
from bot.plugins import Advisory, PluginPlan, Policy
from bot.upgrade import Status
from bot.upgrade_plan import make_plan
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.updates import FakeUpdateCentre, offer
from tests.fakes.world import ANN, Bot, Killed, World, make_config

LDAP_OLD, LDAP_NEW = "711.vb_d1a_491714dc", "780.vcb_33c9a_e4332"
TARGET = "2.516.3"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Blue has ldap, which must change together with the core, mailer, which the new ldap needs, and one that may stay."""
    world = World(tmp_path)
    blue = world.instances["main-first"]
    for name, version in (("ldap", LDAP_OLD), ("mailer", "463.1"), ("ant", "497.1")):
        blue.files[f"plugins/{name}.jpi"] = version.encode()
    world.updates = FakeUpdateCentre(
        tmp_path,
        (
            offer("ldap", LDAP_NEW, "2.479.1", Dependency("mailer", "489.1")),
            offer("mailer", "522.1"),
            offer("ant", "518.1"),
        ),
        (Advisory("SECURITY-1", "plugin", "mailer", "bad", "http://s", ("463.*",)),),
    )
    return world


def bot_of(world: World, **policy: object) -> Bot:
    return Bot(world, make_config(world.directory, boot_seconds=30, **policy))


def run(bot: Bot, until: str = "gate-10") -> None:
    bot.commands.run(f"start main {TARGET}", ANN)
    for _ in range(120):
        bot.settle(1.0)
        if bot.upgrade().step == until or bot.upgrade().status in (Status.HELD, Status.FAILED):
            return


def plugins_of(jenkins: FakeJenkins | None) -> dict[str, str]:
    assert jenkins is not None, "it was never made"
    return {plugin.name: plugin.version for plugin in jenkins.plugins()}


def test_planned_plugins_are_on_green_and_nothing_else_changed(world: World) -> None:
    """What needs each other comes in order; blue keeps what it has; the journal says from what to what."""
    bot = bot_of(world)
    run(bot)
    assert bot.upgrade().step == "gate-10", bot.upgrade().hold
    assert plugins_of(world.green()) == {"ldap": LDAP_NEW, "mailer": "522.1", "ant": "497.1"}
    assert plugins_of(world.instances["main-first"]) == {"ldap": LDAP_OLD, "mailer": "463.1", "ant": "497.1"}
    [detail] = [
        entry.detail
        for entry in bot.store.journal(bot.upgrade().id)
        if (entry.kind, entry.name) == ("intent", "plugins")
    ]
    assert detail is not None
    assert list(detail) == ["mailer", "ldap"]
    assert detail["ldap"] == {"from": LDAP_OLD, "to": LDAP_NEW}


def test_killed_anywhere_while_placing(world: World) -> None:
    """Before and after the intent, and before the outcome: the next start goes on, and each file is there once and whole."""
    killed: set[tuple[str, str]] = set()

    def crash(moment: str, point: str) -> None:
        if point == "upgrade.plugins" and (moment, point) not in killed:
            killed.add((moment, point))
            raise Killed(point)

    bot = Bot(world, make_config(world.directory), crash)
    bot.commands.run(f"start main {TARGET}", ANN)
    for _ in range(120):
        try:
            bot.settle(1.0)
        except Killed:
            bot = Bot(world, make_config(world.directory), crash)
        if bot.upgrade().step == "gate-10":
            break
    assert bot.upgrade().step == "gate-10"
    assert len(killed) == 3
    assert plugins_of(world.green()) == {"ldap": LDAP_NEW, "mailer": "522.1", "ant": "497.1"}


def test_what_was_planned_is_what_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that appears after the plan was made waits for the next upgrade."""
    bot, updates = bot_of(world), world.updates
    assert isinstance(updates, FakeUpdateCentre)
    write = world.backups.write

    def newer_meanwhile(*arguments: object) -> object:
        updates.releases = (*updates.releases, offer("ldap", "999.1"))
        return write(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(world.backups, "write", newer_meanwhile)
    run(bot)
    assert plugins_of(world.green())["ldap"] == LDAP_NEW


def test_file_with_another_checksum_holds_the_upgrade(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Green is not started with it."""
    bot, updates = bot_of(world), world.updates
    assert updates is not None

    def damaged(*_: object) -> Path:
        raise Permanent("the file of mailer has another SHA-256 and is not used.")

    monkeypatch.setattr(updates, "file", damaged)
    run(bot)
    hold = bot.upgrade().hold
    assert hold is not None
    assert "SHA-256" in hold.text
    green = world.green()
    assert green is not None
    assert not green.running


def test_file_that_did_not_arrive_whole_holds_the_upgrade(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written is read back before green starts."""
    bot = bot_of(world)
    unpack = world.environment.write_home

    def cut_short(instance: object, chunks: object) -> None:
        unpack(instance, chunks)  # type: ignore[arg-type]  # passed on as they came
        green = world.green()
        if green is not None and green.files.get("plugins/mailer.jpi") == b"522.1":
            green.files["plugins/mailer.jpi"] = b"522"

    monkeypatch.setattr(world.environment, "write_home", cut_short)
    run(bot)
    hold = bot.upgrade().hold
    assert hold is not None
    assert "plugins/mailer.jpi" in hold.text


def test_validation_finds_a_plugin_that_is_not_as_planned(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails the phase and says which one and what was planned."""
    look = FakeJenkins.plugins

    def old_mailer(jenkins: FakeJenkins) -> tuple[Plugin, ...]:
        found = look(jenkins)
        if jenkins.name == "main-first":
            return found
        return tuple(Plugin("mailer", "463.1") if one.name == "mailer" else one for one in found)

    monkeypatch.setattr(FakeJenkins, "plugins", old_mailer)
    bot = bot_of(world)
    run(bot)
    hold = bot.upgrade().hold
    assert hold is not None
    assert "mailer is 463.1, planned was 522.1" in hold.text


def test_differences_allow_for_what_the_core_brings_itself() -> None:
    """A plugin that was once part of the core may be newer than planned, and so may what it then needs; nothing else, and none older."""
    plan = PluginPlan(
        kept={
            "matrix-project": "818",
            "ionicons-api": "56",
            "script-security": "1294",
            "caffeine-api": "3.1",
            "git": "1",
            "gone": "1",
            "mailer": "2",
        }
    )
    found = [
        plugin("matrix-project", "849", "ionicons-api", "script-security"),
        plugin("ionicons-api", "88"),
        plugin("script-security", "1373", "caffeine-api", "asm-api"),
        plugin("caffeine-api", "3.2"),
        plugin("asm-api", "9", "gone"),
        plugin("git", "2"),
        plugin("mailer", "1"),
    ]
    assert differences(plan, found) == [
        "git is 2, planned was 1",
        "gone is missing, planned was 1",
        "mailer is 1, planned was 2",
    ]
    assert brought_by_core(plan, found) == {
        "matrix-project": "849",
        "ionicons-api": "88",
        "script-security": "1373",
        "caffeine-api": "3.2",
        "asm-api": "9",
    }


def test_what_a_plugin_needs_only_sometimes_is_not_brought_by_the_core() -> None:
    """Jenkins takes mandatory needs from the war, of plugins that it takes from there; those that are as planned bring nothing."""
    plan = PluginPlan(kept={"matrix-project": "818", "junit": "1", "ionicons-api": "56", "git": "1"})
    raised = dataclasses.replace(
        plugin("matrix-project", "849"), dependencies=(Dependency("git", "2", optional=True),)
    )
    found = [raised, plugin("junit", "1", "ionicons-api"), plugin("ionicons-api", "88"), plugin("git", "2")]
    assert differences(plan, found) == ["git is 2, planned was 1", "ionicons-api is 88, planned was 56"]


def plugin(name: str, version: str, *needs: str) -> Plugin:
    return Plugin(name, version, dependencies=tuple(Dependency(need, "1") for need in needs))


def test_plan_says_that_the_core_may_bring_newer_plugins(world: World) -> None:
    """Known beforehand is only of which ones; from 2.577 on the war has none."""
    services = bot_of(world).contexts.services("main")
    world.instances["main-first"].files["plugins/git.jpi"] = b"5"

    def said(target: str) -> list[str]:
        made = make_plan(services, world.blue, target, (), (), 0.0)
        return [one.text for one in made.findings if one.name == "Plugins" and one.level == "info"]

    [text] = said("2.568.3")
    assert text.endswith("Installed ones: ant, ldap, mailer.")
    assert said("2.577") == []


def test_unreachable_update_centre_is_said_and_changes_nothing(world: World) -> None:
    """Without rules that ask for plugins the upgrade may go on with the plugins as they are, and the plan says so."""
    assert isinstance(world.updates, FakeUpdateCentre)
    world.updates.failure = Temporary("updates.jenkins.io does not answer.")
    del world.instances["main-first"].files["plugins/ldap.jpi"]
    bot = bot_of(world)
    notice = bot.commands.run(f"plan main {TARGET}", ANN)
    looks = next(part for part in notice.parts if part.title == "To look at")
    assert any("does not answer" in line and "kept as they are" in line for line in looks.lines)
    run(bot)
    assert bot.upgrade().step == "gate-10", bot.upgrade().hold
    assert plugins_of(world.green()) == {"mailer": "463.1", "ant": "497.1"}


def test_unreachable_update_centre_blocks_where_a_plugin_has_to_change(world: World) -> None:
    """Nobody could sign in with the old ldap: the upgrade ends before anything is changed."""
    assert isinstance(world.updates, FakeUpdateCentre)
    world.updates.failure = Temporary("updates.jenkins.io does not answer.")
    bot = bot_of(world)
    run(bot)
    assert bot.upgrade().status is Status.FAILED
    assert world.green() is None


def test_plan_in_slack_is_ordered_by_what_needs_a_human(world: World) -> None:
    """Blockers, then what to look at, then what will change, then what is fine."""
    world.instances["main-first"].connected = (
        Agent("old", True, "11.0.2", "4.13"),
        Agent("good", True, "17.0.2", "3309.v27b_9314fd1a_4"),
    )
    notice = bot_of(world).commands.run(f"plan main {TARGET}", ANN)
    assert notice.tone == "bad"
    assert "1 blocker" in notice.text
    text = "\n".join("\n".join((part.title, *part.lines)) for part in notice.parts)
    assert "old (Java 11.0.2, remoting 4.13)" in notice.parts[0].lines[0]
    order = [
        "Must be done first",
        "✗ Agents",
        "To look at",
        "⚠ Upgrade guide",
        "What changes",
        "Plugins: 2 change",
        f"ldap {LDAP_OLD} → {LDAP_NEW}",
        "Duration",
        "Checked and fine",
        "✓ Controller",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "fixes 1 advisories, leaves 0" in text
    assert "green has 17 or 21" in text


def test_everything_latest_when_so_configured(world: World) -> None:
    """The policy of the configuration reaches the plan."""
    world.plugin_policy = Policy("latest")
    bot = bot_of(world)
    run(bot)
    assert plugins_of(world.green())["ant"] == "518.1"


def test_hops_of_rules_and_of_java_stand_in_the_plan(world: World) -> None:
    """A release that the guide wants to be gone through, and one where agents can change their Java."""
    blue = world.instances["main-first"]
    blue.version, blue.files = "1.565", {}
    services = bot_of(world).contexts.services("main")
    past_wars = make_plan(services, world.blue, "2.580.1", (), (), 0.0)
    assert past_wars.hops == ("2.568.3", "2.580.1")
    assert [finding.name for finding in past_wars.blockers] == ["Upgrade guide"]
    blue.version, blue.connected = "2.332.4", (Agent("old", True, "11.0.2", "4.13.3"),)
    for_java = make_plan(services, world.blue, TARGET, (), (), 0.0)
    assert for_java.hops == ("2.462.3", TARGET)
    assert for_java.to_json()["java"]["needed"] == {"2.462.3": [11, 17, 21], TARGET: [17, 21]}


def test_durations_come_from_the_last_upgrade(world: World) -> None:
    """What was measured once is told the next time; before that it is unknown, and said so."""
    bot = bot_of(world)
    first = bot.commands.run(f"plan main {TARGET}", ANN)
    assert any("known after the first upgrade" in line for part in first.parts for line in part.lines)
    run(bot)
    made = make_plan(bot.contexts.services("main"), world.blue, TARGET, (), bot.store.history("main", 5), 0.0)
    seconds = {one.phase: one.seconds for one in made.estimates}
    assert seconds["backup"] is not None
    assert seconds["retire"] is None
    assert seconds["soak"] == 30


def test_too_little_room_for_the_first_upgrade(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a backup to go by, the home is measured: green's copy has to fit, the packed backup may; unknown is a warning."""
    services = bot_of(world).contexts.services("main")

    def found(home: Callable[[object], int]) -> list[tuple[str, str]]:
        monkeypatch.setattr(world.environment, "home_bytes", home)
        made = make_plan(services, world.blue, TARGET, (), (), 0.0)
        return [(finding.level, finding.text) for finding in made.findings if finding.name == "Disk"]

    def unknown(_: object) -> int:
        raise Temporary("the engine does not answer")

    assert found(lambda _: 10**9) == []
    (homes, needed), (backups, _) = found(lambda _: 10**13)
    assert (homes, backups) == ("blocker", "warning")
    assert needed.startswith("homes need about 10244.5 GiB")
    [(level, _)] = found(unknown)
    assert level == "warning"


@pytest.mark.parametrize(
    ("left", "level"), [(10**9, "✓ "), (90 * 10**6, "⚠ "), (40 * 10**6, "✗ "), (None, "⚠ ")]
)
def test_memory_is_compared_with_what_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, left: int | None, level: str
) -> None:
    """Blue uses 100 MB: less than half of that left would end one of the two; what cannot be told is not passed."""
    monkeypatch.setattr(world.environment, "memory_available_bytes", lambda _: left)
    notice = bot_of(world).commands.run(f"plan main {TARGET}", ANN)
    [line] = [line for part in notice.parts for line in part.lines if "Memory:" in line]
    assert line.startswith(level)


def test_too_little_room_blocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with the controller's last backup."""
    bot = bot_of(world)
    run(bot)
    [record] = world.backups.list()
    monkeypatch.setattr(
        world.backups, "list", lambda: (dataclasses.replace(record, archive_bytes=10**12, bytes=10**13),)
    )
    made = make_plan(bot.contexts.services("main"), world.blue, TARGET, (), (), 0.0)
    assert [finding.name for finding in made.blockers] == ["Disk", "Disk"]
    assert "10244.5 GiB" in made.blockers[0].text
