"""Where instances run: the `environment` section of a controller."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, field_validator, model_validator

from bot.settings.section import Section

__all__ = ["BlueConfig", "DockerBlueConfig", "DockerConfig", "DockerEngineConfig", "ProcessConfig"]


class BlueConfig(Section):
    """The instance that runs today. After an upgrade the bot remembers the new one itself, until another home is named here."""

    url: HttpUrl
    """Address that goes straight to the instance, not through the router."""
    home: Path
    pid_file: Path
    """Where the process id of the running controller is written, so that it can be stopped when it is retired."""
    agent_port: int | None = None


class ProcessConfig(Section):
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


class DockerEngineConfig(Section):
    """How the bot reaches one Docker engine, and how others reach the containers on it."""

    url: str | None = None
    """``unix:///var/run/docker.sock``, ``tcp://host:2376`` or ``ssh://user@host``. None: what the variable DOCKER_HOST says, or the default socket."""
    ca_file: Path | None = None
    """With ``tcp://``: the authority that signed the engine's certificate."""
    cert_file: Path | None = None
    key_file: Path | None = None
    address: str = "127.0.0.1"
    """Address of the engine's machine, at which green's ports are published for the bot and the router."""
    ports: tuple[int, int] = (18000, 18099)
    """First and last port to publish at."""
    networks: tuple[str, ...] | None = None
    """Networks for a validated green. None: blue's own, which is possible with one engine only."""

    @model_validator(mode="after")
    def _whole_key_pair(self) -> DockerEngineConfig:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("give both of cert_file and key_file, or neither")
        return self


class DockerBlueConfig(Section):
    """The container that runs today. After an upgrade the bot remembers the new one itself, until another container is named here."""

    container: str
    """Name of the container."""
    url: HttpUrl
    """Address at which the bot and the router reach it, not through the router."""
    agent_port: int | None = None
    """TCP port at that address where agents connect, when they use one."""


class DockerConfig(Section):
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
        if self.second_engine and not (self.engine.networks and self.second_engine.networks):
            raise ValueError(
                "with two engines, engine.networks and second_engine.networks must both name the networks that a validated green joins "
                "there: one has seldom those of the other"
            )
        return self


def _is_remote(url: str | None) -> bool:
    return url is not None and not url.startswith("unix://")
