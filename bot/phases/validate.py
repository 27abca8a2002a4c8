"""Validate: green, still fenced, is compared with blue. Each check is reported; a blocker fails the phase."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from bot.console_log import severe_records
from bot.context import Context
from bot.errors import Permanent
from bot.evidence import gather, take_sample
from bot.model import NEVER_MS, Role, Side
from bot.ownership.cut_off import cut_off
from bot.ownership.sync import carry_branches, running_builds, sync
from bot.phases.backup import users_key
from bot.phases.plugins import brought_by_core, differences
from bot.phases.smoke import SUCCESS, begin_smoke, clear_smoke, smoke_result
from bot.traffic import set_router
from bot.upgrade_plan.stored import planned
from bot.validation import Check, blockers, card, compare, new_records, report, restarted, withheld

__all__ = ["run"]

LOG_LINES = 20_000
"""Looked at of what an instance wrote, where it keeps too little of its log itself."""


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
    # Green's address changes: no tick may be talking to it, and its name leads elsewhere for a router that looks names up.
    with ctx.services.ownership, ctx.services.routing:
        ctx.change("expose", lambda: ctx.services.environment.expose(green, blue), again=True)
        ctx.change("register", lambda: set_router(ctx), again=True)
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
    before = ctx.store.document(users_key(ctx.id))
    return (
        *compare(blue, there, running, cut_off(ctx), configured, before and before["ids"]),
        _clouds(ctx),
        _plugin_versions(ctx),
    )


def _clouds(ctx: Context) -> Check:
    return withheld("Clouds", *(list(ctx.jenkins(side).nodes().clouds) for side in (Side.BLUE, Side.GREEN)))


def _plugin_versions(ctx: Context) -> Check:
    """What was planned and placed is what runs, or what the core brought itself."""
    plan, plugins = planned(ctx.store, ctx.id), ctx.jenkins(Side.GREEN).plugins()
    wrong, brought = differences(plan, plugins), brought_by_core(plan, plugins)
    newer = tuple(f"{name} {version} came with the core" for name, version in sorted(brought.items()))
    if wrong:
        text = "; ".join(wrong[:5])
    elif newer:
        text = f"{len(plugins) - len(newer)} as planned, {len(newer)} newer ones came with the core"
    else:
        text = f"all {len(plugins)} as planned"
    found = f"{len(wrong)} not as planned" if wrong else "as planned"
    return Check("Plugin versions", "blocker" if wrong else "ok", "–", found, text, (*wrong, *newer))


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
    found, known = green.log(green.identity().started_ms), blue.log(0)
    if found.whole:
        yield new_records(known.records, found.records)
        return
    # A start with many jobs writes more than Jenkins keeps: what the two processes wrote has the rest.
    written = ctx.services.environment.logs(ctx.upgrade.instance(Side.GREEN), LOG_LINES)
    all_of_green = severe_records(written)
    if all_of_green is None:
        yield new_records(known.records, found.records, whole=False)
        return
    all_of_blue = severe_records(ctx.services.environment.logs(ctx.upgrade.blue, LOG_LINES)) or ()
    whole = len(written.splitlines()) < LOG_LINES
    yield new_records((*known.records, *all_of_blue), all_of_green, whole)


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
