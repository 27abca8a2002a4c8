"""Upgrade: green gets the planned plugins and starts on the target core, fenced; then it is brought up to date and made known to the router."""

from __future__ import annotations

import dataclasses

from bot.context import Context
from bot.errors import NotStarted, Permanent, Temporary
from bot.model import Role, Side
from bot.ownership.sync import sync
from bot.ownership.withhold import withhold
from bot.phases.plugins import place_plugins
from bot.traffic import set_router
from bot.validation import restarted

__all__ = ["run"]


def run(ctx: Context) -> str:
    green = ctx.upgrade.instance(Side.GREEN)
    environment = ctx.services.environment
    if not environment.state(green).running:
        place_plugins(ctx)
    ctx.change("start", lambda: environment.start(green), again=True)
    seconds = await_boot(ctx)
    ctx.update(lambda row: row.with_facts(green_up_at=row.facts.get("green_up_at", ctx.clock.now())))
    ctx.change("fence", lambda: _fence(ctx), again=True)
    with ctx.services.ownership:
        report = sync(ctx, Side.BLUE)
    ctx.update(lambda row: dataclasses.replace(row, following=True))
    ctx.change("register", lambda: set_router(ctx), again=True)
    return f"green runs {ctx.upgrade.target} after {seconds:.0f} s, fenced; {report.carried} builds caught up"


def await_boot(ctx: Context) -> float:
    """Wait until green answers as the target version; returns the seconds that took.

    :raises Permanent: when it ends, is another version, or takes too long; the text has the end of its log.
    """
    green = ctx.upgrade.instance(Side.GREEN)
    began = ctx.clock.now()
    while True:
        try:
            boot = ctx.jenkins(Side.GREEN).boot()
        except (NotStarted, Temporary):
            waited = ctx.clock.now() - began
            state = ctx.services.environment.state(green)
            if state.restarts:
                # It may go on so for ever, and would fail the validation in any case.
                raise Permanent(f"{restarted(state).text} while it started. {_log(ctx)}") from None
            if not state.running:
                raise Permanent(f"green ended while it started. {_log(ctx)}") from None
            if waited > ctx.policy.boot_seconds:
                raise Permanent(
                    f"green has not started within {ctx.policy.boot_seconds:.0f} s. {_log(ctx)}"
                ) from None
            ctx.stop.wait(0.25)
            continue
        if boot.version != ctx.upgrade.target:
            raise Permanent(f"green says it is {boot.version}, not {ctx.upgrade.target}")
        return ctx.clock.now() - began


def _fence(ctx: Context) -> None:
    """The guard in green's home may have failed open (its exceptions are only logged): ask, mend, else stop green."""
    jenkins = ctx.jenkins(Side.GREEN)
    state = jenkins.guard()
    if state.role is not Role.FOLLOWER or not state.persisted:
        state = jenkins.take_role(Role.FOLLOWER, ctx.id)
    if state.role is not Role.FOLLOWER:
        ctx.services.environment.stop(ctx.upgrade.instance(Side.GREEN))
        raise Permanent(
            "green could not be fenced and was stopped: it would have run timers and builds of its own"
        )
    withhold(ctx, Side.GREEN)


def _log(ctx: Context) -> str:
    return (
        "The end of its log: "
        + ctx.services.environment.logs(ctx.upgrade.instance(Side.GREEN), 5).strip()[-600:]
    )
