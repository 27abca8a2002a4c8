"""From words and clicks to commands; every refusal becomes a notice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from bot.announcer import Announcer
from bot.approvals import Approvals
from bot.commands.acting import Acting
from bot.commands.agenda import Agenda
from bot.commands.arguments import Arguments
from bot.commands.deciding import Deciding
from bot.commands.forms import Forms
from bot.commands.interface import (
    Actor,
    Answer,
    LiveUpgrade,
    OpenGate,
    Overview,
    StartChoices,
    StartRequest,
)
from bot.commands.local_requests import LocalRequests
from bot.commands.locking import Locking
from bot.commands.looking import Looking
from bot.commands.overview import Overviews
from bot.commands.permissions import Permissions
from bot.commands.start_times import StartTimes
from bot.commands.starting import Starting
from bot.commands.words import closest, did_you_mean, split_words
from bot.config import Config
from bot.content import Notice
from bot.context import Contexts
from bot.engine import Engine
from bot.errors import BotError, Refused
from bot.gates import Gates
from bot.instances import current
from bot.local_protocol import Reply, Request
from bot.membership import RememberedDirectory
from bot.messages import shown_on_card
from bot.model import Instance
from bot.obstacles import Obstacles
from bot.ports import Clock, Directory, Scheduler
from bot.store import Store
from bot.upgrade import Gate, Upgrade

__all__ = ["BotCommands"]

T = TypeVar("T", bound=Notice | None)

_OF_ONE_UPGRADE = frozenset(
    {
        "status",
        "approve",
        "break-glass",
        "hold",
        "pause",
        "resume",
        "rollback",
        "abort",
        "lock",
        "unlock",
        "history",
        "backups",
    }
)
"""Commands whose first word names a controller, which a thread names as well."""
_OF_A_LIVE_ONE = _OF_ONE_UPGRADE - {"status", "lock", "unlock", "history", "backups"}
"""Those that change the course of an upgrade, not of its controller."""


class BotCommands:
    """Implements :class:`bot.commands.interface.Commands`."""

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
        scheduler: Scheduler,
        first_instance: Callable[[str], Instance],
        directory: Directory,
    ) -> None:
        """``first_instance`` tells the instance that the configuration names; its version is not known."""

        def instance(controller: str) -> Instance:
            return current(store, controller, first_instance(controller))

        remembered = RememberedDirectory(directory, clock)
        arguments, permissions = Arguments(config, store), Permissions(config.slack, remembered)
        looking = Looking(config, store, contexts, announcer, arguments, instance, clock)
        obstacles = Obstacles(config, store, clock)
        times = StartTimes(config, clock, obstacles)
        self._config = config
        self._store = store
        self._announcer = announcer
        self._forms = Forms(config, store, contexts, instance, obstacles, times)
        approvals = Approvals(config.slack, directory)
        self._overviews = Overviews(
            config, store, permissions, Approvals(config.slack, remembered), instance
        )
        self._deciding = Deciding(store, engine, gates, contexts, clock, arguments, permissions, approvals)
        self._acting = Acting(
            config=config,
            store=store,
            engine=engine,
            contexts=contexts,
            announcer=announcer,
            clock=clock,
            arguments=arguments,
            permissions=permissions,
            obstacles=obstacles,
            deciding=self._deciding,
            instance=instance,
        )
        self._locking = Locking(config, store, clock, arguments, permissions)
        self._agenda = Agenda(
            config=config,
            store=store,
            scheduler=scheduler,
            clock=clock,
            announcer=announcer,
            obstacles=obstacles,
            begin=self._acting.begin,
            blockers=looking.blockers,
        )
        self._starting = Starting(
            config=config,
            store=store,
            clock=clock,
            arguments=arguments,
            permissions=permissions,
            obstacles=obstacles,
            times=times,
            acting=self._acting,
            looking=looking,
            agenda=self._agenda,
            directory=directory,
        )
        self._local = LocalRequests(store, arguments, approvals, looking, self._deciding, self._acting)
        self._table: dict[str, Callable[[list[str], Actor], Notice]] = {
            "start": self._starting.start,
            "plan": looking.plan,
            "status": looking.status,
            "approve": self._deciding.approve,
            "break-glass": self._deciding.break_glass,
            "hold": self._acting.hold,
            "pause": self._acting.hold,
            "resume": self._acting.resume,
            "rollback": self._acting.rollback,
            "abort": self._acting.abort,
            "schedule": self._starting.schedule,
            "lock": self._locking.lock,
            "unlock": self._locking.unlock,
            "history": looking.history,
            "controllers": looking.controllers,
            "backups": looking.backups,
            "report": looking.report,
            "help": looking.help,
        }

    def start_schedule(self) -> None:
        """Take up what is scheduled; after the engine was started."""
        self._agenda.start()

    def run(self, text: str, actor: Actor) -> Notice:
        words = split_words(text)
        name = words[0].lower() if words else "help"
        command = self._table.get(name)
        if command is None:
            return Notice(
                f"There is no command `{name}`.{did_you_mean(name, self._table)} `/ci-upgrade help` lists them all.",
                tone="warning",
            )
        return self._answer(lambda: command(self._naming(name, words[1:], actor), actor))

    def click(self, action: str, value: str, actor: Actor) -> Notice | None:
        def act() -> Notice | None:
            asked = json.loads(value)
            if action == "plan":
                return self._table["plan"]([asked["controller"], asked["target"]], actor)
            if action == "start-now":
                return self._starting.start_now(asked["start"], actor)
            if action == "cancel-start":
                return self._starting.cancel(asked["start"], actor)
            if action in ("approve", "hold") and "gate" in asked:
                return self._deciding.decide(action, *self._of_card(asked), actor, "")
            upgrade = self._store.get(asked["upgrade"])
            if action in ("hold", "pause"):
                return self._acting.hold_upgrade(upgrade, actor, "")
            if action == "resume":
                return self._acting.resume_upgrade(upgrade, actor)
            if action == "rollback":
                return self._acting.roll_back(upgrade, actor, "")
            raise Refused(
                "This button is from an older release of the bot; use the newest card of the upgrade. Nothing was changed."
            )

        return self._take(act)

    def start(self, request: StartRequest, actor: Actor) -> Answer:
        errors = self._forms.start_faults(request)
        if errors:
            return Answer(Notice("; ".join(errors.values()), tone="warning"), errors)
        return Answer(self._answer(lambda: self._starting.take(request, actor)))

    def start_faults(self, request: StartRequest) -> Mapping[str, str]:
        return self._forms.start_faults(request)

    def start_choices(self, controller: str | None) -> StartChoices:
        return self._forms.start_choices(controller)

    def live_upgrades(self, actor: Actor) -> tuple[LiveUpgrade, ...]:
        return self._forms.live_upgrades(actor)

    def open_gates(self, actor: Actor) -> tuple[OpenGate, ...]:
        return self._forms.open_gates(actor)

    def hold(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._answer(lambda: self._acting.hold_upgrade(self._store.get(upgrade), actor, reason))

    def resume(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._answer(lambda: self._acting.resume_upgrade(self._store.get(upgrade), actor, reason))

    def rollback(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._answer(lambda: self._acting.roll_back(self._store.get(upgrade), actor, reason))

    def abort(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._answer(lambda: self._acting.abort_upgrade(self._store.get(upgrade), actor, reason))

    def lock(self, controller: str, reason: str, actor: Actor) -> Notice:
        return self._answer(lambda: self._locking.lock_controller(controller, reason, actor))

    def unlock(self, controller: str, reason: str, actor: Actor) -> Notice:
        return self._answer(lambda: self._locking.unlock_controller(controller, reason, actor))

    def locks(self) -> Mapping[str, str]:
        return self._locking.locks()

    def override(self, card: str, reason: str, actor: Actor) -> Notice:
        def act() -> Notice:
            told = self._deciding.decide("approve", *self._of_card(json.loads(card)), actor, reason)
            return told or Notice("Approved, with your reason." if reason else "Approved.", tone="good")

        return self._take(act)

    def break_glass(self, card: str, reason: str, actor: Actor) -> Notice:
        def act() -> Notice:
            return self._deciding.go_over_the_rules(*self._of_card(json.loads(card)), actor, reason)

        return self._take(act)

    def _of_card(self, asked: Mapping[str, str]) -> tuple[Upgrade, Gate]:
        """The question of a card whose button brought this back.

        :raises Refused: when the card showed anything else than what is asked; then it is drawn again.
        """
        gate = self._store.gate(asked["gate"])
        if gate is None:
            raise Refused("This card is not known here any more; nothing was changed.")
        upgrade = self._store.get(gate.upgrade)
        if gate.outcome is None and asked != shown_on_card(upgrade, gate):
            self._announcer.gate(upgrade, gate)
            raise Refused(
                "This card did not show what is asked now, so nothing was changed. It is drawn again: look at it, and click there."
            )
        return upgrade, gate

    def overview(self, actor: Actor) -> Overview:
        return self._overviews.overview(actor)

    def local(self, request: Request, actor: Actor) -> Reply:
        """Take a request of the command line on the bot's machine. A refusal is a reply that says what to do."""
        return self._local.answer(request, actor)

    def _naming(self, name: str, words: list[str], actor: Actor) -> list[str]:
        """In an upgrade's thread its controller need not be named; one that is named is the one that is meant.

        :raises Refused: when the upgrade of the thread has ended, and another one of its controller would be changed in its place.
        """
        named = self._forms.upgrade_of_thread(actor) if name in _OF_ONE_UPGRADE or name == "report" else None
        if named is not None and name == "report":
            return words or [named.id]
        if named is None or self._names_another(words, named.controller):
            return words
        if name in _OF_A_LIVE_ONE and not named.live:
            raise Refused(
                f"The upgrade `{named.id}` of this thread is {named.status.value.replace('_', ' ')} already; nothing was changed. "
                f"If you mean another one, name its controller: `{name} {named.controller}`."
            )
        return [named.controller, *words]

    def _names_another(self, words: list[str], controller: str) -> bool:
        """Whether the first word is a controller or ``all``, or rather another controller misspelt than the beginning of a reason."""
        if not words:
            return False
        known = self._config.controllers
        close = closest(words[0], known)
        return words[0] in known or words[0].lower() == "all" or close not in (None, controller)

    def _take(self, act: Callable[[], T]) -> T | Notice:
        """As :meth:`_answer`, of what a button or form brought back."""
        try:
            return self._answer(act)
        except (ValueError, KeyError, TypeError):
            return Notice(
                "This button is from another release of the bot; nothing was changed.", tone="warning"
            )

    def _answer(self, act: Callable[[], T]) -> T | Notice:
        try:
            return act()
        except BotError as error:
            return Notice(str(error), tone="warning")
