"""Commands that change the course of an upgrade: start, hold, resume, roll back."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from bot.announcer import Announcer
from bot.commands.arguments import Arguments
from bot.commands.deciding import Deciding
from bot.commands.interface import Actor, StartRequest
from bot.commands.permissions import Permissions
from bot.config import Config
from bot.content import Notice
from bot.context import Contexts, change_upgrade
from bot.engine import Engine
from bot.errors import BotError, Conflict, Refused
from bot.gates import shown
from bot.model import Instance, Side
from bot.obstacles import Obstacles
from bot.people import person
from bot.ports import Clock
from bot.reasons import Reason
from bot.store import Entry, Store
from bot.upgrade import Hold, Status, Upgrade, plan_steps, resumed, turned_back
from bot.versions import why_not_from

__all__ = ["Acting"]


class Acting:
    def __init__(
        self,
        *,
        config: Config,
        store: Store,
        engine: Engine,
        contexts: Contexts,
        announcer: Announcer,
        clock: Clock,
        arguments: Arguments,
        permissions: Permissions,
        obstacles: Obstacles,
        deciding: Deciding,
        instance: Callable[[str], Instance],
    ) -> None:
        """``instance`` tells a controller's running instance."""
        self._config = config
        self._store = store
        self._engine = engine
        self._contexts = contexts
        self._announcer = announcer
        self._clock = clock
        self._arguments = arguments
        self._permissions = permissions
        self._obstacles = obstacles
        self._deciding = deciding
        self._instance = instance

    def begin(self, request: StartRequest, actor: Actor, id: str = "") -> Notice:
        """``id`` of the upgrade: given, it is started only once."""
        self._permissions.require_operator(actor, "start an upgrade")
        controller, target = request.controller, request.version
        self._obstacles.require_none(controller)
        source = self.require_newer(request)
        services, blue = self._contexts.services(controller), self._instance(controller)
        now = self._clock.now()
        upgrade = Upgrade(
            id=id or "u" + secrets.token_hex(3),
            controller=controller,
            source=source,
            target=target,
            requested_by=actor.id,
            channel=self._config.slack.channel or actor.channel,
            created_at=now,
            steps=plan_steps(request.traffic or services.config.policy.traffic),
            step="preflight",
            status=Status.RUNNING,
            blue=dataclasses.replace(blue, version=source),
            facts={"plugins": request.plugins} if request.plugins else {},
        )
        self._store.create(
            upgrade,
            Entry(
                upgrade.id,
                now,
                "decision",
                "preflight",
                1,
                "start",
                actor.id,
                {"target": target, "reason": request.reason},
            ),
        )
        self._announcer.dashboard(upgrade)
        self._engine.take_up(upgrade)
        where = "below" if upgrade.channel == actor.channel else f"in <#{upgrade.channel}>"
        return Notice(
            f"Upgrading {controller} from {source} to {target} (`{upgrade.id}`). The message {where} is kept up to date."
        )

    def require_newer(self, request: StartRequest) -> str:
        """The version that runs, which the asked one is newer than; that one can be had.

        :raises Refused: when it is not newer, or the controller does not answer.
        """
        blue, target = self._instance(request.controller), request.version
        services = self._contexts.services(request.controller)
        try:
            source = services.jenkins(blue).boot().version
        except BotError as error:
            raise Refused(f"{request.controller} cannot be upgraded now: {error}") from error
        if fault := why_not_from(source, target):
            raise Refused(f"{request.controller} runs {source}, which {fault}")
        services.environment.core(target, blue)
        return source

    def hold(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._arguments.live(words)
        return self.hold_upgrade(upgrade, actor, reason)

    def hold_upgrade(self, upgrade: Upgrade, actor: Actor, reason: str) -> Notice:
        self._permissions.require_operator(actor, "hold an upgrade")
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if upgrade.status is Status.WAITING and gate is not None and gate.outcome is None:
            self._deciding.decide("hold", upgrade, gate, actor, reason)
            return Notice(f"{upgrade.controller} is held.")
        now = self._clock.now()

        def hold(row: Upgrade) -> Upgrade:
            if row.status is not Status.RUNNING:
                raise Refused(
                    f"{row.controller} is {row.status.value.replace('_', ' ')}: there is nothing to hold."
                )
            return dataclasses.replace(
                row,
                status=Status.HELD,
                hold=Hold(Reason.ASKED, reason or "Somebody asked for a pause.", now, actor.id),
            )

        saved = change_upgrade(
            self._store,
            upgrade.id,
            hold,
            Entry(upgrade.id, now, "decision", upgrade.step, 1, "hold", actor.id, {"reason": reason}),
        )
        self._engine.interrupt(upgrade.id)
        self._announcer.held(saved)
        return Notice(f"{upgrade.controller} is held. `/ci-upgrade resume {upgrade.controller}` goes on.")

    def resume(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._arguments.live(words)
        return self.resume_upgrade(upgrade, actor, reason)

    def resume_upgrade(self, upgrade: Upgrade, actor: Actor, reason: str = "") -> Notice:
        self._permissions.require_operator(actor, "resume an upgrade")

        def resume(row: Upgrade) -> Upgrade:
            if row.status is not Status.HELD:
                raise Refused(f"{row.controller} is not held, so there is nothing to resume.")
            if actor.asked_at is not None and row.hold is not None and row.hold.at > actor.asked_at:
                # Slack may deliver a message minutes late, or once more.
                raise Refused(
                    f"{row.controller} was held after you wrote this; nothing was changed. {row.hold.text}"
                )
            if row.hold is not None and row.hold.reason is Reason.VERDICT and not reason:
                raise Refused(
                    f"Green did worse than blue, so going on needs a written reason: `/ci-upgrade resume {row.controller} <reason>`."
                )
            return resumed(row, now)

        now = self._clock.now()
        saved = change_upgrade(
            self._store,
            upgrade.id,
            resume,
            Entry(upgrade.id, now, "decision", upgrade.step, 1, "resume", actor.id, {"reason": reason}),
        )
        lines = (reason,) if reason else ()
        self._announcer.entry(saved, f"resumed-{now:.0f}", f"Resumed by {person(actor.id)}", lines)
        self._announcer.dashboard(saved)
        self._engine.wake(upgrade.id)
        return Notice(f"{upgrade.controller} goes on.")

    def rollback(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._arguments.live(words)
        return self.roll_back(upgrade, actor, reason)

    def abort(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._arguments.live(words)
        return self.abort_upgrade(upgrade, actor, reason)

    def abort_upgrade(self, upgrade: Upgrade, actor: Actor, reason: str) -> Notice:
        """Give it up while blue still runs all builds: as a rollback, after which the controller is not locked."""
        return self.roll_back(upgrade, actor, reason, abort=True)

    def roll_back(self, upgrade: Upgrade, actor: Actor, reason: str, *, abort: bool = False) -> Notice:
        """Always wins: over a gate, a hold, a lock, a window and a running step."""
        self._permissions.require_operator(actor, "abort an upgrade" if abort else "roll back")
        now, name = self._clock.now(), "abort" if abort else "rollback"
        entry = Entry(upgrade.id, now, "decision", upgrade.step, 1, name, actor.id, {"reason": reason})
        while True:
            row = self._store.get(upgrade.id)
            if not row.live or row.status is Status.ROLLING_BACK:
                raise Refused(
                    f"The upgrade {row.id} is {row.status.value.replace('_', ' ')} already; nothing was changed."
                )
            if abort and ("handover" in row.records or row.owner is Side.GREEN):
                raise Refused(
                    f"Builds of {row.controller} were handed over to green, so this is more than giving up: use "
                    f"`/ci-upgrade rollback {row.controller}`. Nothing was changed."
                )
            if row.retiring:
                raise Refused(
                    f"{row.controller} is being retired: its old instance is stopped. To go back, restore the backup {row.id}."
                )
            changed = turned_back(row.with_facts(aborted=True) if abort else row)
            gate = self._store.newest_gate(row.id, row.step)
            try:
                if gate is not None and gate.outcome is None:
                    decided = dataclasses.replace(
                        gate, outcome="rolled back", decided_by=actor.id, decided_at=now, reason=reason
                    )
                    detail = {"reason": reason, **shown(gate)}
                    saved = self._store.decide(decided, changed, dataclasses.replace(entry, detail=detail))
                    self._announcer.gate(saved, decided)
                else:
                    saved = self._store.save(changed, entry)
                break
            except Conflict:
                continue
        self._engine.turn_back(upgrade.id)
        self._announcer.entry(
            saved,
            "rollback",
            f"{name.capitalize()} asked by {person(actor.id)}",
            (reason,) if reason else (),
            "warning",
        )
        self._announcer.dashboard(saved)
        return Notice(f"Rolling {upgrade.controller} back: sessions go to blue now.", tone="warning")
