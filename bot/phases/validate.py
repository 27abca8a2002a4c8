"""Validate: green, still fenced, is compared with blue. Each check is reported; a blocker fails the phase."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from bot.context import Context
from bot.errors import Permanent
from bot.evidence import gather, take_sample
from bot.model import Inventory, Role, Side
from bot.ownership.sync import NEVER_MS, carry_branches, running_builds, sync
from bot.phases.plugins import differences
from bot.phases.smoke import SUCCESS, begin_smoke, clear_smoke, smoke_result
from bot.upgrade_plan.stored import planned
from bot.validation import Check, blockers, card, compare, new_records, report, restarted

__all__ = ["run"]


def run(ctx: Context) -> str:
    ctx.change("sample", lambda: _sample(ctx), again=True)
    measures: tuple[Callable[[Context], Iterable[Check]], ...] = (
        _instance,
        _contents,
        _smoke,
        _restarts,
        _log,
        _times,
    )
    checks = [check for measure in measures for check in _timed(ctx, measure)]
    failed = blockers(checks)
    upgrade = ctx.upgrade
    title = f"Validation of {upgrade.controller} {upgrade.target} against {upgrade.source}"
    ctx.say("Validation report", *card(checks), tone="bad" if failed else "good", key="report")
    ctx.attach(title, card(checks)[0], f"validation-{ctx.id}.md", report(title, checks))
    if failed:
        raise Permanent("; ".join(f"{check.name}: {check.text}" for check in failed))
    blue, green = upgrade.blue, upgrade.instance(Side.GREEN)
    with ctx.services.ownership:  # green's address changes: no tick may be talking to it
        ctx.change("expose", lambda: ctx.services.environment.expose(green, blue), again=True)
    return f"{len(checks)} checks, {sum(check.level == 'warning' for check in checks)} warnings"


def _timed(ctx: Context, measure: Callable[[Context], Iterable[Check]]) -> list[Check]:
    """What is measured together took the same time."""
    ctx.stop.check()
    start = ctx.clock.now()
    checks = list(measure(ctx))
    seconds = ctx.clock.now() - start
    return [dataclasses.replace(check, seconds=seconds) for check in checks]


def _sample(ctx: Context) -> None:
    # Enough probes of both sides for the first gate to have something to show.
    for _ in range(10):
        ctx.stop.check()
        take_sample(ctx)


def _instance(ctx: Context) -> Iterable[Check]:
    target = ctx.upgrade.target
    green, blue = ctx.jenkins(Side.GREEN), ctx.jenkins(Side.BLUE)
    boot, state = green.boot(), green.guard()
    right = boot.version == target
    text = f"green answers as {boot.version}" if right else f"green answers as {boot.version}, not {target}"
    yield Check("Version", "ok" if right else "blocker", blue.boot().version, boot.version, text)
    fenced = state.role is Role.FOLLOWER
    yield Check(
        "Guard",
        "ok" if fenced else "blocker",
        blue.guard().role.value,
        state.role.value,
        "green starts no builds" if fenced else f"green is {state.role.value}, not a follower",
    )


def _contents(ctx: Context) -> Iterable[Check]:
    # Builds go on meanwhile. In this order every build that blue counts is either still running or carried over by the sync.
    blue = ctx.jenkins(Side.BLUE).inventory()
    running = [build.job for build in running_builds(ctx, Side.BLUE)]
    with ctx.services.ownership:
        sync(ctx, ctx.upgrade.owner)
        carry_branches(ctx, ctx.upgrade.owner)
    there = ctx.jenkins(Side.GREEN).inventory()
    configured = ctx.jenkins(Side.BLUE).item_configs(NEVER_MS).names
    return (*compare(blue, there, running, configured), _plugin_versions(ctx, there))


def _plugin_versions(ctx: Context, green: Inventory) -> Check:
    """What was planned and placed is what runs."""
    wrong = differences(planned(ctx.store, ctx.id), green.plugins)
    text = "; ".join(wrong[:5]) if wrong else f"all {len(green.plugins)} as planned"
    found = f"{len(wrong)} not as planned" if wrong else "as planned"
    return Check("Plugin versions", "blocker" if wrong else "ok", "–", found, text, tuple(wrong))


def _smoke(ctx: Context) -> Iterable[Check]:
    """Where it is wanted. Nothing is kept in step meanwhile, so that the job never reaches the other side."""
    if not ctx.policy.smoke_job:
        return
    green = ctx.jenkins(Side.GREEN)
    with ctx.services.ownership:
        try:
            ctx.change("smoke", lambda: begin_smoke(green, ctx.id), again=True)
            result = smoke_result(green, ctx.id, ctx.clock, ctx.stop)
        finally:
            clear_smoke(green, ctx.id)
    passed = result == SUCCESS
    text = "a job was queued, built and saved" if passed else f"a job with nothing in it ended as: {result}"
    yield Check("Smoke job", "ok" if passed else "blocker", "–", result, text)


def _restarts(ctx: Context) -> Iterable[Check]:
    yield restarted(ctx.services.environment.state(ctx.upgrade.instance(Side.GREEN)))


def _log(ctx: Context) -> Iterable[Check]:
    green, blue = ctx.jenkins(Side.GREEN), ctx.jenkins(Side.BLUE)
    yield new_records(blue.log(0), green.log(green.identity().started_ms))


def _times(ctx: Context) -> Iterable[Check]:
    record = ctx.upgrade.record()
    assert record is not None, "a running step has a record"
    found = gather(ctx, record.started_at)
    rows = {row.name: row for row in found.rows}
    median, slow = rows["Response p50"], rows["Response p95"]
    yield Check(
        "Response times",
        "warning" if found.verdict == "fail" else "ok",
        f"{median.blue}, p95 {slow.blue}",
        f"{median.green}, p95 {slow.green}",
        "; ".join(found.reasons) or found.verdict,
    )
