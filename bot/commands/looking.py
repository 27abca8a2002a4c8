"""Commands that only look: plan, status, history, help."""

from __future__ import annotations

from collections.abc import Callable

from bot.announcer import Announcer
from bot.commands.arguments import Arguments
from bot.commands.interface import Actor
from bot.config import Config
from bot.content import Notice
from bot.context import Contexts
from bot.messages import dashboard
from bot.model import Instance
from bot.people import person
from bot.phases.preflight import plan_for
from bot.ports import Clock
from bot.store import Store
from bot.upgrade import Status, Upgrade
from bot.upgrade_plan.wording import plan_notice

__all__ = ["HELP", "Looking"]

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


class Looking:
    def __init__(
        self,
        config: Config,
        store: Store,
        contexts: Contexts,
        announcer: Announcer,
        arguments: Arguments,
        instance: Callable[[str], Instance],
        clock: Clock,
    ) -> None:
        """``instance`` tells a controller's running instance."""
        self._config = config
        self._store = store
        self._contexts = contexts
        self._announcer = announcer
        self._arguments = arguments
        self._instance = instance
        self._clock = clock

    def help(self, words: list[str], _actor: Actor) -> Notice:
        if words and words[0] in HELP:
            return Notice(HELP[words[0]])
        names = ", ".join(sorted(self._config.controllers))
        return Notice(
            "What `/ci-upgrade` can do:",
            (*HELP.values(), f"Controllers: {names}. With one controller its name may be left out."),
        )

    def status(self, words: list[str], _actor: Actor) -> Notice:
        wanted = [self._arguments.controller(words)] if words else sorted(self._config.controllers)
        lines = []
        for name in wanted:
            upgrade = self._store.live_for(name)
            if upgrade is None:
                past = self._store.history(name, 1)
                lines.append(
                    f"*{name}*: no upgrade is running. {'Last: ' + _outcome(past[0]) if past else 'It was never upgraded by this bot.'}"
                )
                continue
            gate = (
                self._store.newest_gate(upgrade.id, upgrade.step)
                if upgrade.status is Status.WAITING
                else None
            )
            content = dashboard(
                upgrade, gate, None, self._config.controllers[name], self._announcer.approvers()
            )
            lines.append(
                f"*{name}* {upgrade.source} → {upgrade.target} (`{upgrade.id}`): {content.headline} "
                f"{upgrade.weight}% of new sessions on green; {upgrade.owner.value} runs the builds."
            )
        waiting, error = self._store.undelivered()
        if error:
            lines.append(f"{waiting} messages wait to be shown in Slack: {error}")
        return Notice("Status", tuple(lines))

    def history(self, words: list[str], _actor: Actor) -> Notice:
        past = self._store.history(self._arguments.controller(words) if words else None, 10)
        return Notice(
            "The last upgrades" if past else "There was no upgrade yet.",
            tuple(_outcome(upgrade) for upgrade in past),
        )

    def plan(self, words: list[str], _actor: Actor) -> Notice:
        controller, target, _ = self._arguments.controller_and_version(words, "plan")
        services, instance = self._contexts.services(controller), self._instance(controller)
        return plan_notice(plan_for(services, instance, target, self._store, self._clock.now()))


def _outcome(upgrade: Upgrade) -> str:
    minutes = ((upgrade.ended_at or upgrade.created_at) - upgrade.created_at) / 60
    state = upgrade.status.value.replace("_", " ")
    return f"`{upgrade.id}` {upgrade.controller} {upgrade.source} → {upgrade.target}: {state} after {minutes:.0f} min, asked by {person(upgrade.requested_by)}"
