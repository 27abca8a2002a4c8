"""Validate: green, still fenced, is compared with blue. Each check is reported; a blocker fails the phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bot.context import Context
from bot.errors import Permanent
from bot.evidence import gather, take_sample
from bot.model import Inventory, Role, Side
from bot.ownership.sync import running_builds, sync
from bot.phases.plugins import differences
from bot.upgrade_plan.stored import planned

__all__ = ["Check", "compare", "run"]

NOISE = ("UpdateCenter", "UpdateSite", "DownloadService", "DailyCheck")
"""Loggers that complain at every start of a controller without a way to the internet."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    passed: bool
    text: str
    warning_only: bool = False


def run(ctx: Context) -> str:
    ctx.change("sample", lambda: _sample(ctx), again=True)
    checks = _checks(ctx)
    failed = [check for check in checks if not check.passed and not check.warning_only]
    lines = [
        f"{'✓' if check.passed else '⚠' if check.warning_only else '✗'} {check.name}: {check.text}"
        for check in checks
    ]
    ctx.say("Validation report", *lines, tone="bad" if failed else "good", key="report")
    if failed:
        raise Permanent("; ".join(f"{check.name}: {check.text}" for check in failed))
    blue, green = ctx.upgrade.blue, ctx.upgrade.instance(Side.GREEN)
    with ctx.services.ownership:  # green's address changes: no tick may be talking to it
        ctx.change("expose", lambda: ctx.services.environment.expose(green, blue), again=True)
    return f"{len(checks)} checks passed"


def _sample(ctx: Context) -> None:
    # Enough probes of both sides for the first gate to have something to show.
    for _ in range(10):
        ctx.stop.check()
        take_sample(ctx)


def _checks(ctx: Context) -> list[Check]:
    green = ctx.jenkins(Side.GREEN)
    boot, state, identity = green.boot(), green.guard(), green.identity()
    # Builds go on meanwhile. In this order every build that blue counts is either still running or carried over by the sync.
    blue = ctx.jenkins(Side.BLUE).inventory()
    running = [build.job for build in running_builds(ctx, Side.BLUE)]
    with ctx.services.ownership:
        sync(ctx, ctx.upgrade.owner)
    there = green.inventory()
    wrong = differences(planned(ctx.store, ctx.id), there.plugins)
    checks = [
        Check("Version", boot.version == ctx.upgrade.target, f"green answers as {boot.version}"),
        Check("Guard", state.role is Role.FOLLOWER, f"green is {state.role.value}"),
        *compare(blue, there, running),
        Check("Plugin versions", not wrong, "; ".join(wrong[:5]) or f"all {len(there.plugins)} as planned"),
    ]
    errors = [
        record
        for record in green.log(identity.started_ms)
        if not any(noise in record.logger for noise in NOISE)
    ]
    text = (
        "; ".join(f"{record.logger}: {record.message[:120]}" for record in errors[:3]) or "no SEVERE records"
    )
    checks.append(Check("Log", not errors, text, warning_only=True))
    record = ctx.upgrade.record()
    assert record is not None, "a running step has a record"
    verdict = gather(ctx, record.started_at)
    checks.append(
        Check("Response times", verdict.verdict != "fail", "; ".join(verdict.reasons), warning_only=True)
    )
    return checks


def compare(blue: Inventory, green: Inventory, running: Collection[str]) -> Iterator[Check]:
    """Everything blue has is on green and loads; ``running`` names the job of each build that blue runs now. Pure."""
    yield _all_there("Jobs", [job.name for job in blue.jobs], [job.name for job in green.jobs])
    yield _all_there("Folders", blue.folders, green.folders)
    yield _all_there("Views", blue.views, green.views)
    yield _all_there("Credentials", blue.credentials, green.credentials)
    yield _all_there("Users", blue.users, green.users)
    yield _all_there(
        "Plugins", [plugin.name for plugin in blue.plugins], [plugin.name for plugin in green.plugins]
    )
    new_failures = sorted(set(green.failed_plugins) - set(blue.failed_plugins))
    yield Check(
        "Failed plugins", not new_failures, ", ".join(new_failures) or "none that blue does not have as well"
    )
    new_monitors = sorted(name for key, name in green.monitors.items() if key not in blue.monitors)
    yield Check(
        "Administrative monitors",
        not new_monitors,
        ", ".join(new_monitors) or "nothing new",
        warning_only=True,
    )
    yield Check(
        "Old data",
        green.old_data <= blue.old_data,
        f"{green.old_data} on green, {blue.old_data} on blue",
        warning_only=True,
    )
    counts = {job.name: job.builds for job in green.jobs}
    # A running build is on blue's disk and is carried over when it has finished, so blue may be a little ahead.
    live = Counter(running)
    behind = [
        f"{job.name} {counts.get(job.name, 0)}/{job.builds}"
        for job in blue.jobs
        if counts.get(job.name, 0) < job.builds - live[job.name]
    ]
    total = sum(job.builds for job in blue.jobs)
    yield Check(
        "Build history",
        not behind,
        "missing on green: " + ", ".join(behind[:5]) if behind else f"{total} builds, as on blue",
    )


def _all_there(
    name: str, blue: Iterator[str] | tuple[str, ...] | list[str], green: tuple[str, ...] | list[str]
) -> Check:
    wanted = list(blue)
    missing = sorted(set(wanted) - set(green))
    return Check(
        name,
        not missing,
        f"missing on green: {', '.join(missing[:5])}" if missing else f"all {len(wanted)} there",
    )
