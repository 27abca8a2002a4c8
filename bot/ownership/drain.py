"""The old owner's last builds: carried over as they finish, while their serial jobs wait on the new owner and their agents stay."""

from __future__ import annotations

from bot.context import Context
from bot.errors import Permanent
from bot.model import Role, RunningBuild, Side
from bot.ownership.roles import serial_jobs
from bot.ownership.sync import sync

__all__ = ["StillRunning", "await_drained", "drain"]


class StillRunning(Permanent):
    """Builds outlive the drain time: that is for a human to decide."""


def drain(ctx: Context, old: Side) -> tuple[RunningBuild, ...]:
    """Carry what finished on the old owner, free its serial jobs on the new one, give back its agents when nothing runs any more.

    Returns the builds that it still runs.
    """
    running = sync(ctx, old, configs=False).running
    owner = ctx.jenkins(old.other)
    busy = serial_jobs(running)
    if sorted(owner.guard().busy) != busy:
        ctx.change("busy-jobs", lambda: owner.take_role(Role.OWNER, ctx.id, busy), again=True)
    if not running and ctx.upgrade.facts.get("drained") != old.value:
        ctx.change("withdraw-last-nodes", lambda: ctx.jenkins(old).withdraw_nodes(), again=True)
        ctx.change("close-connections", lambda: ctx.services.router.close_owner_connections(old), again=True)
        ctx.update(lambda upgrade: upgrade.with_facts(drained=old.value))
    return running


def await_drained(ctx: Context) -> str:
    """Wait until the follower runs no build of its own any more and all of them were carried to the owner.

    :raises StillRunning: when builds outlive the drain time; the text names them.
    """
    released_at = float(ctx.upgrade.facts.get("released_at", ctx.clock.now()))
    old = ctx.upgrade.owner.other
    deadline = max(released_at + ctx.policy.drain_seconds, ctx.clock.now())
    while True:
        with ctx.services.ownership:
            running = drain(ctx, old)
        if not running:
            return f"no build runs on {old.value} any more"
        if ctx.clock.now() > deadline:
            names = ", ".join(f"{build.job} #{build.number}" for build in running[:5])
            raise StillRunning(
                f"{len(running)} builds still run on {old.value} after the drain time: {names}. "
                "Resume to wait again, or abort them there."
            )
        ctx.stop.wait(0.5)
