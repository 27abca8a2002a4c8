"""The plugin plan: consistent, never down, nothing without a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rehearsal.updates
from bot.model import Dependency, Plugin
from bot.plugins import Advisory, Catalogue, Demand, PluginPlan, Policy, Release, Stage, resolve
from bot.plugins.detached import implied_dependencies
from bot.plugins.plan import from_document, to_document
from bot.plugins.update_center_format import parse_update_center
from bot.plugins.version_number import older

OLD, NEW = "2.426.2", "2.516.3"


def release(name: str, version: str, core: str = "2.400", **needs: str) -> Release:
    """``needs``: name → least version; a trailing ``?`` makes it optional. Underscores stand for dashes."""
    return Release(name, version, f"http://u/{name}", "ab" * 32, core, dependencies(needs), 10)


def plugin(name: str, version: str, core: str = "2.400", enabled: bool = True, **needs: str) -> Plugin:
    return Plugin(name, version, enabled, enabled, core, dependencies(needs))


def dependencies(needs: Mapping[str, str]) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(name.replace("_", "-"), version.rstrip("?"), version.endswith("?"))
        for name, version in needs.items()
    )


def catalogue(*offered: Release, **other: object) -> Catalogue:
    return replace(
        Catalogue("2.529", {one.name: one for one in offered}, origin="the test's"),
        **other,  # type: ignore[arg-type]  # any field of the record
    )


def plan(
    installed: Sequence[Plugin],
    offered: Catalogue,
    policy: Policy | None = None,
    *demands: Demand,
    source: str = OLD,
    target: str = NEW,
) -> PluginPlan:
    return resolve(installed, source, target, offered, policy or Policy(), demands)


def changed(made: PluginPlan) -> dict[str, str]:
    return {change.name: change.version for change in made.changes}


def test_minimal_leaves_everything_that_works() -> None:
    """Newer releases alone are no reason."""
    made = plan([plugin("a", "1"), plugin("b", "1", a="1")], catalogue(release("a", "2"), release("b", "2")))
    assert changed(made) == {}
    assert made.kept == {"a": "1", "b": "1"}


def test_demand_takes_along_what_the_new_release_needs() -> None:
    """Transitively, also plugins that were not there, in the order in which they can be loaded; optional ones only where installed."""
    made = plan(
        [plugin("ldap", "1"), plugin("mailer", "1"), plugin("other", "1"), plugin("extra", "1")],
        catalogue(
            release("ldap", "5", mailer="3", extra="2?", absent="1?"),
            release("mailer", "4", display="7"),
            release("display", "8"),
            release("other", "9"),
            release("extra", "3"),
        ),
        None,
        Demand("ldap", "4", "the guide asks for it"),
    )
    assert changed(made) == {"display": "8", "mailer": "4", "extra": "3", "ldap": "5"}
    names = [change.name for change in made.changes]
    assert names.index("display") < names.index("mailer") < names.index("ldap")
    reasons = {change.name: change.reasons for change in made.changes}
    assert reasons["ldap"] == ("the guide asks for it",)
    assert reasons["mailer"] == ("ldap 5 needs at least 3",)
    assert reasons["display"] == ("mailer 4 needs it",)


def test_demands_about_absent_plugins_count_for_nothing() -> None:
    """A rule installs nothing."""
    assert changed(plan([], catalogue(release("ldap", "5")), None, Demand("ldap", "4", "rule"))) == {}


def test_latest_updates_all_but_pinned_and_disabled_ones() -> None:
    """A pin holds a plugin at its version, a disabled plugin is left alone."""
    made = plan(
        [plugin("a", "1"), plugin("b", "1"), plugin("c", "1", enabled=False)],
        catalogue(
            release("a", "3"), release("b", "3"), release("c", "3"), history={"b": (release("b", "2"),)}
        ),
        Policy("latest", {"b": "2"}),
    )
    assert changed(made) == {"a": "3", "b": "2"}
    assert [(note.level, note.plugin) for note in made.notes] == [("ok", "c")]


@pytest.mark.parametrize(
    ("pin", "level", "says"),
    [("1", "warning", "nothing is downgraded"), ("7", "blocker", "correct the pin")],
)
def test_pins_that_cannot_be_kept(pin: str, level: str, says: str) -> None:
    """One below what is installed keeps what is installed; one that does not exist blocks."""
    made = plan([plugin("a", "2")], catalogue(release("a", "3")), Policy("latest", {"a": pin}))
    assert changed(made) == {}
    [note] = made.notes
    assert note.level == level
    assert says in note.text


def test_pin_in_the_way_of_a_need_blocks() -> None:
    """The text names both versions."""
    made = plan(
        [plugin("ldap", "1"), plugin("mailer", "1")],
        catalogue(release("ldap", "5", mailer="3"), release("mailer", "4")),
        Policy(pins={"mailer": "1"}),
        Demand("ldap", "4", "rule"),
    )
    [note] = made.notes
    assert (note.level, note.plugin) == ("blocker", "mailer")
    assert "pinned to 1" in note.text
    assert "pin it to 3" in note.text


def test_release_for_a_newer_core_is_not_taken() -> None:
    """An older one is, where it is known; without one the way is blocked and the text says what to do."""
    offered = catalogue(release("a", "9", core="2.520"))
    made = plan([plugin("a", "1")], offered, None, Demand("a", "2", "rule"))
    assert changed(made) == {}
    assert "needs Jenkins 2.520: choose a newer target" in made.notes[0].text
    known = replace(offered, history={"a": (release("a", "4"), release("a", "5"), release("a", "3"))})
    assert changed(plan([plugin("a", "1")], known, None, Demand("a", "2", "rule"))) == {"a": "5"}


def test_release_that_asks_for_too_much_is_passed_over() -> None:
    """Its dependency's newest needs a newer core: the installed one stays, and the plan says why and whose older releases to look for."""
    offered = catalogue(
        release("git", "6", git_client="9"), release("git-client", "9", core="2.520"), release("mailer", "4")
    )
    installed = [plugin("git", "1"), plugin("git-client", "1"), plugin("mailer", "1")]
    made = plan(installed, offered, Policy("latest"))
    assert changed(made) == {"mailer": "4"}
    assert made.kept == {"git": "1", "git-client": "1"}
    [note] = made.notes
    assert (note.level, note.plugin) == ("warning", "git")
    assert "git 6 is passed over and it stays at 1, because git-client 9 cannot be had" in note.text
    assert "Jenkins 2.520" in note.text
    assert made.older_wanted == ("git",)


def test_older_release_is_taken_where_it_is_known() -> None:
    """The newest of those that ask for what can be had; several may be passed over, and who asks for them as well."""
    offered = catalogue(
        release("blue", "3", git="6"),
        release("git", "6", git_client="9"),
        release("git-client", "5"),
        history={
            "git": (release("git", "5", git_client="8"), release("git", "4", git_client="5")),
            "blue": (release("blue", "2", git="3"),),
        },
    )
    installed = [plugin("blue", "1"), plugin("git", "1"), plugin("git-client", "1")]
    made = plan(installed, offered, None, Demand("blue", "2", "rule"))
    assert changed(made) == {"blue": "2", "git": "4", "git-client": "5"}
    assert {note.level for note in made.notes} == {"warning"}
    assert made.older_wanted == ("blue", "git")


def test_stepping_down_that_helps_nothing_is_left() -> None:
    """A rule that wants the very release: the blocker names what is in the way, and the older releases to look for are told."""
    offered = catalogue(release("git", "6", git_client="9"), release("git-client", "5"))
    made = plan([plugin("git", "1"), plugin("git-client", "1")], offered, None, Demand("git", "6", "rule"))
    [note] = made.notes
    assert (note.level, note.plugin) == ("blocker", "git-client")
    assert made.older_wanted == ("git",)


def test_what_can_be_solved_is_solved_beside_what_cannot() -> None:
    """One plugin steps down, the other blocks and says why its release cannot be taken."""
    offered = catalogue(
        release("git", "6", git_client="9"),
        release("git-client", "5"),
        release("ldap", "5", mailer="3"),
        release("mailer", "2"),
    )
    installed = [plugin(name, "1") for name in ("git", "git-client", "ldap", "mailer")]
    made = plan(installed, offered, Policy("latest"), Demand("ldap", "4", "rule"))
    blockers = [note for note in made.notes if note.level == "blocker"]
    assert [note.plugin for note in blockers] == ["ldap"]
    assert "ldap 5 cannot be taken, because mailer 3 cannot be had: 2 is the newest" in blockers[0].text
    assert changed(made) == {"git-client": "5", "mailer": "2"}


def test_pinned_release_is_never_passed_over() -> None:
    """Somebody asked for that very version: what it needs blocks."""
    offered = catalogue(release("git", "6", git_client="9"), release("git-client", "5"))
    made = plan([plugin("git", "1"), plugin("git-client", "1")], offered, Policy(pins={"git": "6"}))
    assert [(note.level, note.plugin) for note in made.notes] == [("blocker", "git-client")]
    assert made.older_wanted == ()


def test_needed_plugin_that_is_disabled_blocks() -> None:
    """The bot enables nothing by itself."""
    made = plan(
        [plugin("ldap", "1"), plugin("mailer", "4", enabled=False)],
        catalogue(release("ldap", "5", mailer="3"), release("mailer", "4")),
        None,
        Demand("ldap", "4", "rule"),
    )
    assert ("blocker", "mailer") in [(note.level, note.plugin) for note in made.notes]


def test_what_is_broken_already_is_a_warning() -> None:
    """A plugin whose need cannot be met today either does not stop an upgrade; one that can be met is."""
    made = plan([plugin("own", "1", gone="1"), plugin("b", "1", a="2")], catalogue(release("a", "3")))
    assert changed(made) == {"a": "3"}
    assert [(note.level, note.plugin) for note in made.notes if note.plugin == "gone"] == [
        ("warning", "gone")
    ]


def test_plugins_that_are_not_offered_are_told_apart() -> None:
    """Own ones, removed ones and deprecated ones are kept and named."""
    made = plan(
        [plugin("own", "1"), plugin("removed", "1"), plugin("aging", "1")],
        catalogue(
            release("aging", "1"),
            advisories=(Advisory("S-1", "plugin", "removed", "bad", "http://s"),),
            deprecations={"aging": "http://why"},
        ),
    )
    texts = {note.plugin: note.text for note in made.notes}
    assert "taken as your own" in texts["own"]
    assert "not distributed any more" in texts["removed"]
    assert "http://why" in texts["aging"]
    assert len(made.kept) == 3


def test_what_the_core_loses_is_added() -> None:
    """A plugin that was part of the old core and is not part of the new one comes along, once, and only when that line is crossed."""
    offered = catalogue(release("instance-identity", "185", "2.300"), release("sshd", "3.3", "2.300"))
    made = plan([plugin("a", "1", core="2.300")], offered, source="2.346.1", target="2.361.4")
    assert changed(made) == {"instance-identity": "185"}
    assert made.changes[0].reasons == ("part of Jenkins until 2.356",)
    assert changed(plan([plugin("a", "1", core="2.300")], offered)) == {}


def test_release_without_a_checksum_is_not_planned() -> None:
    """Its file would be refused later: an older one that can be checked is taken, and where there is none the plan says why."""
    unchecked = replace(release("b", "3"), sha256="")
    needs = [plugin("a", "1", b="2")]
    made = plan(needs, catalogue(unchecked, history={"b": (release("b", "2"),)}))
    assert changed(made) == {"b": "2"}
    [note] = [note for note in plan(needs, catalogue(unchecked)).notes if note.plugin == "b"]
    assert "no SHA-256 for 3" in note.text


@pytest.mark.parametrize(
    ("target", "said"), [("2.361.4", "adds its own copy"), ("2.577", "brings none along")]
)
def test_what_the_core_loses_and_nobody_offers_is_named(target: str, said: str) -> None:
    """Wars had copies of such plugins until 2.576; since then there are none."""
    made = plan([plugin("a", "1")], catalogue(), source="2.346.1", target=target)
    [note] = [note for note in made.notes if note.plugin == "instance-identity"]
    assert said in note.text


def test_implied_needs_of_old_plugins_count() -> None:
    """A plugin built before JUnit was split off wants an installed JUnit of at least the split version."""
    made = plan(
        [plugin("old", "1", core="1.500"), plugin("junit", "0.9", core="2.400")],
        catalogue(release("junit", "1.60")),
    )
    assert changed(made) == {"junit": "1.60"}
    assert Dependency("junit", "1.0", True) in implied_dependencies("old", "1.577")
    assert implied_dependencies("junit", "2.400") == ()


def test_stages() -> None:
    """A rule can put a plugin before the core; what needs the new core comes after; the rest goes with it."""
    made = plan(
        [plugin("a", "1"), plugin("b", "1"), plugin("c", "1")],
        catalogue(release("a", "2", core="2.500"), release("b", "2"), release("c", "2")),
        Policy("latest"),
        Demand("c", "2", "rule", before_core=True),
    )
    assert [(change.name, change.stage) for change in made.changes] == [
        ("c", Stage.BEFORE),
        ("b", Stage.WITH),
        ("a", Stage.AFTER),
    ]


def test_advisories_fixed_and_left() -> None:
    """Counted for the core and for plugins, by what is installed and by what will be."""
    offered = catalogue(
        release("a", "2"),
        release("b", "2"),
        advisories=(
            Advisory("CORE", "core", "core", "m", "u", (r"2[.]426.*",)),
            Advisory("NEWER-CORE", "core", "core", "m", "u", (r"2[.](426|516).*",)),
            Advisory("A", "plugin", "a", "m", "u", ("1",)),
            Advisory("B", "plugin", "b", "m", "u", ("1",)),
            Advisory("B-ALL", "plugin", "b", "m", "u"),
            Advisory("ELSEWHERE", "plugin", "z", "m", "u"),
            Advisory("UNREADABLE", "plugin", "b", "m", "u", ("(",)),
        ),
    )
    made = plan([plugin("a", "1"), plugin("b", "1")], offered, None, Demand("a", "2", "rule"))
    assert {line.id for line in made.fixed} == {"CORE", "A"}
    assert {line.id: line.fixable for line in made.left} == {
        "NEWER-CORE": True,
        "B": True,
        "B-ALL": False,
        "UNREADABLE": False,
    }


def test_plan_survives_as_a_document() -> None:
    """What later steps read is what was planned."""
    made = plan([plugin("a", "1"), plugin("own", "1")], catalogue(release("a", "2")), Policy("latest"))
    assert from_document(to_document(made)) == made


# ---- any set of plugins

NAMES = ["a", "b", "c", "d", "e"]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Plugin], Catalogue, Policy, list[Demand]]:
    """A consistent installed set, newer releases that need each other (circles too), a policy and demands."""
    versions = {name: draw(st.integers(1, 3)) for name in NAMES}
    there = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    installed = [
        plugin(
            name,
            str(versions[name]),
            enabled=draw(st.sampled_from([True, True, True, False])),
            **{
                other: str(draw(st.integers(1, versions[other])))
                for other in draw(st.sets(st.sampled_from(sorted(there))))
                if other != name
            },
        )
        for name in sorted(there)
    ]
    off = {one.name for one in installed if not one.enabled}
    installed = [
        replace(one, dependencies=tuple(need for need in one.dependencies if need.name not in off))
        for one in installed
    ]
    offered = [
        release(
            name,
            str(draw(st.integers(1, 6))),
            draw(st.sampled_from(["2.400", "2.510", "2.520"])),
            **{
                other: f"{draw(st.integers(1, 6))}{draw(st.sampled_from(['', '', '?']))}"
                for other in draw(st.sets(st.sampled_from(NAMES)))
                if other != name
            },
        )
        for name in NAMES
        if draw(st.integers(0, 9))
    ]
    history = {
        name: (
            release(name, str(draw(st.integers(1, 5))), "2.400", **{needed: str(draw(st.integers(1, 5)))}),
        )
        for name, needed in pairwise(NAMES)
        if draw(st.booleans())
    }
    demands = [
        Demand(name, str(draw(st.integers(1, 6))), "asked for")
        for name in draw(st.sets(st.sampled_from(NAMES), max_size=2))
    ]
    pins = {name: str(draw(st.integers(1, 6))) for name in draw(st.sets(st.sampled_from(NAMES), max_size=1))}
    policy = Policy(draw(st.sampled_from(["minimal", "latest"])), pins)
    return installed, catalogue(*offered, history=history), policy, demands


def after(installed: Sequence[Plugin], made: PluginPlan) -> list[Plugin]:
    """The installed set as it will be."""
    new = {
        change.name: Plugin(
            change.name,
            change.version,
            change.enabled,
            change.enabled,
            change.release.required_core,
            change.release.dependencies,
        )
        for change in made.changes
    }
    return [*(one for one in installed if one.name not in new), *new.values()]


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_every_plan_is_sound(world: tuple[list[Plugin], Catalogue, Policy, list[Demand]]) -> None:
    """Every need is met or named as a blocker, nothing goes down, everything runs on the target, each change has a reason."""
    installed, offered, policy, demands = world
    made = resolve(installed, OLD, NEW, offered, policy, demands)
    blocked = {note.plugin for note in made.notes if note.level == "blocker"}
    there = {one.name: one for one in after(installed, made)}
    for one in there.values():
        for need in one.dependencies if one.enabled else ():
            other = there.get(need.name)
            if other is None or not other.enabled:
                assert need.optional or need.name in blocked
            else:
                assert not older(other.version, need.version) or need.name in blocked
    for demand in demands:
        if demand.plugin in there:
            assert not older(there[demand.plugin].version, demand.minimum) or demand.plugin in blocked
    for change in made.changes:
        assert change.current is None or older(change.current, change.version)
        assert not older(NEW, change.release.required_core)
        assert change.reasons
        assert policy.pins.get(change.name, change.version) == change.version
    placed: set[str] = set()
    cyclic = _in_circles({change.name: change.release for change in made.changes})
    for change in made.changes:
        needed = {need.name for need in change.release.dependencies if need.name in changed(made)}
        assert needed <= placed | cyclic | {change.name}
        placed.add(change.name)


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_planning_again_changes_nothing(world: tuple[list[Plugin], Catalogue, Policy, list[Demand]]) -> None:
    """The plan's result is where planning stands still, on the new core as on the old one."""
    installed, offered, policy, demands = world
    first = resolve(installed, OLD, NEW, offered, policy, demands)
    assert not resolve(after(installed, first), OLD, NEW, offered, policy, demands).changes
    assert not resolve(after(installed, first), NEW, NEW, offered, policy, demands).changes


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_minimal_without_demands_changes_nothing(
    world: tuple[list[Plugin], Catalogue, Policy, list[Demand]],
) -> None:
    """A consistent set that nobody asks anything of stays as it is, whatever is offered."""
    installed, offered, _, _ = world
    assert not resolve(installed, OLD, NEW, offered, Policy(), ()).changes


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_latest_alone_never_blocks(
    world: tuple[list[Plugin], Catalogue, Policy, list[Demand]],
) -> None:
    """A consistent set without pins and demands can always stay as it is, so no wish for newer releases is in the way."""
    installed, offered, _, _ = world
    made = resolve(installed, OLD, NEW, offered, Policy("latest"), ())
    assert [note for note in made.notes if note.level == "blocker"] == []


def _in_circles(releases: Mapping[str, Release]) -> set[str]:
    """Plugins that need themselves by way of others: no order suits them."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        left = [need.name for need in releases[start].dependencies]
        while left:
            name = left.pop()
            if name in releases and name not in seen:
                seen.add(name)
                left += [need.name for need in releases[name].dependencies]
        return seen

    return {name for name in releases if name in reach(name)}


@pytest.mark.parametrize("mode", ["minimal", "latest"])
def test_sixty_real_plugins(mode: Literal["minimal", "latest"]) -> None:
    """From 2.426.2 to 2.516.3 on an excerpt of the public data: nothing blocks, and planning again changes nothing."""
    data = Path(rehearsal.updates.__file__).parent
    offered = parse_update_center(
        (data / "update-center.actual.json").read_text(encoding="utf-8"), "the excerpt", 0
    )
    installed = [
        Plugin(
            name,
            entry["version"],
            required_core=entry["requiredCore"],
            dependencies=tuple(
                Dependency(d["name"], d["version"], d["optional"]) for d in entry["dependencies"]
            ),
        )
        for name, entry in json.loads((data / "installed-2.426.2.json").read_text(encoding="utf-8")).items()
    ]
    demands = (
        Demand("ldap", "733.vd3700c27b_043", "the guide asks for it"),
        Demand("timestamper", "1.30", "the guide asks for it", before_core=True),
    )
    made = plan(installed, offered, Policy(mode), *demands)
    assert made.notes == ()
    assert changed(made)["ldap"] == "780.vcb_33c9a_e4332"
    assert len(changed(made)) == {"minimal": 15, "latest": 64}[mode]
    assert "core-2_528" in {line.id for line in made.fixed}
    assert (len(made.left) == 0) == (mode == "latest")
    again = plan(after(installed, made), offered, Policy(mode), *demands)
    assert again.changes == ()
