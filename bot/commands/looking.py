"""Commands that only look: plan, status, history, controllers, backups, help."""

from __future__ import annotations

from collections.abc import Callable

from bot.announcer import Announcer
from bot.commands.arguments import Arguments
from bot.commands.help import ALIASES, COMMANDS
from bot.commands.interface import Actor
from bot.commands.words import did_you_mean
from bot.config import Config
from bot.content import Notice
from bot.context import Contexts
from bot.errors import Refused
from bot.locks import lock_text
from bot.messages import USUAL_RULES, dashboard
from bot.model import Instance
from bot.people import person
from bot.phases.preflight import plan_for
from bot.ports import Clock
from bot.report import as_markdown, report
from bot.schedule import ScheduledStart, StartStatus
from bot.store import Store, undelivered_text
from bot.upgrade import Status, Upgrade
from bot.upgrade_plan import UpgradePlan
from bot.upgrade_plan.wording import plan_notice
from bot.when import moment_text

__all__ = ["Looking"]


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
        names = ", ".join(sorted(self._config.controllers))
        if not words:
            return Notice(
                "What `/ci-upgrade` can do:",
                (
                    *(usage.line() for usage in COMMANDS.values()),
                    f"Controllers: {names}. With one controller its name may be left out.",
                    "`help start` says more of one command. `/ci-upgrade` alone opens the form for a start; so do start, plan, approve, break-glass, hold, "
                    "resume, rollback, abort, lock and unlock alone, each its own.",
                ),
            )
        name = ALIASES.get(words[0].lower(), words[0].lower())
        if name not in COMMANDS:
            raise Refused(f"There is no command `{words[0]}`.{did_you_mean(name, COMMANDS)}")
        usage = COMMANDS[name]
        slack = self._config.slack
        who = {"everybody": (), "approvers": slack.asked_to_approve, "break_glass": slack.break_glass}.get(
            usage.who, slack.operators
        )
        people = f": {', '.join(person(entry) for entry in who)}" if who else ""
        return Notice(
            usage.line(), (f"For example `/ci-upgrade {usage.example}`", f"Who may: {usage.who}{people}")
        )

    def status(self, words: list[str], _actor: Actor) -> Notice:
        one = words and words[0].lower() != "all"
        live = {upgrade.controller for upgrade in self._store.live()}
        by_need = sorted(self._config.controllers, key=lambda name: (name not in live, name))
        wanted = [self._arguments.controller(words)] if one else by_need
        starts = {start.controller: start for start in self._store.open_starts()}
        lines = []
        for name in wanted:
            upgrade = self._store.live_for(name)
            if upgrade is None:
                past = self._store.history(name, 1)
                lines.append(
                    f"*{name}*: no upgrade is running. {'Last: ' + _outcome(past[0]) if past else 'It was never upgraded by this bot.'}{self._to_come(name, starts.get(name))}"
                )
                continue
            gate = (
                self._store.newest_gate(upgrade.id, upgrade.step)
                if upgrade.status is Status.WAITING
                else None
            )
            rules = self._announcer.rules(gate) if gate is not None else USUAL_RULES
            content = dashboard(upgrade, gate, None, self._config.controllers[name], rules)
            lines.append(
                f"*{name}* {upgrade.source} → {upgrade.target} (`{upgrade.id}`): {content.headline} "
                f"{upgrade.weight}% of new sessions on green; {upgrade.owner.value} runs the builds.{self._to_come(name, starts.get(name))}"
            )
        wrong = undelivered_text(self._store, self._clock.now())
        if wrong:
            lines.insert(0, wrong)
        return Notice("Status", tuple(lines))

    def _to_come(self, controller: str, start: ScheduledStart | None) -> str:
        """Lock and next upgrade, where there are any."""
        zone, lock = self._config.schedule.timezone, self._store.lock_of(controller)
        locked = f" Locked: {lock_text(lock, zone)}." if lock else ""
        if start is None:
            return locked
        waits = "waits for a decision" if start.status is StartStatus.ASKING else moment_text(start.at, zone)
        return f"{locked} Scheduled: {start.version}, {waits} (`{start.id}`)."

    def controllers(self, _words: list[str], _actor: Actor) -> Notice:
        starts = {start.controller: start for start in self._store.open_starts()}
        lines = []
        for name, config in sorted(self._config.controllers.items()):
            windows = ", ".join(
                f"{window.name} (`{window.cron}` {window.timezone or self._config.schedule.timezone}, {window.minutes} min)"
                for window in config.windows
            )
            open_at = f" Windows: {windows}." if windows else ""
            runs = self._running(name)
            lines.append(f"*{name}* {config.url} – {runs}.{open_at}{self._to_come(name, starts.get(name))}")
        return Notice("Controllers", tuple(lines))

    def _running(self, controller: str) -> str:
        live, instance = self._store.live_for(controller), self._instance(controller)
        if live is not None:
            return f"being upgraded from {live.source} to {live.target} (`{live.id}`)"
        return (
            f"runs {instance.version}"
            if instance.version
            else "its version is not known before its first upgrade"
        )

    def report(self, words: list[str], _actor: Actor) -> Notice:
        """What an upgrade did, by its id, or the newest one, of a controller or of all; the files are in its thread."""
        named = words[0] if words else None
        if named is None or named in self._config.controllers:
            newest = self._store.history(named, 1)
            if not newest:
                raise Refused(f"There was no upgrade{f' of {named}' if named else ''} yet.")
            upgrade = newest[0]
        else:
            upgrade = self._store.get(named)
        title, *lines = (line for line in as_markdown(report(self._store, upgrade)).splitlines() if line)
        return Notice(title.lstrip("# "), tuple(line.lstrip("#- ") for line in lines))

    def backups(self, words: list[str], _actor: Actor) -> Notice:
        wanted = [self._arguments.controller(words)] if words else sorted(self._config.controllers)
        zone = self._config.schedule.timezone
        lines = [
            f"*{name}* `{backup.id}` {backup.version}, {moment_text(backup.created_at, zone)}: "
            f"{backup.archive_bytes / 1024**2:.0f} MiB, {backup.files} files{', encrypted' if backup.encrypted else ''}"
            for name in wanted
            for backup in self._contexts.services(name).backups.list()
            if backup.controller == name
        ]
        more = "`ci-upgrade backup restore` on the bot's machine restores one."
        return Notice(
            "Backups, newest first" if lines else "There is no backup yet.", (*lines, more) if lines else ()
        )

    def history(self, words: list[str], _actor: Actor) -> Notice:
        past = self._store.history(self._arguments.controller(words) if words else None, 10)
        return Notice(
            "The last upgrades" if past else "There was no upgrade yet.",
            tuple(_outcome(upgrade) for upgrade in past),
        )

    def plan(self, words: list[str], _actor: Actor) -> Notice:
        controller, target, _ = self._arguments.controller_and_version(words, "plan")
        return self.plan_of(controller, target)

    def plan_of(self, controller: str, target: str, plugins: str = "") -> Notice:
        """``plugins``: the policy, empty as configured."""
        return plan_notice(self._plan(controller, target, plugins))

    def blockers(self, controller: str, target: str, plugins: str) -> tuple[str, ...]:
        """What would end the upgrade in its preflight, in sentences. Changes nothing."""
        found = self._plan(controller, target, plugins).blockers
        return tuple(f"{finding.name}: {finding.text}" for finding in found)

    def _plan(self, controller: str, target: str, plugins: str) -> UpgradePlan:
        services, instance = self._contexts.services(controller), self._instance(controller)
        services = services.with_plugins(plugins)
        return plan_for(services, instance, target, self._store, self._clock.now())


def _outcome(upgrade: Upgrade) -> str:
    minutes = ((upgrade.ended_at or upgrade.created_at) - upgrade.created_at) / 60
    state = upgrade.status.value.replace("_", " ")
    return f"`{upgrade.id}` {upgrade.controller} {upgrade.source} → {upgrade.target}: {state} after {minutes:.0f} min, asked by {person(upgrade.requested_by)}"
