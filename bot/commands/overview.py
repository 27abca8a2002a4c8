"""What the home tab shows, from stored state alone: it is drawn often and must ask no controller."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from bot.approvals import Approvals
from bot.commands.interface import Actor, ControllerState, Overview, Question
from bot.commands.permissions import Permissions
from bot.config import Config
from bot.errors import BotError
from bot.locks import lock_text
from bot.messages import USUAL_RULES, dashboard, gate_card
from bot.model import Instance
from bot.releases import advisories, behind, noted_version
from bot.schedule import ScheduledStart, StartStatus
from bot.store import Store
from bot.upgrade import Status, Upgrade

__all__ = ["Overviews"]


class Overviews:
    def __init__(
        self,
        config: Config,
        store: Store,
        permissions: Permissions,
        approvals: Approvals,
        instance: Callable[[str], Instance],
    ) -> None:
        """``approvals`` may be a little behind: it is for drawing. ``instance`` tells a controller's running one."""
        self._instance = instance
        self._config = config
        self._store = store
        self._permissions = permissions
        self._approvals = approvals

    def overview(self, actor: Actor) -> Overview:
        live = {upgrade.controller: upgrade for upgrade in self._store.live()}
        waiting = [question for upgrade in live.values() if (question := self._question(upgrade, actor))]
        waiting += [
            question for start in self._store.open_starts() if (question := self._missed(start, actor))
        ]
        states = tuple(self._state(name, live.get(name)) for name in sorted(self._config.controllers))
        return Overview(tuple(sorted(waiting, key=lambda question: question.since)), states)

    def _question(self, upgrade: Upgrade, actor: Actor) -> Question | None:
        """The open gate of an upgrade, if this person may answer it."""
        if upgrade.status is not Status.WAITING:
            return None
        gate = self._store.newest_gate(upgrade.id, upgrade.step)
        if gate is None or gate.outcome is not None:
            return None
        try:
            self._approvals.require(actor.id, upgrade)
        except BotError:
            return None
        text = gate_card(upgrade, gate).question
        return Question(upgrade.id, upgrade.controller, text, gate.opened_at, gate.expires_at)

    def _missed(self, start: ScheduledStart, actor: Actor) -> Question | None:
        """A start that did not come, if this person may decide about it."""
        try:
            self._permissions.require_operator(actor, "start an upgrade")
        except BotError:
            return None
        if start.status is not StartStatus.ASKING or start.controller not in self._config.controllers:
            return None
        text = f"Start the upgrade to {start.version}, which did not come at its time?"
        where = "the message in the channel says why and has the buttons"
        return Question(start.id, start.controller, text, start.at, None, where)

    def _state(self, name: str, upgrade: Upgrade | None) -> ControllerState:
        state = self._upgrade_state(name, upgrade)
        lock, zone = self._store.lock_of(name), self._config.schedule.timezone
        start = next((each for each in self._store.open_starts() if each.controller == name), None)
        asks = start is not None and start.status is StartStatus.ASKING
        return dataclasses.replace(
            state,
            state=f"{state.state} A scheduled start did not come and waits for a decision."
            if asks
            else state.state,
            advisories=advisories(self._store, name, state.version),
            lock=lock_text(lock, zone) if lock else "",
            next_at=start.at if start and not asks else None,
        )

    def _upgrade_state(self, name: str, upgrade: Upgrade | None) -> ControllerState:
        past = next((each for each in self._store.history(name, 2) if not each.live), None)
        last = _outcome(past) if past else "never upgraded by this bot"
        if upgrade is None:
            known = noted_version(self._store, name) or (past.source if past else "")
            version = self._instance(name).version or known
            late = behind(self._store, name, version)
            return ControllerState(name, version, "No upgrade is running.", behind=late, last=last)
        gate = self._store.newest_gate(upgrade.id, upgrade.step) if upgrade.status is Status.WAITING else None
        shown = dashboard(upgrade, gate, None, self._config.controllers[name], USUAL_RULES)
        state = f"{upgrade.source} → {upgrade.target}: {shown.headline}"
        late = behind(self._store, name, upgrade.source)
        return ControllerState(
            name,
            upgrade.source,
            state,
            upgrade=upgrade.id,
            behind=late,
            last=last,
            choices=upgrade.choices,
        )


def _outcome(upgrade: Upgrade) -> str:
    return f"{upgrade.source} → {upgrade.target}: {upgrade.status.value.replace('_', ' ')}"
