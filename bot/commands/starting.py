"""Starting an upgrade: now, at a time, in a window, or only looking whether it would work; and the list of what is scheduled."""

from __future__ import annotations

import secrets

from bot.commands.acting import Acting
from bot.commands.agenda import Agenda
from bot.commands.arguments import Arguments
from bot.commands.interface import Actor, StartRequest
from bot.commands.looking import Looking
from bot.commands.permissions import Permissions
from bot.commands.start_times import StartTimes
from bot.commands.words import did_you_mean, parse_line
from bot.config import Config
from bot.content import Notice
from bot.errors import Refused
from bot.obstacles import Obstacles
from bot.ports import Clock, Directory
from bot.schedule import ScheduledStart, StartStatus
from bot.store import Store
from bot.when import moment_text, parse_time

__all__ = ["Starting"]


class Starting:
    def __init__(
        self,
        *,
        config: Config,
        store: Store,
        clock: Clock,
        arguments: Arguments,
        permissions: Permissions,
        obstacles: Obstacles,
        times: StartTimes,
        acting: Acting,
        looking: Looking,
        agenda: Agenda,
        directory: Directory,
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._arguments = arguments
        self._permissions = permissions
        self._obstacles = obstacles
        self._times = times
        self._acting = acting
        self._looking = looking
        self._agenda = agenda
        self._directory = directory

    def start(self, words: list[str], actor: Actor) -> Notice:
        line = parse_line(words, valued=("at", "window"), flags=("dry-run",))
        controller, version, rest = self._arguments.controller_and_version(line.words, "start")
        at = line.options.get("at")
        return self.take(
            StartRequest(
                controller,
                version,
                reason=" ".join(rest),
                dry_run="dry-run" in line.options,
                at=None if at is None else parse_time(at, self._config.schedule.timezone, self._clock.now()),
                window=line.options.get("window", ""),
            ),
            actor,
        )

    def take(self, request: StartRequest, actor: Actor) -> Notice:
        """Look, schedule or start, as is asked."""
        if request.dry_run:
            return self._looking.plan_of(request.controller, request.version, request.plugins)
        if request.at is None and not request.window:
            self._permissions.require_operator(actor, "start an upgrade")
            self._require_a_voice(actor)
            return self._acting.begin(request, actor)
        self._permissions.require_operator(actor, "schedule an upgrade")
        self._require_a_voice(actor)
        return self._schedule(request, actor)

    def _require_a_voice(self, actor: Actor) -> None:
        """Slack takes commands in channels that the bot is not in; its cards would be seen by nobody."""
        channel = self._config.slack.channel or actor.channel
        if not self._directory.speaks_in(channel):
            where = "this direct message" if channel.startswith("D") else f"<#{channel}>"
            raise Refused(
                f"I cannot post in {where}, so nobody could see or approve the upgrade there. Invite me (`/invite` with my name), or start it in "
                "a channel that I am in. Nothing was changed."
            )

    def _schedule(self, request: StartRequest, actor: Actor) -> Notice:
        at = self._times.of(request)
        self._acting.require_newer(request)
        zone, now = self._config.schedule.timezone, self._clock.now()
        start = ScheduledStart(
            id="s" + secrets.token_hex(3),
            controller=request.controller,
            version=request.version,
            at=at,
            requested_by=actor.id,
            requester=actor.name,
            channel=self._config.slack.channel or actor.channel,
            created_at=now,
            window=request.window,
            traffic=request.traffic,
            plugins=request.plugins,
            reason=request.reason,
        )
        self._agenda.add(start)
        lines = [f"`/ci-upgrade schedule cancel {start.id}` takes it back."]
        lock = self._obstacles.lock(request.controller)
        if lock:
            lines.insert(0, f"It will not start while {lock}")
        return Notice(
            f"{request.controller} is upgraded to {request.version} {moment_text(at, zone)} (`{start.id}`). "
            f"Times are typed in {zone} time.",
            tuple(lines),
        )

    # ---- the schedule

    def schedule(self, words: list[str], actor: Actor) -> Notice:
        action = words[0].lower() if words else "list"
        if action == "list":
            return self._list()
        if action != "cancel":
            raise Refused(
                f"`schedule` can `list` and `cancel ID`, not `{action}`.{did_you_mean(action, ('list', 'cancel'))}"
            )
        return self.cancel(words[1] if len(words) > 1 else self._only(), actor)

    def _only(self) -> str:
        """The id of the one that is scheduled."""
        opened = self._store.open_starts()
        if len(opened) == 1:
            return opened[0].id
        which = ", ".join(f"`schedule cancel {each.id}` ({each.controller})" for each in opened)
        raise Refused(f"Which one? {which}." if opened else "No upgrade is scheduled.")

    def cancel(self, id: str, actor: Actor) -> Notice:
        self._permissions.require_operator(actor, "cancel a scheduled upgrade")
        start = self._agenda.cancel(self._named(id), actor)
        return Notice(f"The upgrade of {start.controller} to {start.version} (`{id}`) is cancelled.")

    def start_now(self, id: str, actor: Actor) -> Notice:
        self._permissions.require_operator(actor, "start an upgrade")
        start = self._agenda.start_now(self._named(id), actor)
        return Notice(f"Upgrading {start.controller} to {start.version} (`{start.upgrade}`).")

    def _named(self, id: str) -> ScheduledStart:
        """By its id, or by its controller, which has one at most."""
        opened = self._store.open_starts()
        start = self._store.scheduled_start(id) or next(
            (each for each in opened if each.controller == id), None
        )
        if start is None:
            close = did_you_mean(id, (each.id for each in opened))
            raise Refused(
                f"Nothing is scheduled as `{id}`.{close} `/ci-upgrade schedule list` shows what is."
            )
        return start

    def _list(self) -> Notice:
        zone = self._config.schedule.timezone
        lines = tuple(
            f"`{each.id}` {each.controller} → {each.version}, {moment_text(each.at, zone)}, asked by <@{each.requested_by}>"
            + (
                f": not started, a decision is needed. {each.note}"
                if each.status is StartStatus.ASKING
                else ""
            )
            for each in self._store.open_starts()
        )
        return Notice("Scheduled upgrades" if lines else "No upgrade is scheduled.", lines)
