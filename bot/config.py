"""The configuration file as one typed model. Secrets are never in it: they come from the environment or from files it names.

``load`` reports every fault at once, each with its key path. Units are in the names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, HttpUrl, ValidationError, field_validator, model_validator

from bot.errors import ConfigurationError
from bot.settings.backups import BackupConfig
from bot.settings.connection import ConnectionConfig
from bot.settings.environments import DockerConfig, ProcessConfig
from bot.settings.policy import PolicyConfig, ThresholdConfig
from bot.settings.routers import EnvoyConfig, HaproxyConfig
from bot.settings.schedule import ScheduleConfig, WindowConfig
from bot.settings.section import Section
from bot.settings.slack import SlackConfig
from bot.settings.updates import UpdatesConfig

__all__ = ["Config", "ControllerConfig", "load", "parse", "secret"]

CONTROLLER_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")


def _of_kind(usual: str) -> Callable[[Any], Any]:
    """A section that does not say its kind is of the usual one."""
    return lambda value: {"kind": usual} | value if isinstance(value, dict) else value


class ControllerConfig(Section):
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


class Config(Section):
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
