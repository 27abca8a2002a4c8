"""What happens again and again while an upgrade lives: keeping the follower in step, and sampling both sides."""

from __future__ import annotations

import logging

from bot.context import Context
from bot.errors import BotError, Interrupted, Temporary
from bot.evidence import take_sample
from bot.gates import Gates
from bot.judging import judge_now
from bot.model import Boot, Side
from bot.ownership.drain import drain
from bot.ownership.relay import relay
from bot.ownership.roles import keep_roles
from bot.ownership.sync import sync
from bot.ownership.withhold import withhold
from bot.traffic import keep_router
from bot.upgrade import Status, StepState, Upgrade

__all__ = ["Watcher"]

log = logging.getLogger(__name__)

MOVING = ("handover", "back-handover")


class Watcher:
    """Ticks of all upgrades. A tick that fails is logged and tried again at the next tick; people see the lag grow."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._silent: set[str] = set()
        """Upgrades whose router did not answer at the last tick."""
        self._boots: dict[tuple[str, Side], Boot] = {}
        """Of each upgrade's followers: the one after which nodes and clouds were withdrawn."""

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
        self._withhold_after_a_boot(ctx, follower)
        relay(ctx, follower)
        if upgrade.facts.get("former_owner") == follower.value:
            drain(ctx, follower)
        sync(ctx, upgrade.owner)

    def _withhold_after_a_boot(self, ctx: Context, follower: Side) -> None:
        boot = ctx.jenkins(follower).boot()
        known = self._boots.get((ctx.id, follower))
        if known == boot:
            return
        brought = ctx.change("withhold", lambda: withhold(ctx, follower), again=True)
        if brought and known is not None:
            ctx.say(
                f"{follower.value} was started with nodes or clouds of its own (configuration as code?): they were taken away from it.",
                tone="warning",
                key="withheld",
            )
        self._boots[ctx.id, follower] = boot

    def sample(self, ctx: Context) -> bool:
        """Measure both sides; True when the upgrade is to be looked at again because green does worse."""
        try:
            upgrade = ctx.upgrade
            if not upgrade.following or _moving(upgrade):
                return False
            take_sample(ctx)
            ctx.announcer.dashboard(upgrade)
            return judge_now(ctx, self._gates)
        except BotError as error:
            log.warning("upgrade %s: sampling: %s", ctx.id, error)
        except Exception:  # the scheduler must go on ticking
            log.exception("upgrade %s: sampling", ctx.id)
        return False


def _moving(upgrade: Upgrade) -> bool:
    """Whether a step is about to move ownership, or was killed while it did and will go on. One that failed stands still."""
    record = upgrade.record()
    failed = record is not None and record.state is StepState.FAILED
    return upgrade.step in MOVING and upgrade.status in (Status.RUNNING, Status.ROLLING_BACK) and not failed
