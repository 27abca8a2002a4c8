"""The configuration file as one typed model. Secrets are never in it: they come from the environment or from files it names.

``load`` reports every fault at once, each with its key path. Units are in the names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError, field_validator, model_validator

from bot.errors import ConfigurationError
from bot.update_settings import UpdatesConfig

__all__ = [
    "BackupConfig",
    "Config",
    "ControllerConfig",
    "EnvoyConfig",
    "PolicyConfig",
    "ProcessConfig",
    "SlackConfig",
    "ThresholdConfig",
    "load",
    "parse",
    "secret",
]

CONTROLLER_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")


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
        "--httpListenAddress=127.0.0.1",
    )
    """Template. ``{java} {jvm_options} {war} {port} {home} {name}`` are filled in; JENKINS_HOME is set in its environment."""
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


class EnvoyConfig(_Model):
    """A real Envoy that reads its dynamic resources from files (see docs/routers.md)."""

    kind: Literal["envoy"] = "envoy"
    admin: HttpUrl
    """Envoy's admin address."""
    resources: Path
    """Directory of the dynamic resource files, shared with Envoy. The bot writes ``rds.json``, ``cds.json`` and ``lds.json`` there."""
    webhook_paths: tuple[str, ...] = (
        "/github-webhook/",
        "/bitbucket-hook/",
        "/gitlab/",
        "/generic-webhook-trigger/",
        "/multibranch-webhook-trigger/",
        "/git/notifyCommit",
        "/subversion/",
        "/project/",
    )
    """Path prefixes that always go to the owner, in addition to agents and the CLI."""


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


class ControllerConfig(_Model):
    url: HttpUrl
    """The public root URL that users know; it leads to the router."""
    user: str
    token_env: str | None = None
    """Environment variable that holds the API token."""
    token_file: Path | None = None
    """File that holds the API token."""
    verify_tls: bool | Path = True
    """False, or the path of a CA bundle."""
    environment: ProcessConfig
    router: EnvoyConfig
    policy: PolicyConfig = PolicyConfig()
    thresholds: ThresholdConfig = ThresholdConfig()
    updates: UpdatesConfig | None = None
    """None: as in the section for all controllers."""

    @model_validator(mode="after")
    def _one_token(self) -> ControllerConfig:
        if (self.token_env is None) == (self.token_file is None):
            raise ValueError("give exactly one of token_env and token_file")
        return self


class Config(_Model):
    state_directory: Path
    """Holds the database and its lock."""
    backups: BackupConfig
    slack: SlackConfig = SlackConfig()
    updates: UpdatesConfig = UpdatesConfig()
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
    return ".".join(str(part) for part in location) or "(top)"


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
