"""The validation report: what is missing or new on green is told; what blue has as well is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from bot.model import Inventory, Job, LogRecord, Plugin
from bot.validation import Check, blockers, card, compare, new_records, report

BLUE = Inventory(
    jobs=(Job("app", "job", False, 4, 3), Job("team/Käse + 100%", "job", False, 2, 1)),
    folders=("team",),
    views=("all", "team/mine"),
    nodes=("agent-1",),
    credentials=("deploy", "team/registry"),
    users=("ann",),
    plugins=(Plugin("git", "5.2", True, True),),
    failed_plugins={"old": "known"},
    monitors={"m1": "Reverse Proxy Setup"},
    old_data=2,
)
GREEN = dataclasses.replace(BLUE, nodes=())


def found(green: Inventory, *running: str, cut_off: Mapping[str, str] | None = None) -> dict[str, Check]:
    return {check.name: check for check in compare(BLUE, green, running, cut_off or {})}


def test_a_faithful_green_has_nothing_to_report() -> None:
    """Blue's own failed plugin, monitor and old data are no news."""
    checks = found(GREEN)
    assert {check.level for check in checks.values()} == {"ok"}
    assert (checks["Jobs"].blue, checks["Jobs"].green) == ("2", "2")


def test_branch_that_its_folder_found_meanwhile_is_a_warning() -> None:
    """Nobody but its folder can make it, and green's scans when it owns the builds; what people made has to be there."""
    late = dataclasses.replace(
        BLUE,
        jobs=(
            *BLUE.jobs,
            Job("lib/feature%2Fx", "job", False, 2, 1),
            Job("org/repo/main", "job", False, 1, 0),
        ),
        folders=("team", "org/repo"),
        views=(*BLUE.views, "org/repo/All"),
    )
    by_people = ("app", "team", "team/Käse + 100%", "lib")
    checks = {check.name: check for check in compare(late, GREEN, (), {}, by_people)}
    levels = {check.name: check.level for check in checks.values() if check.level != "ok"}
    assert levels == {"Jobs": "warning", "Folders": "warning"}
    assert checks["Jobs"].details == ("lib/feature%2Fx", "org/repo/main")
    strict = {check.name: check.level for check in compare(late, GREEN, (), {}, [job.name for job in late.jobs])}
    assert strict["Jobs"] == "blocker"


def test_who_came_after_the_backup_is_only_named() -> None:
    """They sign in on green as well; a user that the backup had must be there."""
    later = dataclasses.replace(BLUE, users=(*BLUE.users, "newcomer"))
    found = {check.name: check for check in compare(later, GREEN, (), {}, None, BLUE.users)}
    assert (found["Users"].level, found["Users"].details) == ("warning", ("newcomer",))
    strict = {check.name: check for check in compare(later, GREEN, (), {}, None, later.users)}
    assert strict["Users"].level == "blocker"


@pytest.mark.parametrize(
    ("change", "name", "level", "detail"),
    [
        ({"jobs": BLUE.jobs[:1]}, "Jobs", "blocker", "team/Käse + 100%"),
        ({"folders": ()}, "Folders", "blocker", "team"),
        ({"views": ("all",)}, "Views", "blocker", "team/mine"),
        ({"nodes": ("agent-1",)}, "Nodes", "blocker", "agent-1"),
        ({"credentials": ("deploy",)}, "Credentials", "blocker", "team/registry"),
        ({"users": ()}, "Users", "blocker", "ann"),
        ({"plugins": ()}, "Plugins", "blocker", "git"),
        ({"failed_plugins": {"git": "needs a newer core"}}, "Failed plugins", "blocker", "git"),
        ({"monitors": {"m2": "Deprecated plugins"}}, "Administrative monitors", "warning", "m2"),
        ({"old_data": 3}, "Old data", "warning", ""),
        (
            {"jobs": (dataclasses.replace(BLUE.jobs[0], disabled=True), BLUE.jobs[1])},
            "Disabled jobs",
            "warning",
            "app",
        ),
        (
            {"jobs": (dataclasses.replace(BLUE.jobs[0], builds=2), BLUE.jobs[1])},
            "Build history",
            "blocker",
            "app 2/3",
        ),
    ],
)
def test_each_loss_is_told_by_its_own_check(
    change: Mapping[str, Any], name: str, level: str, detail: str
) -> None:
    """One thing goes wrong on green: that check says so with the name of what is concerned."""
    check = found(dataclasses.replace(GREEN, **change))[name]
    assert check.level == level
    assert detail in " ".join(check.details)


def test_a_running_build_of_blue_may_be_missing() -> None:
    """It is carried over when it has finished."""
    behind = dataclasses.replace(GREEN, jobs=(dataclasses.replace(BLUE.jobs[0], builds=2), BLUE.jobs[1]))
    assert found(behind, "app")["Build history"].level == "ok"


def test_a_build_that_was_cut_off_on_blue_is_left_out_and_named() -> None:
    """It never got a result, so no clone has it: a warning. One more that is missing is a loss."""
    cut_off = {"jobs/app/builds/2": "app"}
    behind = dataclasses.replace(GREEN, jobs=(dataclasses.replace(BLUE.jobs[0], builds=2), BLUE.jobs[1]))
    check = found(behind, cut_off=cut_off)["Build history"]
    assert (check.level, check.details) == ("warning", ("jobs/app/builds/2 of app has no result",))
    further = dataclasses.replace(GREEN, jobs=(dataclasses.replace(BLUE.jobs[0], builds=1), BLUE.jobs[1]))
    assert found(further, cut_off=cut_off)["Build history"].level == "blocker"


def test_only_records_that_blue_does_not_have_are_new() -> None:
    """The same complaint with another time or id in it is the same complaint; a missing internet is none."""
    old = LogRecord(1, "SEVERE", "hudson.A", "failed at 12:01 for build 7")
    same = LogRecord(2, "SEVERE", "hudson.A", "failed at 13:55 for build 12")
    offline = LogRecord(3, "SEVERE", "hudson.model.UpdateCenter$Job", "cannot connect")
    fresh = LogRecord(4, "SEVERE", "hudson.B", "class not found")
    assert new_records([old], [same, offline]).level == "ok"
    check = new_records([old], [same, fresh, fresh])
    assert (check.level, check.details) == ("warning", ("hudson.B: class not found",))


def test_a_log_that_was_not_seen_whole_is_never_in_order() -> None:
    """Nothing new in half of it is no news."""
    check = new_records([], [], whole=False)
    assert check.level == "warning"
    assert "was not looked at" in check.text


def test_the_card_is_short_and_the_report_has_everything() -> None:
    """The thread gets figures and troubles; the file also every name, in a table that nothing breaks out of."""
    names = tuple(f"job | {number}" for number in range(300))
    checks = [
        Check("Jobs", "blocker", "300", "0", "missing on green: many", names, 1.5),
        Check("Users", "ok", "1", "1", "all there"),
    ]
    assert blockers(checks) == checks[:1]
    assert card(checks) == ("1 ok, 0 warnings, 1 blockers", "✗ Jobs: missing on green: many")
    text = report("Validation", checks)
    assert "| ✓ ok | Users | 1 | 1 | all there | 0.00 s |" in text
    assert "- job \\| 199\n- … and 100 more" in text
