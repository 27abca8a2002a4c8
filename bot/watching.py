"""What happens again and again while an upgrade lives: keeping the follower in step, and sampling both sides."""

from __future__ import annotations

import dataclasses
import logging

from bot.context import Context
from bot.errors import BotError, Conflict, Interrupted, Temporary
from bot.evidence import Evidence, gather, take_sample
from bot.model import Side
from bot.ownership.drain import drain
from bot.ownership.relay import relay
from bot.ownership.roles import keep_roles
from bot.ownership.sync import sync
from bot.reasons import Reason
from bot.store import Entry
from bot.traffic import keep_router, send_back
from bot.upgrade import Hold, Status, StepState, Upgrade

__all__ = ["Watcher"]

log = logging.getLogger(__name__)

MOVING = ("handover", "back-handover")


class Watcher:
    """Ticks of all upgrades. A tick that fails is logged and tried again at the next tick; people see the lag grow."""

    def __init__(self) -> None:
        self._silent: set[str] = set()
        """Upgrades whose router did not answer at the last tick."""

    def keep(self, ctx: Context) -> None:
        """See that the router still does what it was told."""
        try:
            keep_router(ctx)
        except Temporary as error:
            if ctx.id not in self._silent:
                log.warning("upgrade %s: the router: %s", ctx.id, error)
                self._silent.add(ctx.id)
                ctx.say("The router does not answer as a whole.", str(error), tone="warning", key="router")
        except BotError as error:
            log.warning("upgrade %s: the router: %s", ctx.id, error)
        except Exception:  # the scheduler must go on ticking
            log.exception("upgrade %s: the router", ctx.id)
        else:
            if ctx.id in self._silent:
                self._silent.discard(ctx.id)
                ctx.say("The router answers again.", tone="good", key="router")

    def follow(self, ctx: Context) -> None:
        """Roles, relay and sync of one upgrade."""
        if not ctx.services.ownership.acquire(blocking=False):
            return  # a handover or an earlier tick is at it
        try:
            upgrade = ctx.upgrade
            # A handover that was cut short knows how to go on; a tick in between would undo half of it.
            if upgrade.following and not _moving(upgrade):
                self._follow(ctx)
        except Interrupted:
            return
        except BotError as error:
            log.warning("upgrade %s: keeping the follower in step: %s", ctx.id, error)
        except Exception:  # the scheduler must go on ticking
            log.exception("upgrade %s: keeping the follower in step", ctx.id)
        finally:
            ctx.services.ownership.release()

    def _follow(self, ctx: Context) -> None:
        keep_roles(ctx)
        upgrade = ctx.upgrade
        follower = upgrade.owner.other
        relay(ctx, follower)
        if upgrade.facts.get("former_owner") == follower.value:
            drain(ctx, follower)
        sync(ctx, upgrade.owner)

    def sample(self, ctx: Context) -> bool:
        """Measure both sides; True when the upgrade was held because green does worse."""
        try:
            upgrade = ctx.upgrade
            if not upgrade.following or _moving(upgrade):
                return False
            take_sample(ctx)
            ctx.announcer.dashboard(upgrade)
            return (
                upgrade.status is Status.RUNNING
                and upgrade.step.startswith(("watch-", "soak"))
                and self._judge(ctx, upgrade)
            )
        except BotError as error:
            log.warning("upgrade %s: sampling: %s", ctx.id, error)
        except Exception:  # the scheduler must go on ticking
            log.exception("upgrade %s: sampling", ctx.id)
        return False

    def _judge(self, ctx: Context, upgrade: Upgrade) -> bool:
        record = upgrade.record()
        assert record is not None, "a watched step has a record"
        evidence = gather(ctx, record.started_at)
        if evidence.verdict != "fail":
            return False
        with ctx.services.routing:  # until the weight is stored, the router is not to be put "right"
            return self._hold_back(ctx, upgrade, evidence)

    def _hold_back(self, ctx: Context, upgrade: Upgrade, evidence: Evidence) -> bool:
        text = "Green does worse than blue: " + "; ".join(evidence.reasons)
        # Sessions go back only while blue still owns the builds: after the handover people would look at a follower.
        back = ctx.config.thresholds.move_back_on_fail and upgrade.owner is Side.BLUE and upgrade.weight > 0
        if back:
            ctx.change("move-back", lambda: send_back(ctx, weight=0), again=True)
        now = ctx.clock.now()
        held = dataclasses.replace(
            upgrade,
            status=Status.HELD,
            weight=0 if back else upgrade.weight,
            hold=Hold(Reason.VERDICT, text, now),
        )
        try:
            saved = ctx.store.save(
                held, Entry(ctx.id, now, "event", upgrade.step, 1, "held", None, {"why": text})
            )
        except Conflict:
            if back:
                keep_router(ctx)
            return False
        ctx.announcer.held(saved)
        return True


def _moving(upgrade: Upgrade) -> bool:
    """Whether a step is about to move ownership, or was killed while it did and will go on. One that failed stands still."""
    record = upgrade.record()
    failed = record is not None and record.state is StepState.FAILED
    return upgrade.step in MOVING and upgrade.status in (Status.RUNNING, Status.ROLLING_BACK) and not failed
