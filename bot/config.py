"""The configuration file as one typed model. Secrets are never in it: they come from the environment or from files it names.

``load`` reports every fault at once, each with its key path. Units are in the names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.connection_settings import ConnectionConfig
from bot.errors import ConfigurationError
from bot.schedule_settings import ScheduleConfig, WindowConfig
from bot.update_settings import UpdatesConfig

__all__ = [
    "BackupConfig",
    "Config",
    "ControllerConfig",
    "DockerBlueConfig",
    "DockerConfig",
    "DockerEngineConfig",
    "EnvoyConfig",
    "HaproxyConfig",
    "HaproxyInstanceConfig",
    "PolicyConfig",
    "ProcessConfig",
    "SlackConfig",
    "ThresholdConfig",
    "load",
    "parse",
    "secret",
]

CONTROLLER_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")

WEBHOOK_PATHS = (
    "/github-webhook/",
    "/bitbucket-hook/",
    "/gitlab/",
    "/generic-webhook-trigger/",
    "/multibranch-webhook-trigger/",
    "/git/notifyCommit",
    "/subversion/",
    "/project/",
)
"""Of the common plugins."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlackConfig(_Model):
    """Who may do what, and where the bot speaks. The tokens come from SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET."""

    channel: str | None = None
    """Channel id for upgrades started outside a channel; None: where the command was typed."""
    operators: tuple[str, ...] = ()
    """User ids that may start, hold, resume and roll back. Empty: everybody in the workspace."""
    approvers: tuple[str, ...] = ()
    """User ids that may approve gates. Empty: every operator."""
    requester_may_approve: bool = True
    """False: the person who started an upgrade cannot approve its gates."""
    cli_approvals: bool = True
    """False: `ci-upgrade approve` on the bot's machine does not count; hold, resume and rollback there always do."""

    @model_validator(mode="after")
    def _someone_else_can_approve(self) -> SlackConfig:
        if not self.requester_may_approve and len(self.approvers) == 1 and self.approvers == self.operators:
            raise ValueError(
                "the only operator is the only approver, but requester_may_approve is false: nobody could approve"
            )
        return self


class BlueConfig(_Model):
    """The instance that runs today. After an upgrade the bot remembers the new one itself."""

    url: HttpUrl
    """Address that goes straight to the instance, not through the router."""
    home: Path
    pid_file: Path
    """Where the process id of the running controller is written, so that it can be stopped when it is retired."""
    agent_port: int | None = None


class ProcessConfig(_Model):
    """Instances are local processes."""

    kind: Literal["process"] = "process"
    command: tuple[str, ...] = (
        "{java}",
        "{jvm_options}",
        "-jar",
        "{war}",
        "--httpPort={port}",
        "--prefix={prefix}",
        "--httpListenAddress=127.0.0.1",
    )
    """Template. ``{java} {jvm_options} {war} {port} {prefix} {home} {name}`` are filled in; JENKINS_HOME is set in its environment.
    ``{prefix}`` is the path of ``blue.url``, such as ``/jenkins``, or nothing."""
    java: str = "java"
    jvm_options: tuple[str, ...] = ("-Djenkins.install.runSetupWizard=false",)
    wars: str
    """Path of the war for a version: ``/opt/jenkins/{version}/jenkins.war``."""
    directory: Path
    """Where homes, logs and pid files of the instances that the bot makes are kept."""
    ports: tuple[int, int] = (18000, 18099)
    """First and last port to choose listen addresses from."""
    stop_grace_seconds: float = Field(default=120, gt=0)
    blue: BlueConfig

    @field_validator("wars")
    @classmethod
    def _names_version(cls, value: str) -> str:
        if "{version}" not in value:
            raise ValueError("must contain {version}")
        return value


class DockerEngineConfig(_Model):
    """How the bot reaches one Docker engine, and how others reach the containers on it."""

    url: str | None = None
    """``unix:///var/run/docker.sock``, ``tcp://host:2376`` or ``ssh://user@host``. None: what the variable DOCKER_HOST says."""
    ca_file: Path | None = None
    """With ``tcp://``: the authority that signed the engine's certificate."""
    cert_file: Path | None = None
    key_file: Path | None = None
    address: str = "127.0.0.1"
    """Address of the engine's machine, at which green's ports are published for the bot and the router."""
    ports: tuple[int, int] = (18000, 18099)
    """First and last port to publish at."""
    networks: tuple[str, ...] | None = None
    """Networks for a validated green. None: blue's own, which a second engine usually does not have."""

    @model_validator(mode="after")
    def _whole_key_pair(self) -> DockerEngineConfig:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("give both of cert_file and key_file, or neither")
        return self


class DockerBlueConfig(_Model):
    """The container that runs today. After an upgrade the bot remembers the new one itself."""

    container: str
    """Name of the container."""
    url: HttpUrl
    """Address at which the bot and the router reach it, not through the router."""
    agent_port: int | None = None
    """TCP port at that address where agents connect, when they use one."""


class DockerConfig(_Model):
    """Instances are containers; each new one has a volume of its own for its home."""

    kind: Literal["docker"] = "docker"
    engine: DockerEngineConfig = DockerEngineConfig()
    """Where blue runs."""
    second_engine: DockerEngineConfig | None = None
    """When given, a new instance is made on the engine where the running one is not."""
    blue: DockerBlueConfig
    image: str | None = None
    """Template with ``{version}``, such as ``registry.example.com/jenkins:{version}-lts-jdk21``. None: blue's image with another tag."""
    isolation: Literal["internal", "unrouted"] = "internal"
    """Network of a green that is not validated yet. ``internal``: nothing leaves it; the bot must run on the engine's machine.
    ``unrouted``: for engines elsewhere; a network without address translation, whose published ports can be reached."""
    reach: Literal["published", "name"] = "published"
    """How a validated green is reached: at a published port, or by its container name (bot and router on one of its networks)."""
    http_port: int = 8080
    """Where Jenkins listens in the container."""
    agent_port: int = 50000
    """Where it listens for TCP agents in the container, when blue has an agent port."""
    stop_grace_seconds: float = Field(default=120, gt=0)
    withheld_environment: tuple[str, ...] = (
        "PRE_CLEAR_INIT_GROOVY_D",
        "VIRTUAL_HOST",
        "VIRTUAL_PORT",
        "LETSENCRYPT_HOST",
    )
    """Variables that green does not get: the first removes the guard at every start, the others make proxies route to it."""
    withheld_labels: tuple[str, ...] = (
        "com.docker.compose.*",
        "com.docker.stack.*",
        "com.docker.swarm.*",
        "traefik.*",
        "caddy*",
    )
    """Labels (with ``*``) that green does not get: tools that go by them would adopt it, remove it or send users to it."""

    @field_validator("image")
    @classmethod
    def _names_version(cls, value: str | None) -> str | None:
        if value is not None and "{version}" not in value:
            raise ValueError("must contain {version}")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> DockerConfig:
        engines = [self.engine, *([self.second_engine] if self.second_engine else [])]
        if self.isolation == "internal" and any(_is_remote(engine.url) for engine in engines):
            raise ValueError(
                "an internal network can be reached only on the engine's machine: set isolation to unrouted for engines elsewhere"
            )
        if self.second_engine and self.second_engine.networks is None:
            raise ValueError(
                "second_engine.networks must name the networks that a validated green joins there"
            )
        return self


def _is_remote(url: str | None) -> bool:
    return url is not None and not url.startswith("unix://")


class EnvoyConfig(_Model):
    """A real Envoy that reads its dynamic resources from files (see docs/routers.md)."""

    kind: Literal["envoy"]
    admin: HttpUrl
    """Envoy's admin address."""
    resources: Path
    """Directory of the dynamic resource files, shared with Envoy. The bot writes ``rds.json``, ``cds.json`` and ``lds.json`` there."""
    webhook_paths: tuple[str, ...] = WEBHOOK_PATHS
    """Path prefixes that always go to the owner, in addition to agents and the CLI."""


class HaproxyInstanceConfig(_Model):
    """One running HAProxy."""

    socket: str
    """Its runtime socket: an absolute path, or ``host:port``. Whoever reaches it controls HAProxy."""
    maps: Path = Path("/var/lib/ci-upgrade/haproxy")
    """Directory of the map files, as ``haproxy.cfg`` names it."""
    files: Path | None = None
    """The same directory as the bot sees it; the bot then keeps there what HAProxy reads when it is reloaded or restarted.
    None: HAProxy runs elsewhere, and the bot puts the state back when it notices that it was lost."""

    @field_validator("socket")
    @classmethod
    def _can_be_reached(cls, value: str) -> str:
        _, separator, port = value.rpartition(":")
        if not value.startswith("/") and not (separator and port.isdigit()):
            raise ValueError("must be an absolute path or host:port")
        return value


class HaproxyConfig(_Model):
    """One or several real HAProxys, steered through their runtime sockets (see docs/routers.md)."""

    kind: Literal["haproxy"]
    instances: tuple[HaproxyInstanceConfig, ...] = Field(min_length=1)
    """All of them are told the same, or none."""
    name: str = Field(default="jenkins", pattern="^[A-Za-z0-9_-]+$")
    """What the names of its maps and backends in ``haproxy.cfg`` begin with."""
    webhook_paths: tuple[str, ...] = WEBHOOK_PATHS
    """Path prefixes that always go to the owner, in addition to agents and the CLI."""
    end_requests_after_seconds: float | None = Field(default=None, ge=0)
    """How long requests that are under way may go on at an instance whose weight became 0, before HAProxy ends them. None: for ever."""

    @field_validator("webhook_paths")
    @classmethod
    def _can_be_looked_up(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [path for path in value if not path.startswith("/") or any(sign.isspace() for sign in path)]
        if wrong:
            raise ValueError(f"must begin with a slash and hold no spaces: {', '.join(wrong)}")
        return value


class ThresholdConfig(_Model):
    """When green is worse than blue. See docs/configuration.md for what each test does."""

    error_margin: float = Field(default=0.01, ge=0, le=1)
    """Green's error share may exceed blue's by this before the exact test can fail it."""
    latency_ratio: float = Field(default=1.5, gt=1)
    """Green's median response time over blue's above which a significant difference fails."""
    latency_effect: float = Field(default=0.3, gt=0, le=1)
    """Smallest rank-biserial effect size that counts."""
    significance: float = Field(default=0.01, gt=0, lt=0.5)
    """One-sided p-value below which a difference is taken as real."""
    minimum_samples: int = Field(default=20, ge=5)
    """Fewer probes or requests a side are inconclusive, never a pass."""
    move_back_on_fail: bool = True
    """Send sessions back to blue when a verdict fails while a step is watched."""


class PolicyConfig(_Model):
    """How an upgrade proceeds."""

    traffic: tuple[int | Literal["handover"], ...] = (10, 25, 50, "handover", 100)
    """Session weights in the order in which they are set, with the handover of ownership among them. Ends with 100."""
    observe_seconds: float = Field(default=600, ge=0)
    """How long each traffic step is watched before the next gate opens."""
    soak_seconds: float = Field(default=3600, ge=0)
    gate_expiry_seconds: float = Field(default=8 * 3600, gt=0)
    """An undecided gate holds the upgrade after this time."""
    gate_reminder_seconds: float = Field(default=3600, gt=0)
    drain_seconds: float = Field(default=4 * 3600, ge=0)
    """How long builds that were running at the handover may finish on the old owner before a human is asked."""
    retention_seconds: float = Field(default=7 * 86400, ge=0)
    """How long the stopped old instance is kept."""
    sync_seconds: float = Field(default=2, gt=0)
    sample_seconds: float = Field(default=5, gt=0)
    boot_seconds: float = Field(default=900, gt=0)
    """How long green may take to start."""
    keep_backups: int = Field(default=5, ge=1)
    smoke_job: bool = False
    """Whether the validation has green build a job of the bot's own, which is removed afterwards."""

    @field_validator("traffic")
    @classmethod
    def _rises_to_all(cls, value: tuple[int | str, ...]) -> tuple[int | str, ...]:
        weights = [step for step in value if isinstance(step, int)]
        if value.count("handover") != 1:
            raise ValueError("must contain handover exactly once")
        if not weights or weights[-1] != 100 or value[-1] != 100:
            raise ValueError("must end with 100")
        if any(not 1 <= weight <= 100 for weight in weights) or weights != sorted(set(weights)):
            raise ValueError("weights must rise, each between 1 and 100")
        return value


class BackupConfig(_Model):
    directory: Path
    encrypt_key_file: Path | None = None
    """A file with a passphrase. Without it archives are protected by their file mode (0600) only."""


def _of_kind(usual: str) -> Callable[[Any], Any]:
    """A section that does not say its kind is of the usual one."""
    return lambda value: {"kind": usual} | value if isinstance(value, dict) else value


class ControllerConfig(_Model):
    url: HttpUrl
    """The public root URL that users know; it leads to the router."""
    user: str
    token_env: str | None = None
    """Environment variable that holds the API token."""
    token_file: Path | None = None
    """File that holds the API token."""
    connection: ConnectionConfig = ConnectionConfig()
    environment: Annotated[
        ProcessConfig | DockerConfig, Field(discriminator="kind"), BeforeValidator(_of_kind("process"))
    ]
    router: Annotated[
        EnvoyConfig | HaproxyConfig, Field(discriminator="kind"), BeforeValidator(_of_kind("envoy"))
    ]
    policy: PolicyConfig = PolicyConfig()
    thresholds: ThresholdConfig = ThresholdConfig()
    updates: UpdatesConfig | None = None
    """None: as in the section for all controllers."""
    windows: tuple[WindowConfig, ...] = ()
    """Upgrades may start only while one of them is open. Empty: at any time."""

    @field_validator("windows")
    @classmethod
    def _names_differ(cls, value: tuple[WindowConfig, ...]) -> tuple[WindowConfig, ...]:
        names = [window.name for window in value]
        if len(set(names)) < len(names):
            raise ValueError(f"each window needs a name of its own: {', '.join(names)}")
        return value

    @model_validator(mode="after")
    def _one_token(self) -> ControllerConfig:
        if (self.token_env is None) == (self.token_file is None):
            raise ValueError("give exactly one of token_env and token_file")
        return self

    @model_validator(mode="after")
    def _one_path(self) -> ControllerConfig:
        public, direct = ((url.path or "").rstrip("/") for url in (self.url, self.environment.blue.url))
        if public != direct:
            raise ValueError(
                f"url has the path {public or '/'}, environment.blue.url {direct or '/'}: Jenkins must be served under the path that users "
                "see (its option --prefix), because it writes that path into its pages"
            )
        return self


class Config(_Model):
    state_directory: Path
    """Holds the database and its lock."""
    backups: BackupConfig
    slack: SlackConfig = SlackConfig()
    updates: UpdatesConfig = UpdatesConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    controllers: Annotated[Mapping[str, ControllerConfig], Field(min_length=1)]

    @field_validator("controllers")
    @classmethod
    def _names(cls, value: Mapping[str, ControllerConfig]) -> Mapping[str, ControllerConfig]:
        wrong = [name for name in value if not CONTROLLER_NAME.match(name)]
        if wrong:
            raise ValueError(
                f"names are lower-case letters, digits and dashes, at most 40: {', '.join(wrong)}"
            )
        return value

    def updates_of(self, controller: str) -> UpdatesConfig:
        """The controller's own section, or the one for all."""
        return self.controllers[controller].updates or self.updates


def load(path: Path) -> Config:
    """Read and check the YAML file.

    :raises ConfigurationError: with every fault and its key path.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the configuration {path}: {error.strerror or error}"
        ) from error
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not valid YAML: {error}") from error
    return parse(data, str(path))


def parse(data: Any, origin: str) -> Config:
    """Check already parsed data; ``origin`` names it in the error.

    :raises ConfigurationError: with every fault and its key path.
    """
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"{origin} must be a mapping with the keys state_directory, backups, slack, controllers"
        )
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        faults = [
            f"  {_key_path(fault['loc'])}: {_plain(fault['msg'])}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError(f"{origin} has {len(faults)} fault(s):\n" + "\n".join(faults)) from error


def secret(config: ControllerConfig, environ: Mapping[str, str] = os.environ) -> str:
    """The controller's API token.

    :raises ConfigurationError: when it is missing; the text names where it was looked for.
    """
    if config.token_env is not None:
        value = environ.get(config.token_env, "").strip()
        where = f"environment variable {config.token_env}"
    else:
        assert config.token_file is not None
        where = f"file {config.token_file}"
        try:
            value = config.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(
                f"cannot read the API token from {where}: {error.strerror or error}"
            ) from error
    if not value:
        raise ConfigurationError(f"no API token: {where} is empty or not set")
    return value


def _key_path(location: tuple[int | str, ...]) -> str:
    if location[2:3] == ("router",):  # what follows is the router's kind, which is no key
        location = location[:3] + location[4:]
    return ".".join(str(part) for part in location) or "(top)"


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
