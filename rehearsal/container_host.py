"""Jenkins as containers of this machine's Docker engine: blue, and where the bot may put what it makes."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound

from rehearsal.controller_image import USER, ensure_images, tag

__all__ = ["ContainerHost", "NoEngine"]

LABEL = "ci-upgrade-rehearsal"
NETWORK_SECONDS = 60.0
AGENT_PORT = 50000
"""Inside of every container."""


class NoEngine(Exception):
    """There is no Docker engine to rehearse on."""


class ContainerHost:
    """Implements :class:`rehearsal.stage.Host`. Names begin with one prefix, which ``close`` goes by."""

    def __init__(
        self, prefix: str, version: str, target: str, blue_ports: tuple[int, int], ports: range
    ) -> None:
        """``blue_ports``: published for requests and for agents.

        :raises NoEngine: when Docker does not answer.
        """
        try:
            self._client = docker.from_env(timeout=120)
        except DockerException as error:
            raise NoEngine(f"Docker does not answer: install and start it ({error})") from error
        self._prefix = prefix
        self._versions = (version, target)
        self._blue_port, self._blue_agent_port = blue_ports
        self.listens_for_agents_at = AGENT_PORT
        self._ports = ports
        self._name = f"{prefix}-blue"
        self.blue_url = f"http://127.0.0.1:{self._blue_port}"

    def start_blue(self, home: Path) -> None:
        ensure_images(self._client, self._versions)
        self._client.networks.create(self._prefix)
        self._client.volumes.create(f"{self._name}-home")
        container = self._client.containers.create(
            tag(self._versions[0]),
            name=self._name,
            network=self._prefix,
            ports={
                "8080/tcp": ("127.0.0.1", self._blue_port),
                f"{AGENT_PORT}/tcp": ("127.0.0.1", self._blue_agent_port),
            },
            volumes={f"{self._name}-home": {"bind": "/var/jenkins_home", "mode": "rw"}},
            # Green inherits the first: it is how the rehearsal knows its own.
            labels={LABEL: self._prefix, "com.docker.compose.project": self._prefix},
            restart_policy={"Name": "unless-stopped"},
        )
        with tempfile.TemporaryFile() as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                tar.add(home, arcname=".", filter=_owned)
            file.seek(0)
            container.put_archive("/var/jenkins_home", file)
        shutil.rmtree(home)
        container.start()

    def blue_ended(self) -> bool:
        container = self._client.containers.get(self._name)
        return bool(container.status == "exited")

    def blue_log(self) -> str:
        text: bytes = self._client.containers.get(self._name).logs(tail=15)
        return text.decode(errors="replace")

    def environment(self) -> dict[str, Any]:
        return {
            "kind": "docker",
            "engine": {"ports": [self._ports[0], self._ports[-1]]},
            "stop_grace_seconds": 30,
            "blue": {
                "container": self._name,
                "url": self.blue_url,
                "agent_port": self._blue_agent_port,
            },
        }

    def has_green(self) -> bool:
        return len(self._own()) > 1

    def close(self) -> None:
        for container in self._own():
            home = f"{self._name}-home" if container.name == self._name else container.name
            container.remove(force=True, v=True)
            with suppress(NotFound):
                self._client.volumes.get(home).remove(force=True)
            self._remove_network(f"ci-upgrade-{container.name}-isolated")
        self._remove_network(self._prefix)
        self._client.close()

    def _remove_network(self, name: str) -> None:
        """The engine takes a moment to notice that a container is gone."""
        deadline = time.monotonic() + NETWORK_SECONDS
        while True:
            try:
                self._client.networks.get(name).remove()
            except NotFound:
                return
            except APIError:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.2)

    def _own(self) -> list[Any]:
        own = {"label": f"{LABEL}={self._prefix}"}
        found: list[Any] = self._client.containers.list(all=True, filters=own, ignore_removed=True)
        return found


def _owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = USER
    member.uname = member.gname = ""
    return member
