"""What forms offer and check: choices for a start, upgrades that can be held or rolled back and what that would do, open gates."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bot.commands.interface import Actor, LiveUpgrade, OpenGate, StartChoices, StartRequest
from bot.commands.start_times import StartTimes
from bot.config import Config
from bot.context import Contexts
from bot.errors import BotError, Refused
from bot.messages import gate_card, shown_on_card, step_title
from bot.model import Instance, Side
from bot.obstacles import Obstacles
from bot.readiness import readiness
from bot.reasons import Reason
from bot.releases import newer_releases
from bot.store import Store, newest_sample
from bot.traffic_plan import traffic_plan_fault
from bot.upgrade import Status, Upgrade, resumed
from bot.versions import parse_version

__all__ = ["Forms"]


class Forms:
    def __init__(
        self,
        config: Config,
        store: Store,
        contexts: Contexts,
        instance: Callable[[str], Instance],
        obstacles: Obstacles,
        times: StartTimes,
    ) -> None:
        """``instance`` tells a controller's running instance."""
        self._config = config
        self._store = store
        self._contexts = contexts
        self._instance = instance
        self._obstacles = obstacles
        self._times = times

    def start_choices(self, controller: str | None) -> StartChoices:
        names = tuple(sorted(self._config.controllers))
        name = controller if controller is not None and controller in names else names[0]
        obstacle = self._obstacles.against(name)
        running = ""
        try:
            running = self._contexts.services(name).jenkins(self._instance(name)).boot().version
        except BotError as error:
            obstacle = obstacle or f"{name} does not answer now: {error}"
        traffic = self._config.controllers[name].policy.traffic
        versions = newer_releases(self._store, name, running)
        return StartChoices(
            names,
            name,
            running,
            versions,
            tuple(traffic),
            obstacle,
            tuple(self._openings(name)),
            self._config.updates_of(name).plugins,
        )

    def _openings(self, controller: str) -> Iterator[tuple[str, float]]:
        """Of the windows that open again."""
        for window in self._config.controllers[controller].windows:
            with contextlib.suppress(Refused):
                yield window.name, self._times.opening(controller, window.name)

    def start_faults(self, request: StartRequest) -> Mapping[str, str]:
        faults: dict[str, str] = {}
        if request.controller not in self._config.controllers:
            faults["controller"] = f"There is no controller {request.controller} in the configuration."
        elif not request.dry_run:
            faults |= self._time_faults(request)
        try:
            parse_version(request.version)
        except Refused as refusal:
            faults["version"] = str(refusal)
        if request.traffic is not None and (fault := traffic_plan_fault(request.traffic)):
            faults["traffic"] = f"The plan {fault}." if fault.startswith("must") else f"{fault.capitalize()}."
        return faults

    def _time_faults(self, request: StartRequest) -> Mapping[str, str]:
        """What stands against a start at the time that is asked; a lock or an upgrade may be gone by a later one."""
        if request.at is None and not request.window:
            name = request.controller
            if held := self._obstacles.upgrade(name) or self._obstacles.lock(name):
                return {"controller": held}
            shut = self._obstacles.against(name)
            return {"window": shut} if shut else {}
        try:
            self._times.of(request)
        except Refused as refusal:
            return {"at" if request.at is not None else "window": str(refusal)}
        return {}

    def live_upgrades(self, actor: Actor) -> tuple[LiveUpgrade, ...]:
        named = self.upgrade_of_thread(actor)
        wanted = (named,) if named else self._store.live()
        return tuple(_live(upgrade, newest_sample(self._store, upgrade)) for upgrade in wanted)

    def open_gates(self, actor: Actor) -> tuple[OpenGate, ...]:
        named = self.upgrade_of_thread(actor)
        return tuple(self._open_gates((named,) if named else self._store.live()))

    def _open_gates(self, upgrades: Iterable[Upgrade]) -> Iterator[OpenGate]:
        for upgrade in upgrades:
            gate = self._store.newest_gate(upgrade.id, upgrade.step)
            if upgrade.status is not Status.WAITING or gate is None or gate.outcome is not None:
                continue
            card = gate_card(upgrade, gate, sample=newest_sample(self._store, upgrade))
            verdict = f"Verdict: {card.verdict}. {' '.join(card.reasons)}"
            yield OpenGate(
                gate.id,
                f"{upgrade.controller}: {card.question}",
                (f"Now: {card.now}", f"Then: {card.then}", verdict, f"Going back: {card.going_back}"),
                json.dumps(shown_on_card(upgrade, gate)),
            )

    def upgrade_of_thread(self, actor: Actor) -> Upgrade | None:
        """The upgrade whose thread the actor is in, also when it has ended."""
        named = self._store.upgrade_shown_at(actor.channel, actor.thread) if actor.thread else None
        try:
            return self._store.get(named) if named else None
        except Refused:
            return None  # a message of the bot that belongs to no upgrade


def _live(upgrade: Upgrade, sample: Mapping[str, Any] | None) -> LiveUpgrade:
    title = f"{upgrade.controller}: {upgrade.source} → {upgrade.target}"
    return LiveUpgrade(
        upgrade.id,
        upgrade.controller,
        title,
        _on_rollback(upgrade, sample),
        _on_hold(upgrade),
        _on_abort(upgrade, sample),
        _on_resume(upgrade),
    )


def _on_rollback(upgrade: Upgrade, sample: Mapping[str, Any] | None) -> tuple[str, ...]:
    if _ended(upgrade):
        return (_already(upgrade, "roll back"),)
    if upgrade.retiring:
        return (f"The old instance is stopped. To go back, restore the backup {upgrade.id}.",)
    return (*_going_back(upgrade, sample), f"{upgrade.controller} is locked then, until somebody unlocks it.")


def _on_abort(upgrade: Upgrade, sample: Mapping[str, Any] | None) -> tuple[str, ...]:
    if _ended(upgrade):
        return (_already(upgrade, "abort"),)
    if upgrade.owner is Side.GREEN:
        return ("Builds were handed over to green, so this is more than giving up: roll back instead.",)
    return (
        *_going_back(upgrade, sample),
        f"{upgrade.controller} is not locked then, as it is by a rollback.",
    )


def _ended(upgrade: Upgrade) -> bool:
    return not upgrade.live or upgrade.status is Status.ROLLING_BACK


def _already(upgrade: Upgrade, what: str) -> str:
    return f"This upgrade is {upgrade.status.value.replace('_', ' ')} already; there is nothing to {what}."


def _going_back(upgrade: Upgrade, sample: Mapping[str, Any] | None) -> tuple[str, ...]:
    lines = [f"All users of {upgrade.controller} go back to {upgrade.source} first of all."]
    if ready := readiness(upgrade, sample):
        lines.append(f"As measured last: {ready}.")
    if upgrade.owner is Side.GREEN:
        lines.append(
            "Right after it blue runs builds, timers, webhooks and agents again; what runs on green finishes there."
        )
    else:
        lines.append("Blue still runs all builds, so nothing waits.")
    lines.append("Everything that ran on green is carried to blue, then green is stopped.")
    return tuple(lines)


def _on_hold(upgrade: Upgrade) -> tuple[str, ...]:
    if _ended(upgrade) or upgrade.status is Status.HELD:
        return (_already(upgrade, "hold"),)
    return (
        f"It stops where it is: {step_title(upgrade.step)}. {upgrade.weight}% of new sessions stay on green, and "
        f"{upgrade.owner.value} goes on running the builds.",
        "It waits until somebody resumes it or rolls back.",
    )


def _on_resume(upgrade: Upgrade) -> tuple[str, ...]:
    if upgrade.hold is None or not upgrade.live:
        return ("This upgrade is not held; there is nothing to resume.",)
    goes_on = resumed(upgrade, upgrade.hold.at).step
    lines = (f"It is held: {upgrade.hold.text}", f"It goes on with: {step_title(goes_on)}.")
    return lines if upgrade.hold.reason is not Reason.VERDICT else (*lines, "It needs a written reason.")
