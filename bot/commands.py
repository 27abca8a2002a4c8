"""What people can ask of the bot. Slack handlers and the command line both call this, and nothing else.

Permission is checked here, at the moment of acting. A refusal changes nothing and says what to do.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.announcer import Announcer
from bot.config import Config
from bot.content import Notice
from bot.context import Contexts, change_upgrade
from bot.engine import Engine
from bot.errors import BotError, Conflict, Refused
from bot.evidence import gather
from bot.gates import Gates, evidence_since
from bot.instances import current
from bot.messages import dashboard
from bot.model import Instance
from bot.phases.preflight import inspect
from bot.ports import Clock
from bot.reasons import Reason
from bot.store import Entry, Store
from bot.upgrade import Gate, Hold, Status, StepState, Upgrade, plan_steps, rollback_steps
from bot.versions import parse_version

__all__ = ["Actor", "BotCommands", "Commands"]

log = logging.getLogger(__name__)

HELP = {
    "start": "`start [controller] <version>` – upgrade a controller; every step of traffic waits for an approval",
    "plan": "`plan [controller] <version>` – check whether that would work; changes nothing",
    "status": "`status [controller]` – where every upgrade stands and what it waits for",
    "approve": "`approve [controller] [reason]` – the text twin of the button; the reason is needed when the comparison failed",
    "hold": "`hold [controller] [reason]` – stop before the next step",
    "pause": "`pause [controller] [reason]` – the same as hold",
    "resume": "`resume [controller]` – go on after a hold",
    "rollback": "`rollback [controller] [reason]` – users back on the old controller at once",
    "history": "`history [controller]` – the last upgrades",
    "help": "`help [command]` – this",
}

T = TypeVar("T", bound=Notice | None)

_WORSE = {"pass": 0, "inconclusive": 1, "fail": 2}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and where."""

    id: str
    """Slack user id."""
    name: str
    channel: str
    """Channel or direct message id where it was asked."""


class Commands(Protocol):
    def run(self, text: str, actor: Actor) -> Notice:
        """Take the text after ``/ci-upgrade``. Never raises: a refusal is a notice that says what to do."""

    def click(self, action: str, value: str, actor: Actor) -> Notice | None:
        """Take a button click; None when the card itself tells the outcome. Never raises."""


class BotCommands:
    """Implements :class:`Commands`."""

    def __init__(
        self,
        *,
        config: Config,
        store: Store,
        engine: Engine,
        gates: Gates,
        contexts: Contexts,
        announcer: Announcer,
        clock: Clock,
        first_instance: Callable[[str], Instance],
    ) -> None:
        """``first_instance`` tells the configured running instance of a controller that was never upgraded."""
        self._config = config
        self._store = store
        self._engine = engine
        self._gates = gates
        self._contexts = contexts
        self._announcer = announcer
        self._clock = clock
        self._first_instance = first_instance
        self._table: dict[str, Callable[[list[str], Actor], Notice]] = {
            "start": self._start,
            "plan": self._plan,
            "status": self._status,
            "approve": self._approve,
            "hold": self._hold,
            "pause": self._hold,
            "resume": self._resume,
            "rollback": self._rollback,
            "history": self._history,
            "help": self._help,
        }

    # ---- ways in

    def run(self, text: str, actor: Actor) -> Notice:
        words = text.split()
        name = words[0].lower() if words else "help"
        command = self._table.get(name)
        if command is None:
            close = difflib.get_close_matches(name, self._table, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            return Notice(f"There is no command `{name}`.{hint} `/ci-upgrade help` lists them all.", tone="warning")
        return self._answer(lambda: command(words[1:], actor))

    def click(self, action: str, value: str, actor: Actor) -> Notice | None:
        def act() -> Notice | None:
            asked = json.loads(value)
            upgrade = self._store.get(asked["upgrade"])
            if action in ("approve", "hold") and "gate" in asked:
                gate = self._store.gate(asked["gate"])
                if gate is None:
                    raise Refused("This card is not known here any more; nothing was changed.")
                return self._decide(action, upgrade, gate, actor, "")
            if action in ("hold", "pause"):
                return self._hold_upgrade(upgrade, actor, "")
            if action == "resume":
                return self._resume_upgrade(upgrade, actor)
            if action == "rollback":
                return self._roll_back(upgrade, actor, "")
            raise Refused("This button is from an older release of the bot; use the newest card of the upgrade. Nothing was changed.")

        try:
            return self._answer(act)
        except (ValueError, KeyError, TypeError):
            return Notice("This button is from another release of the bot; nothing was changed.", tone="warning")

    def _answer(self, act: Callable[[], T]) -> T | Notice:
        try:
            return act()
        except BotError as error:
            return Notice(str(error), tone="warning")

    # ---- looking

    def _help(self, words: list[str], actor: Actor) -> Notice:
        if words and words[0] in HELP:
            return Notice(HELP[words[0]])
        names = ", ".join(sorted(self._config.controllers))
        return Notice("What `/ci-upgrade` can do:", (*HELP.values(), f"Controllers: {names}. With one controller its name may be left out."))

    def _status(self, words: list[str], actor: Actor) -> Notice:
        wanted = [self._controller(words)] if words else sorted(self._config.controllers)
        lines = []
        for name in wanted:
            upgrade = self._store.live_for(name)
            if upgrade is None:
                past = self._store.history(name, 1)
                lines.append(f"*{name}*: no upgrade is running. {'Last: ' + _outcome(past[0]) if past else 'It was never upgraded by this bot.'}")
                continue
            gate = self._store.newest_gate(upgrade.id, upgrade.step) if upgrade.status is Status.WAITING else None
            content = dashboard(upgrade, gate, None, self._config.controllers[name], self._announcer.approvers())
            lines.append(
                f"*{name}* {upgrade.source} → {upgrade.target} (`{upgrade.id}`): {content.headline} "
                f"{upgrade.weight}% of new sessions on green; {upgrade.owner.value} runs the builds."
            )
        waiting, error = self._store.undelivered()
        if error:
            lines.append(f"{waiting} messages wait to be shown in Slack: {error}")
        return Notice("Status", tuple(lines))

    def _history(self, words: list[str], actor: Actor) -> Notice:
        past = self._store.history(self._controller(words) if words else None, 10)
        return Notice("The last upgrades" if past else "There was no upgrade yet.", tuple(_outcome(upgrade) for upgrade in past))

    def _plan(self, words: list[str], actor: Actor) -> Notice:
        controller, target, _ = self._controller_and_version(words, "plan")
        findings = inspect(self._contexts.services(controller), self._instance(controller), target)
        marks = {"blocker": "✗ blocker", "warning": "⚠ warning", "ok": "✓ ok"}
        ordered = sorted(findings, key=lambda finding: list(marks).index(finding.level))
        blockers = sum(finding.level == "blocker" for finding in findings)
        text = f"{controller} → {target}: " + (f"{blockers} blockers" if blockers else "ready to start")
        traffic = ", ".join(str(step) for step in self._config.controllers[controller].policy.traffic)
        lines = (*(f"{marks[f.level]} {f.name}: {f.text}" for f in ordered), f"Traffic: {traffic}; each step waits for an approval.")
        return Notice(text, lines, "bad" if blockers else "good")

    # ---- acting

    def _start(self, words: list[str], actor: Actor) -> Notice:
        self._require_operator(actor, "start an upgrade")
        controller, target, _ = self._controller_and_version(words, "start")
        live = self._store.live_for(controller)
        if live is not None:
            raise Refused(
                f"{controller} is already being upgraded to {live.target} (`{live.id}`): finish it, or `/ci-upgrade rollback {controller}`."
            )
        services = self._contexts.services(controller)
        blue = self._instance(controller)
        try:
            source = services.jenkins(blue).boot().version
        except BotError as error:
            raise Refused(f"{controller} cannot be upgraded now: {error}") from error
        if parse_version(target) <= parse_version(source):
            raise Refused(f"{controller} already runs {source}, which is not older than {target}. Name a newer version.")
        services.environment.core(target)
        now = self._clock.now()
        upgrade = Upgrade(
            id="u" + secrets.token_hex(3),
            controller=controller,
            source=source,
            target=target,
            requested_by=actor.id,
            channel=self._config.slack.channel or actor.channel,
            created_at=now,
            steps=plan_steps(services.config.policy.traffic),
            step="preflight",
            status=Status.RUNNING,
            blue=dataclasses.replace(blue, version=source),
        )
        self._store.create(upgrade, Entry(upgrade.id, now, "decision", "preflight", 1, "start", actor.id, {"target": target}))
        self._announcer.dashboard(upgrade)
        self._engine.wake(upgrade.id)
        return Notice(f"Upgrading {controller} from {source} to {target} (`{upgrade.id}`). The message below is kept up to date.")

    def _approve(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._live(words)
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if gate is None or gate.outcome is not None:
            raise Refused(f"{upgrade.controller} waits for no approval now. `/ci-upgrade status` says what it does.")
        return self._decide("approve", upgrade, gate, actor, reason) or Notice("Approved.", tone="good")

    def _decide(self, action: str, upgrade: Upgrade, gate: Gate, actor: Actor, reason: str) -> Notice | None:
        if gate.outcome is not None or gate.step != upgrade.step or upgrade.status is not Status.WAITING:
            raise Refused(f"{_late(gate)} Nothing was changed by your click.")
        if action == "hold":
            self._require_operator(actor, "hold an upgrade")
            text = reason or "Somebody pressed Hold."
            self._settle(gate, "held", actor, reason, hold=Hold(Reason.ASKED, text, self._clock.now(), actor.id))
            return None
        self._require_approver(actor, upgrade)
        if gate.verdict == "fail" and not reason:
            raise Refused(
                f"The comparison failed, so approving needs a written reason: `/ci-upgrade approve {upgrade.controller} <reason>`."
            )
        seen = gather(self._contexts.beside(upgrade.id), evidence_since(upgrade))
        if _WORSE[seen.verdict] > _WORSE[gate.verdict]:
            self._settle(gate, "superseded", None, f"the figures became worse before {actor.name}'s click")
            raise Refused(f"The figures became worse since the card was drawn ({'; '.join(seen.reasons)}). A new card asks again.")
        self._settle(gate, "approved", actor, reason)
        return None

    def _settle(self, gate: Gate, outcome: str, actor: Actor | None, reason: str, *, hold: Hold | None = None) -> None:
        try:
            self._gates.decide(gate, outcome, actor.id if actor else None, reason, hold=hold)
        except Conflict as error:
            decided = self._store.gate(gate.id)
            raise Refused(f"{_late(decided or gate)} Nothing was changed by your click.") from error
        self._engine.wake(gate.upgrade)

    def _hold(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._live(words)
        return self._hold_upgrade(upgrade, actor, reason)

    def _hold_upgrade(self, upgrade: Upgrade, actor: Actor, reason: str) -> Notice:
        self._require_operator(actor, "hold an upgrade")
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if upgrade.status is Status.WAITING and gate is not None and gate.outcome is None:
            self._decide("hold", upgrade, gate, actor, reason)
            return Notice(f"{upgrade.controller} is held.")
        now = self._clock.now()

        def hold(row: Upgrade) -> Upgrade:
            if row.status is not Status.RUNNING:
                raise Refused(f"{row.controller} is {row.status.value.replace('_', ' ')}: there is nothing to hold.")
            return dataclasses.replace(
                row, status=Status.HELD, hold=Hold(Reason.ASKED, reason or "Somebody asked for a pause.", now, actor.id)
            )

        saved = change_upgrade(
            self._store, upgrade.id, hold, Entry(upgrade.id, now, "decision", upgrade.step, 1, "hold", actor.id, {"reason": reason})
        )
        self._engine.interrupt(upgrade.id)
        self._announcer.held(saved)
        return Notice(f"{upgrade.controller} is held. `/ci-upgrade resume {upgrade.controller}` goes on.")

    def _resume(self, words: list[str], actor: Actor) -> Notice:
        upgrade, _ = self._live(words)
        return self._resume_upgrade(upgrade, actor)

    def _resume_upgrade(self, upgrade: Upgrade, actor: Actor) -> Notice:
        self._require_operator(actor, "resume an upgrade")

        def resume(row: Upgrade) -> Upgrade:
            if row.status is not Status.HELD:
                raise Refused(f"{row.controller} is not held, so there is nothing to resume.")
            return dataclasses.replace(row, status=Status.RUNNING, hold=None, retry_at=None)

        now = self._clock.now()
        saved = change_upgrade(
            self._store, upgrade.id, resume, Entry(upgrade.id, now, "decision", upgrade.step, 1, "resume", actor.id)
        )
        self._announcer.entry(saved, f"resumed-{now:.0f}", f"Resumed by <@{actor.id}>")
        self._announcer.dashboard(saved)
        self._engine.wake(upgrade.id)
        return Notice(f"{upgrade.controller} goes on.")

    def _rollback(self, words: list[str], actor: Actor) -> Notice:
        upgrade, reason = self._live(words)
        return self._roll_back(upgrade, actor, reason)

    def _roll_back(self, upgrade: Upgrade, actor: Actor, reason: str) -> Notice:
        """Always wins: over a gate, a hold and a running step."""
        self._require_operator(actor, "roll back")
        now = self._clock.now()
        entry = Entry(upgrade.id, now, "decision", upgrade.step, 1, "rollback", actor.id, {"reason": reason})
        while True:
            row = self._store.get(upgrade.id)
            if not row.live or row.status is Status.ROLLING_BACK:
                raise Refused(f"The upgrade {row.id} is {row.status.value.replace('_', ' ')} already; nothing was changed.")
            if row.step == "retire" and row.record() is not None:
                raise Refused(f"{row.controller} is being retired: its old instance is stopped. To go back, restore the backup {row.id}.")
            done = tuple(step for step in row.steps if step in row.records and row.records[step].state is not StepState.FAILED)
            changed = dataclasses.replace(
                row,
                status=Status.ROLLING_BACK,
                steps=(*done, *rollback_steps()),
                step=rollback_steps()[0],
                hold=None,
                retry_at=None,
            )
            gate = self._store.newest_gate(row.id, row.step)
            try:
                if gate is not None and gate.outcome is None:
                    decided = dataclasses.replace(gate, outcome="rolled back", decided_by=actor.id, decided_at=now, reason=reason)
                    saved = self._store.decide(decided, changed, entry)
                    self._announcer.gate(saved, decided)
                else:
                    saved = self._store.save(changed, entry)
                break
            except Conflict:
                continue
        self._engine.interrupt(upgrade.id)
        self._announcer.entry(saved, "rollback", f"Rollback asked by <@{actor.id}>", (reason,) if reason else (), "warning")
        self._announcer.dashboard(saved)
        return Notice(f"Rolling {upgrade.controller} back: sessions go to blue now.", tone="warning")

    # ---- reading what was typed

    def _controller(self, words: list[str]) -> str:
        known = sorted(self._config.controllers)
        if words and words[0] in self._config.controllers:
            return words[0]
        if not words and len(known) == 1:
            return known[0]
        if not words:
            raise Refused(f"Which controller? One of: {', '.join(known)}.")
        close = difflib.get_close_matches(words[0], known, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        raise Refused(f"There is no controller `{words[0]}`.{hint} Configured: {', '.join(known)}.")

    def _controller_and_version(self, words: list[str], command: str) -> tuple[str, str, list[str]]:
        if len(words) == 1 and len(self._config.controllers) == 1 and words[0] not in self._config.controllers:
            words = [next(iter(self._config.controllers)), words[0]]
        if len(words) < 2:
            example = f"`/ci-upgrade {command} {min(self._config.controllers)} 2.516.3`"
            if words:
                self._controller(words)
            raise Refused(f"Which version? For example {example}.")
        controller = self._controller(words)
        parse_version(words[1])
        return controller, words[1], words[2:]

    def _live(self, words: list[str]) -> tuple[Upgrade, str]:
        """The live upgrade that is meant, and the rest of the text."""
        named = bool(words) and words[0] in self._config.controllers
        if not named and len(self._store.live()) == 1 and len(self._config.controllers) == 1:
            return self._store.live()[0], " ".join(words)
        controller = self._controller(words)
        upgrade = self._store.live_for(controller)
        if upgrade is None:
            raise Refused(f"No upgrade of {controller} is running.")
        return upgrade, " ".join(words[1:] if named else words)

    def _instance(self, controller: str) -> Instance:
        return current(self._store, controller) or self._first_instance(controller)

    # ---- who may

    def _require_operator(self, actor: Actor, what: str) -> None:
        operators = self._config.slack.operators
        if operators and actor.id not in operators and actor.id not in self._config.slack.approvers:
            raise Refused(f"You may not {what}. Ask one of {_people(operators)}.")

    def _require_approver(self, actor: Actor, upgrade: Upgrade) -> None:
        approvers = self._announcer.approvers()
        if approvers and actor.id not in approvers:
            raise Refused(f"You may not approve this. Ask one of {_people(approvers)}.")
        if not self._config.slack.requester_may_approve and actor.id == upgrade.requested_by:
            others = _people(tuple(user for user in approvers if user != actor.id)) or "somebody else"
            raise Refused(f"You started this upgrade, so somebody else has to approve: {others}.")


def _people(users: tuple[str, ...]) -> str:
    return ", ".join(f"<@{user}>" for user in users)


def _late(gate: Gate) -> str:
    if gate.outcome is None:
        return "This card belongs to an earlier step."
    by = f" by <@{gate.decided_by}>" if gate.decided_by else ""
    return f"This was already {gate.outcome}{by}."


def _outcome(upgrade: Upgrade) -> str:
    minutes = ((upgrade.ended_at or upgrade.created_at) - upgrade.created_at) / 60
    state = upgrade.status.value.replace("_", " ")
    return f"`{upgrade.id}` {upgrade.controller} {upgrade.source} → {upgrade.target}: {state} after {minutes:.0f} min, asked by <@{upgrade.requested_by}>"
