"""Puts the product together: the only place that sees handlers, bot and adapters."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from adapters.backups.archive import ArchiveBackups
from adapters.charts import render_gate_chart
from adapters.clock import SystemClock
from adapters.environments import process
from adapters.homes.writer import write_home as unpack_home
from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.scripts import guard_script
from adapters.jenkins.tls import check_certificates
from adapters.routers.envoy import EnvoyRouter
from adapters.routers.haproxy import HaproxyRouter
from adapters.scheduler import ApScheduler
from adapters.slack_directory import SlackDirectory
from adapters.slack_notifier import SlackNotifier, slack_client
from adapters.sqlite_store import SqliteStore, hold_lock
from adapters.update_centre import build_update_centre
from bot.announcer import Announcer
from bot.approvals import approval_faults, require_deciders
from bot.check import Outcome, check_controller, unverified
from bot.commands import BotCommands
from bot.config import Config, secret
from bot.context import Contexts, Services
from bot.engine import Engine
from bot.errors import BotError, ConfigurationError
from bot.faults import crash_point
from bot.gates import Gates
from bot.heartbeat import beat
from bot.idle_router import IdleRouter
from bot.instances import current, forget_retired, retired
from bot.model import Instance
from bot.phases.preflight import plan_for
from bot.plugins import Policy
from bot.ports import Backups, Environment, Jenkins, Router
from bot.pruning import prune
from bot.release_watch import ReleaseWatch
from bot.settings.environments import DockerConfig, ProcessConfig
from bot.traffic import expected
from bot.upgrade_plan import UpgradePlan
from bot.watching import Watcher
from handlers.credentials import API_URL, read_credentials, refusal
from handlers.local import LocalServer
from handlers.serving import build_serving
from handlers.views import render

__all__ = [
    "Bot",
    "build_backups",
    "build_bot",
    "check_everything",
    "make_plan_of",
    "open_store",
    "serve_until",
    "starting_configuration",
    "unpack_home",
]

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 3600.0
ROUTERS_SECONDS = 30.0
"""How often routers are looked at while nothing is upgraded."""
SIGNAL_SECONDS = 0.5
ROUTERS: Mapping[str, Callable[[str, Any], Router]] = {"envoy": EnvoyRouter, "haproxy": HaproxyRouter}
"""Each takes the controller's name and the configuration of its own kind."""
FIRST_WATCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Bot:
    """Everything that runs; :meth:`start` and :meth:`close` in this order and its reverse."""

    config: Config
    store: SqliteStore
    commands: BotCommands
    engine: Engine
    scheduler: ApScheduler
    services: Mapping[str, Services]
    news: threading.Event
    """Set whenever the outbox has something new."""
    watches: Mapping[str, ReleaseWatch]
    """Of the controllers that new releases are looked for."""
    local: LocalServer
    """The command line's way in."""

    def start(self) -> None:
        idle = [IdleRouter(one, self.store) for one in self.services.values()]

        def look_at_routers() -> None:
            for router in idle:
                router.look()

        look_at_routers()
        self.scheduler.start()
        self.scheduler.every("routers", ROUTERS_SECONDS, look_at_routers)
        self.scheduler.every("housekeeping", HOUSEKEEPING_SECONDS, self._keep_house)
        for name, watch in self.watches.items():
            # Soon after each start as well: a bot that is restarted every day would otherwise never look.
            self.scheduler.at(
                f"first-release-watch:{name}", SystemClock().now() + FIRST_WATCH_SECONDS, watch.look
            )
            hours = self.config.updates_of(name).watch_hours
            self.scheduler.every(f"release-watch:{name}", hours * 3600, watch.look)
        self.engine.start()
        self.commands.start_schedule()
        self.local.start()

    def close(self) -> None:
        """Stop within seconds; live upgrades stay resumable."""
        self.local.close()
        self.scheduler.close()
        self.engine.close()

    def _keep_house(self) -> None:
        self._remove_retired()
        for upgrade in prune(self.store, self.config.state_directory, SystemClock().now()):
            log.info("upgrade %s: its samples and pictures were deleted; the report stays", upgrade)

    def _remove_retired(self) -> None:
        now = SystemClock().now()
        for name, services in self.services.items():
            running = current(self.store, name, services.first)
            for instance, remove_at in retired(self.store, name):
                if instance.home == running.home:  # people went back to it
                    forget_retired(self.store, name, instance)
                    continue
                if now < remove_at:
                    continue
                try:
                    services.environment.remove(instance)
                    forget_retired(self.store, name, instance)
                    # A first blue is its people's and stays, stopped.
                    log.info("%s: what the bot made of %s is not kept any longer", name, instance.name)
                except BotError as error:
                    log.warning(
                        "%s: the retired instance %s could not be removed: %s", name, instance.name, error
                    )


def open_store(config: Config) -> SqliteStore:
    config.state_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SqliteStore(config.state_directory / "ci-upgrade.db")


def build_backups(config: Config) -> Backups:
    return ArchiveBackups(config.backups, SystemClock())


def build_bot(config: Config, environ: Mapping[str, str] = os.environ) -> Bot:
    """Wire everything; nothing outside is touched before :meth:`Bot.start`.

    :raises ConfigurationError: when a secret is missing.
    """
    clock, scheduler, store, news = SystemClock(), ApScheduler(), open_store(config), threading.Event()
    backups = build_backups(config)
    services = {
        name: _services(config, name, secret(controller, environ), backups)
        for name, controller in config.controllers.items()
    }
    announcer = Announcer(store, config, render_gate_chart, news.set)
    gates = Gates(store, announcer, clock)
    point = crash_point(environ)
    contexts = Contexts(store, services, clock, announcer, point)
    engine = Engine(
        store=store,
        contexts=contexts,
        scheduler=scheduler,
        clock=clock,
        announcer=announcer,
        gates=gates,
        watcher=Watcher(gates),
        crash_point=point,
    )
    commands = BotCommands(
        config=config,
        store=store,
        engine=engine,
        gates=gates,
        contexts=contexts,
        announcer=announcer,
        clock=clock,
        scheduler=scheduler,
        first_instance=lambda name: services[name].first,
        directory=_directory(environ),
    )
    watches = _release_watches(config, store, services, news.set)
    local = LocalServer(config.state_directory, commands.local)
    return Bot(config, store, commands, engine, scheduler, services, news, watches, local)


def _directory(environ: Mapping[str, str]) -> SlackDirectory:
    token, url = environ.get("SLACK_BOT_TOKEN", ""), environ.get("SLACK_API_URL", "")
    return SlackDirectory(slack_client(token, url or API_URL))


def _release_watches(
    config: Config, store: SqliteStore, services: Mapping[str, Services], wake: Callable[[], None]
) -> Mapping[str, ReleaseWatch]:
    """Where no channel is configured nobody is told, but what is known is shown."""

    def running(name: str) -> Jenkins:
        return services[name].jenkins(current(store, name, services[name].first))

    return {
        name: ReleaseWatch(name, config.slack.channel, store, one.updates, partial(running, name), wake)
        for name, one in services.items()
        if one.updates is not None and config.updates_of(name).watch_hours
    }


def first_instance(config: Config, name: str) -> Instance:
    """The running instance as configured; its version is asked when it matters."""
    environment = config.controllers[name].environment
    if isinstance(environment, DockerConfig):
        from adapters.environments.docker import environment as docker  # see _environment

        return docker.first_instance(f"{name}-first", environment)
    return process.first_instance(f"{name}-first", environment)


def starting_configuration(container: str, name: str, docker_host: str | None) -> str:
    """See :func:`adapters.environments.docker.adopting.starting_configuration`."""
    from adapters.environments.docker import adopting  # see _environment

    return adopting.starting_configuration(container, name, docker_host)


def make_plan_of(
    config: Config, name: str, target: str, environ: Mapping[str, str] = os.environ
) -> UpgradePlan:
    """The plan of an upgrade, also while no bot runs or another process does. Changes nothing.

    :raises ConfigurationError: when a secret is missing.
    """
    store = open_store(config)
    token = secret(config.controllers[name], environ)
    services = _services(config, name, token, build_backups(config))
    instance = current(store, name, services.first)
    return plan_for(services, instance, target, store, SystemClock().now())


def check_everything(
    config: Config, environ: Mapping[str, str] = os.environ
) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Slack, then each controller, with what was found there. Changes nothing."""
    yield (
        "Slack",
        (_check_slack(environ), *_check_channel(config, environ), *_check_approvers(config, environ)),
    )
    store = open_store(config)
    for name, controller in config.controllers.items():
        try:
            services = _services(config, name, secret(controller, environ), build_backups(config))
        except ConfigurationError as error:
            yield name, (Outcome("missing", "Configuration", str(error)),)
            continue
        running = current(store, name, services.first)
        wanted = expected(store.live_for(name), running)
        yield name, check_controller(services, running, wanted)


def _check_channel(config: Config, environ: Mapping[str, str]) -> Iterator[Outcome]:
    channel = config.slack.channel
    if channel is not None and not _directory(environ).speaks_in(channel):
        yield Outcome(
            "missing",
            "Channel",
            f"the bot cannot post in {channel}: invite it there, install it with the scopes of its manifest, or correct slack.channel",
        )


def _check_approvers(config: Config, environ: Mapping[str, str]) -> Iterator[Outcome]:
    try:
        faults = list(approval_faults(config.slack, _directory(environ)))
    except BotError as error:
        faults = [str(error)]
    for fault in faults:
        yield Outcome("missing", "Approvers", fault)
    if not faults:
        yield Outcome("ready", "Approvers", f"gates can be decided (approvals needed: {config.slack.quorum})")


def _check_slack(environ: Mapping[str, str]) -> Outcome:
    try:
        # An app token or a signing secret belongs to one way in each; the bot token to both.
        http = not environ.get("SLACK_APP_TOKEN")
        credentials = read_credentials(environ, http=http)
    except ConfigurationError as error:
        return Outcome("missing", "Tokens", str(error))
    fault = refusal(credentials)
    if fault is not None:
        return Outcome("missing", "Tokens", fault)
    return Outcome("ready", "Tokens", f"the bot token is accepted ({'HTTP' if http else 'Socket'} Mode)")


def _environment(name: str, config: ProcessConfig | DockerConfig) -> Environment:
    if isinstance(config, DockerConfig):
        # Its SDK is a third of what a start costs, and a bot that died should be back soon: only where it is needed.
        from adapters.environments.docker.environment import DockerEnvironment

        return DockerEnvironment(name, config)
    return process.ProcessEnvironment(name, config)


def _services(whole: Config, name: str, token: str, backups: Backups) -> Services:
    config, updates = whole.controllers[name], whole.updates_of(name)
    check_certificates(config.connection)

    @cache
    def client(url: str) -> JenkinsClient:
        return JenkinsClient(url, config.user, token, config.connection)

    environment = _environment(name, config.environment)
    return Services(
        name=name,
        config=config,
        first=first_instance(whole, name),
        environment=environment,
        router=ROUTERS[config.router.kind](name, config.router),
        backups=backups,
        jenkins=lambda instance: client(environment.address(instance)),
        follower_guard=guard_script,
        ownership=threading.RLock(),
        updates=build_update_centre(updates, whole.state_directory / "update-centre", SystemClock()),
        plugin_policy=Policy(updates.plugins, updates.pins),
    )


def serve_until(
    config: Config, http_port: int | None, stop: threading.Event, environ: Mapping[str, str] = os.environ
) -> None:
    """Run the bot until ``stop`` is set. Upgrades go on where they were at the next start.

    :raises ConfigurationError: for a missing secret, a refused token, a taken port, a second bot on the same state, or approval rules that
        the people there are cannot meet.
    """
    credentials = read_credentials(environ, http=http_port is not None)
    with hold_lock(config.state_directory):
        bot = build_bot(config, environ)
        require_deciders(config.slack, _directory(environ), under_way=bool(bot.store.live()))
        serving = build_serving(bot.commands, credentials, http_port)
        client = slack_client(credentials.bot_token, credentials.api_url)
        notifier = SlackNotifier(client, bot.store, render, SystemClock())
        delivery = threading.Thread(target=notifier.run, args=(stop, bot.news), name="outbox", daemon=True)
        bot.start()
        delivery.start()
        try:
            serving.start()
            log.info("serving %s", ", ".join(sorted(config.controllers)))
            for name, controller in config.controllers.items():
                if not controller.connection.verify:
                    log.warning("%s", unverified(name))
            # In slices: a signal that another thread receives would not wake an endless wait of this one.
            while not stop.wait(SIGNAL_SECONDS):
                beat(config.state_directory)
        finally:
            stop.set()
            serving.close()
            bot.close()
            bot.news.set()
            delivery.join(timeout=10)
