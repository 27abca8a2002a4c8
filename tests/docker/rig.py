"""Blue in a container, the environment under test, and the inspection of what they leave."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound

from adapters.environments.docker.engine import Engine
from adapters.environments.docker.environment import DockerEnvironment, first_instance
from bot.model import Instance
from bot.settings.environments import DockerConfig
from rehearsal.controller_image import tag
from rehearsal.free_ports import free_range

__all__ = ["DockerRig", "made_of", "settled"]

SLEEP = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]


class DockerRig:
    """Names begin with the rig's own, so that tests do not meet."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self.name = name = f"t{uuid.uuid4().hex[:8]}"
        self.blue_name = f"{name}-blue"
        self.network = f"{name}-net"
        # Each its own: the engine needs a moment to let go of a port whose container is gone.
        ports = free_range(4)
        self.ports = (ports[0], ports[-1])
        self.home: Path
        """Blue's home where the test can see it."""
        self.environment = DockerEnvironment(name, self.config())

    def config(self, **changes: Any) -> DockerConfig:
        data: dict[str, Any] = {
            "blue": {"container": self.blue_name, "url": "http://127.0.0.1:1"},
            "engine": {"ports": self.ports},
            "stop_grace_seconds": 5,
        }
        return DockerConfig.model_validate(data | changes)

    @property
    def first_engine(self) -> Engine:
        return Engine(self.config().engine)

    @property
    def blue(self) -> Instance:
        return first_instance(f"{self.name}-first", self.config())

    def start_blue(self, *, command: list[str] | None = None, **options: Any) -> None:
        """A container that only waits, unless the test wants more of it."""
        self.client.networks.create(self.network)
        volume = self.client.volumes.create(f"{self.name}-blue-home")
        settings: dict[str, Any] = {
            "volumes": {volume.name: {"bind": "/var/jenkins_home", "mode": "rw"}},
            "environment": {
                "JAVA_OPTS": "-Xmx300m -Djenkins.install.runSetupWizard=false",
                "TZ": "Europe/Vienna",
            },
            "labels": {
                "com.docker.compose.project": self.name,
                "com.docker.compose.service": "jenkins",
                "traefik.enable": "true",
                "team": "ci",
            },
            "restart_policy": {"Name": "unless-stopped"},
        }
        self.client.containers.run(
            tag("2.426.2"),
            SLEEP if command is None else command,
            name=self.blue_name,
            network=self.network,
            detach=True,
            **(settings | options),
        )
        self.home = Path(volume.attrs["Mountpoint"])
        (self.home / "config.xml").write_text("<hudson/>")

    def inspect(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.api.inspect_container(name)
        return found

    def home_of(self, instance: Instance) -> Path:
        return Path(self.client.volumes.get(instance.home).attrs["Mountpoint"])

    def untouched(self) -> Mapping[str, Any]:
        """Everything about blue's container, volume and network that somebody could have changed."""
        container = settled(self.inspect(self.blue_name))
        return {"container": container, **_places(self.client, f"{self.name}-blue-home", self.network)}

    def left(self) -> dict[str, list[str]]:
        """Names of what carries the bot's labels."""
        own = {"label": f"ci-upgrade.controller={self.name}"}
        return {
            "containers": sorted(c.name for c in self.client.containers.list(all=True, filters=own)),
            "volumes": sorted(v.name for v in self.client.volumes.list(filters=own)),
            "networks": sorted(n.name for n in self.client.networks.list(filters=own)),
        }

    def close(self) -> None:
        for container in self.client.containers.list(all=True, ignore_removed=True):
            if container.name.startswith(self.name):
                container.remove(force=True, v=True)
        for volume in self.client.volumes.list():
            if volume.name.startswith(self.name):
                volume.remove(force=True)
        for network in self.client.networks.list():
            if network.name.startswith((self.name, f"ci-upgrade-{self.name}")):
                try:
                    network.remove()
                except (APIError, NotFound):
                    continue


def made_of(client: docker.DockerClient, container: str, volume: str, network: str) -> Mapping[str, Any]:
    """What an instance is made of, whether it runs or not."""
    found = client.api.inspect_container(container)
    kept = ("Id", "Name", "Image", "Path", "Args", "Config", "HostConfig", "Mounts")
    networks = sorted(found["NetworkSettings"]["Networks"])
    return {key: found[key] for key in kept} | {
        "networks": networks,
        **_places(client, volume, network),
    }


def _places(client: docker.DockerClient, volume: str, network: str) -> Mapping[str, Any]:
    # For the engine a volume is created when a name was last added to its directory.
    return {
        "volume": {
            key: value for key, value in client.volumes.get(volume).attrs.items() if key != "CreatedAt"
        },
        "network": {
            key: value for key, value in client.networks.get(network).attrs.items() if key != "Containers"
        },
    }


def settled(inspection: dict[str, Any]) -> dict[str, Any]:
    """Without programs that are just being run in the container."""
    copied = copy.deepcopy(inspection)
    copied.pop("ExecIDs", None)
    return copied
