"""The whole stage on one machine: a Jenkins with history behind a real router, a Slack workspace, and the bot beside them."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import yaml

from rehearsal.bot_settings import TOKEN_VARIABLE, TRAFFIC, document, update_settings
from rehearsal.catalogue import arrange
from rehearsal.child_processes import Supervisor, tail
from rehearsal.free_ports import free_port, free_range, require_free
from rehearsal.jenkins.seed import seed_home
from rehearsal.jenkins_reader import JenkinsReader, NoAnswer
from rehearsal.launch import REAL, STAND_IN, place_wars
from rehearsal.load import PATIENCE_SECONDS
from rehearsal.process_host import ProcessHost
from rehearsal.routers import ROUTERS
from rehearsal.slack import Manifest, RunningWorkspace, Settings, WorkspaceDriver
from rehearsal.updates import UpdateCentreStandIn, install_sixty

__all__ = ["Host", "Stage", "StageError", "StageOptions", "ci_upgrade"]

EXECUTORS = 16
"""More than ever run at once: a canary must wait for nothing but the bot."""
INSTANCE_PORTS = 6
"""Where the bot may let instances listen, and where the observer looks for them."""
CONNECT_SECONDS = 120.0
MANIFEST = Path(__file__).parent.parent / "app.yaml"
"""In a checkout: the workspace then allows what the manifest declares, and nothing else."""


class StageError(Exception):
    """Something did not start. The text says what, with the end of its log."""


@dataclass(frozen=True, slots=True)
class StageOptions:
    jobs: int = 24
    builds: int = 200
    """Finished builds in the history."""
    seed: int = 1
    minutes_scale: float = 0.05
    """Length of a minute of observation or soak, in minutes."""
    traffic: tuple[int | str, ...] = TRAFFIC
    """Shares of the sessions in percent, and ``handover``."""
    patience_seconds: float = PATIENCE_SECONDS
    """How long a visitor of the load waits for an answer before it counts as a failed request."""
    page_port: int = 0
    """Of the workspace's page; 0 takes a free one."""
    wars: tuple[Path, ...] = ()
    """A real ``jenkins.war`` to start from and one to upgrade to; none: the stand-in."""
    java: str = "java"
    router: str = "envoy"
    """One of :data:`rehearsal.routers.ROUTERS`."""
    kill_at_every_step: str | None = None
    """``both`` or ``either`` of the moments before and after each journalled intent."""
    environment: str = "process"
    """``process`` or ``docker``."""


class Host(Protocol):
    """Where the Jenkins instances of the stage live."""

    blue_url: str
    listens_for_agents_at: int
    """Its own port for inbound agents, as its home names it."""

    def start_blue(self, home: Path) -> None:
        """Take the seeded home over and start blue with it."""

    def blue_ended(self) -> bool: ...

    def blue_log(self) -> str:
        """Its last lines."""

    def has_green(self) -> bool:
        """Whether the bot has made an instance."""

    def environment(self) -> dict[str, Any]:
        """That section of the bot's configuration."""

    def close(self) -> None:
        """End and remove every instance."""


class Stage:
    """Everything runs inside the ``with`` block; nothing is left after it but files in the directory."""

    def __init__(self, directory: Path, options: StageOptions) -> None:
        """``directory`` must exist and be empty.

        :raises PortTaken: when the page's port is in use.
        :raises UnusableWar: when a war that was given is none.
        """
        if options.page_port:
            require_free(options.page_port)
        self.options = options
        self.bot_log = directory / "bot.log"
        self.kill_directory = directory / "kills"
        self.config = directory / "ci-upgrade.yaml"
        self._directory = directory
        self._wars = directory / "wars"
        self.from_version, self.to_version = place_wars(self._wars, options.wars)
        self._launch = dataclasses.replace(REAL, java=options.java) if options.wars else STAND_IN
        self._ports = free_range(INSTANCE_PORTS)
        self.router = ROUTERS[options.router](directory)
        self.host = self._make_host((free_port(), free_port()))
        self.router_url = self.router.url
        self.blue_url = self.host.blue_url
        self.other_urls = [f"http://127.0.0.1:{port}" for port in self._ports]
        """Where other instances than blue may appear."""
        self._stack = ExitStack()

    def kills(self) -> int:
        """How often the bot has killed itself so far."""
        return sum(1 for _ in self.kill_directory.iterdir())

    def router_knows_green(self) -> bool:
        """Whether the router was told of a second instance."""
        return any(self.router.leads_to(port) for port in self._ports)

    def _make_host(self, blue_ports: tuple[int, int]) -> Host:
        if self.options.environment == "process":
            # On one machine each listens somewhere else, so agents are told the router's port.
            told = f"-Dhudson.TcpSlaveAgentListener.port={self.router.agent_port}"
            launch = dataclasses.replace(self._launch, jvm_options=(*self._launch.jvm_options, told))
            return ProcessHost(
                self._directory, launch, self._wars, self.from_version, blue_ports, self._ports
            )
        # The Docker library takes its time to load, and most rehearsals do without.
        from rehearsal.container_host import ContainerHost, NoEngine

        prefix = f"rehearsal-{blue_ports[0]}"
        try:
            return ContainerHost(prefix, self.from_version, self.to_version, blue_ports, self._ports)
        except NoEngine as error:
            raise StageError(str(error)) from error

    def __enter__(self) -> Self:
        """Start everything; what did start is stopped again when something does not.

        :raises StageError: when something does not start.
        """
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # ---- starting ------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        home = self._directory / "seeded"
        self.accounts = seed_home(
            home,
            version=self.from_version,
            jobs=self.options.jobs,
            builds=self.options.builds,
            seed=self.options.seed,
            root_url=self.router_url,
            executors=EXECUTORS,
            pipelines=self._launch is STAND_IN,
            agent_port=self.host.listens_for_agents_at,
        )
        if self._launch is STAND_IN:
            install_sixty(home)
        self._stack.callback(self.host.close)
        self.host.start_blue(home)
        self._start_workspace()
        try:
            self._stack.enter_context(self.router)
        except RuntimeError as error:
            raise StageError(str(error)) from error
        self._await_blue()
        self._start_bot()

    def _start_workspace(self) -> None:
        manifest = Manifest.read(MANIFEST) if MANIFEST.exists() else Manifest()
        self._slack = Settings(manifest=manifest)
        self._workspace = RunningWorkspace(self._slack, port=self.options.page_port)
        try:
            self._stack.enter_context(self._workspace)
        except OSError as error:
            raise StageError(f"the workspace's page cannot be served: {error}") from error
        self.page_url = f"{self._workspace.address}/"
        self.people = WorkspaceDriver(self._workspace.address)

    def _await_blue(self) -> None:
        reader = JenkinsReader(self.blue_url, self.accounts.admin_user, self.accounts.admin_token)

        def answers() -> bool:
            if self.host.blue_ended():
                raise StageError(f"blue ended while it started:\n{self.host.blue_log()}")
            try:
                self.catalogue = arrange(reader.jobs())
            except NoAnswer:
                return False
            return True

        _await(answers, self._launch.boot_seconds, lambda: f"blue did not start:\n{self.host.blue_log()}")

    def _start_bot(self) -> None:
        self.kill_directory.mkdir()
        settings = document(
            self._directory,
            environment=self.host.environment(),
            router_url=self.router_url,
            router=self.router.settings(),
            bot_user=self.accounts.bot_user,
            minutes_scale=self.options.minutes_scale,
            boot_seconds=self._launch.boot_seconds,
            traffic=self.options.traffic,
        )
        settings["updates"] = {"watch_hours": 0}
        if self._launch is STAND_IN:
            # Its plugin files have no code in them: nothing for a real Jenkins.
            updates = self._stack.enter_context(UpdateCentreStandIn(self._directory / "plugins"))
            settings["updates"] = update_settings(updates.url)
        self.config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        self.bot = Supervisor(
            [ci_upgrade(), "serve", "--config", str(self.config)],
            self._bot_environment(),
            self.bot_log,
            self.kills,
        )
        self._stack.callback(self.bot.stop)
        self._await_bot()

    def _bot_environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            "SLACK_API_URL": self._workspace.api_url,
            "SLACK_BOT_TOKEN": self._slack.bot_token,
            "SLACK_APP_TOKEN": self._slack.app_token,
            "SLACK_SIGNING_SECRET": self._slack.signing_secret,
            TOKEN_VARIABLE: self.accounts.bot_token,
        }
        if self.options.kill_at_every_step:
            environment["CI_UPGRADE_KILL_ONCE_DIRECTORY"] = str(self.kill_directory)
            environment["CI_UPGRADE_KILL_MOMENTS"] = self.options.kill_at_every_step
        return environment

    def _await_bot(self) -> None:
        """It leads an unconfigured router to blue when it starts, and connects to the workspace."""
        router = JenkinsReader(self.router_url, self.accounts.admin_user, self.accounts.admin_token)

        def works() -> bool:
            if self.bot.crashed.is_set():
                raise StageError(f"the bot ends again and again:\n{tail(self.bot_log)}")
            try:
                routed = router.version() == self.from_version
            except NoAnswer:
                return False
            return routed and bool(self.people.state()["connections"])

        _await(
            works,
            CONNECT_SECONDS,
            lambda: f"the bot did not set up the router or did not connect:\n{tail(self.bot_log)}",
        )


def ci_upgrade() -> str:
    """The product's own command, as installed beside this Python.

    :raises StageError: when it is not installed.
    """
    beside = Path(sys.executable).with_name("ci-upgrade")
    found = str(beside) if beside.exists() else shutil.which("ci-upgrade")
    if found is None:
        raise StageError("the command ci-upgrade is not installed: pip install 'ci-upgrade[rehearsal]'")
    return found


def _await(look: Callable[[], bool], seconds: float, fault: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise StageError(fault())
        time.sleep(0.1)
