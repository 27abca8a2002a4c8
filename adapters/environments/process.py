"""Instances as local processes; homes are directories."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from adapters.environments.processes import (
    Found,
    environment_of,
    find,
    memory_available_bytes,
    spawn,
    terminate,
    usage,
)
from adapters.homes.reader import home_bytes, read_home
from adapters.homes.writer import write_home
from bot.errors import Permanent, Temporary
from bot.home_rules import in_backup
from bot.model import Core, Instance, InstanceState
from bot.ports import Selection
from bot.settings.environments import ProcessConfig

__all__ = ["ProcessEnvironment", "first_instance"]

RECORDED_SECONDS = 2.0
LOG_BLOCK_BYTES = 1 << 16
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSPHRASE|^SLACK_|^CI_UPGRADE_")


def first_instance(name: str, config: ProcessConfig) -> Instance:
    """The running instance as it is configured."""
    return Instance(
        name=name,
        version="",
        url=str(config.blue.url).rstrip("/"),
        home=str(config.blue.home),
        agent_port=config.blue.agent_port,
        details={"pid_file": str(config.blue.pid_file)},
    )


class ProcessEnvironment:
    """Implements :class:`bot.ports.Environment`.

    Each instance that it makes has a directory ``<directory>/<name>/`` with ``instance.json``, ``home/``, ``jenkins.log`` and ``pid``.
    """

    def __init__(self, name: str, config: ProcessConfig) -> None:
        self._name = name
        self._config = config

    def core(self, version: str, like: Instance) -> Core:  # noqa: ARG002  # see create
        war = Path(self._config.wars.replace("{version}", version))
        try:
            with zipfile.ZipFile(war) as archive:
                manifest = archive.read("META-INF/MANIFEST.MF").decode()
        except FileNotFoundError as error:
            raise Permanent(
                f"there is no war of {version}: {war} does not exist. Put it there, or correct `wars`."
            ) from error
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise Permanent(f"{war} is not a Jenkins war: {error}") from error
        found = re.search(r"^Jenkins-Version:\s*(\S+)", manifest, re.MULTILINE)
        if found is None or found.group(1) != version:
            raise Permanent(f"{war} says it is {found.group(1) if found else 'no Jenkins'}, not {version}")
        return Core(version, str(war), self._java())

    def state(self, instance: Instance) -> InstanceState:
        home = Path(instance.home)
        free = shutil.disk_usage(self._existing(self._config.directory)).free
        found = self._find(instance)
        memory, cpu = usage(found) if found else (None, None)
        return InstanceState(found is not None, home.is_dir(), memory, cpu, None, free)

    def home_bytes(self, instance: Instance) -> int:
        return home_bytes(Path(instance.home), Selection(keep=in_backup))

    def memory_available_bytes(self, like: Instance) -> int | None:  # noqa: ARG002  # there is one machine
        return memory_available_bytes()

    def fetch(self, version: str, like: Instance, progress: Callable[[str], None]) -> Core:  # noqa: ARG002  # wars are there or they are not
        return self.core(version, like)

    def create(
        self, name: str, like: Instance, version: str, queue_id: str
    ) -> Instance:  # only the path is taken over
        directory = self._config.directory / name
        record = directory / "instance.json"
        if record.exists():
            return Instance(**json.loads(record.read_text()))
        home = directory / "home"
        home.mkdir(parents=True, exist_ok=True)
        ports = self._free_ports()
        instance = Instance(
            name=name,
            version=version,
            url=f"http://127.0.0.1:{next(ports)}{urlsplit(like.url).path}".rstrip("/"),
            home=str(home),
            agent_port=next(ports) if like.agent_port else None,
            details={
                "pid_file": str(directory / "pid"),
                "log": str(directory / "jenkins.log"),
                "queue_id": queue_id,
            },
        )
        temporary = record.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(instance)))
        temporary.replace(record)
        return instance

    def start(self, instance: Instance) -> None:
        if self._find(instance) is not None:
            return
        war = self.core(instance.version, instance).reference
        queue_id = instance.details.get("queue_id")
        options = [*self._config.jvm_options, *([f"-Dhudson.model.Queue.id={queue_id}"] if queue_id else [])]
        values = {
            "java": self._config.java,
            "war": war,
            "port": str(urlsplit(instance.url).port),
            "prefix": urlsplit(instance.url).path,
            "home": instance.home,
            "name": instance.name,
        }
        command: list[str] = []
        for part in self._config.command:
            command += options if part == "{jvm_options}" else [part.format(**values)]
        # The bot's own secrets must not reach a program that runs other people's builds.
        environment = {key: value for key, value in os.environ.items() if not _SECRET.search(key)}
        environment["JENKINS_HOME"] = instance.home
        try:
            spawn(
                command,
                environment,
                Path(instance.home),
                self._log(instance),
                Path(instance.details["pid_file"]),
            )
        except OSError as error:
            raise Permanent(f"{instance.name} could not be started: {error}") from error
        self._await_recorded(instance)

    def _await_recorded(self, instance: Instance) -> None:
        """The launcher writes its pid first thing; until then a second start would not see it."""
        deadline = time.monotonic() + RECORDED_SECONDS
        while self._find(instance) is None and time.monotonic() < deadline:
            time.sleep(0.01)

    def expose(self, instance: Instance, like: Instance) -> None:
        """Processes of one machine are not kept apart."""

    def agent_port(self, instance: Instance, like: int) -> int:
        """One of its own: on one machine both cannot listen at the same."""
        return like if like <= 0 else instance.agent_port or -1

    def address(self, instance: Instance) -> str:
        return instance.url

    def stop(self, instance: Instance) -> None:
        found = self._find(instance)
        if found is not None:
            terminate(found, self._config.stop_grace_seconds)

    def remove(self, instance: Instance) -> None:
        if self._find(instance) is not None:
            raise Permanent(f"{instance.name} still runs and is not removed")
        directory = self._config.directory / instance.name
        if (directory / "instance.json").exists():
            shutil.rmtree(directory)
        elif Path(instance.home).is_dir() and Path(instance.home) == self._config.blue.home:
            shutil.rmtree(instance.home)

    def read_home(
        self, instance: Instance, selection: Selection, skipped: Callable[[str, str], None]
    ) -> Iterator[bytes]:
        if not Path(instance.home).is_dir():
            raise Permanent(
                f"the home {instance.home} of {instance.name} does not exist or is not a directory"
            )
        return read_home(Path(instance.home), selection, skipped)

    def write_home(self, instance: Instance, chunks: Iterable[bytes]) -> None:
        write_home(Path(instance.home), chunks)

    def logs(self, instance: Instance, lines: int) -> str:
        try:
            with self._log(instance).open("rb") as file:
                start, text = file.seek(0, os.SEEK_END), b""
                while start and text.count(b"\n") <= lines:
                    size = min(start, LOG_BLOCK_BYTES)
                    start = file.seek(start - size)
                    text = file.read(size) + text
        except OSError:
            return ""
        return "\n".join(text.decode(errors="replace").splitlines()[-lines:])

    # ---- finding things

    def _find(self, instance: Instance) -> Found | None:
        pid_file = Path(instance.details["pid_file"])
        made_here = (self._config.directory / instance.name / "instance.json").exists()

        def is_it(pid: int) -> bool:
            home = environment_of(pid).get("JENKINS_HOME")
            # A configured instance may be started in ways that set no JENKINS_HOME; ours always has it.
            return home == instance.home or (home is None and not made_here)

        return find(pid_file, is_it)

    def _log(self, instance: Instance) -> Path:
        return Path(instance.details.get("log", str(Path(instance.home).parent / "jenkins.log")))

    def _free_ports(self) -> Iterator[int]:
        first, last = self._config.ports
        made = [
            Instance(**json.loads(path.read_text()))
            for path in self._config.directory.glob("*/instance.json")
        ]
        taken = {port for one in made for port in (urlsplit(one.url).port, one.agent_port)}
        for port in range(first, last + 1):
            if port in taken:
                continue
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                yield port
        raise Permanent(f"no port between {first} and {last} is free: stop old instances, or widen `ports`")

    def _java(self) -> tuple[int, ...]:
        """Feature version of the configured Java; empty when the command does not use it."""
        if not any("{java}" in part for part in self._config.command):
            return ()
        try:
            result = subprocess.run(
                [self._config.java, "-version"], capture_output=True, text=True, timeout=20, check=True
            )
        except FileNotFoundError as error:
            raise Permanent(
                f"there is no Java at {self._config.java!r}: install it, or correct `java`"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise Temporary(f"{self._config.java} -version does not answer") from error
        except subprocess.CalledProcessError as error:
            raise Permanent(f"{self._config.java} -version fails: {error.stderr[:200]}") from error
        found = re.search(r'version "(?:1\.)?(\d+)', result.stderr + result.stdout)
        return (int(found.group(1)),) if found else ()

    @staticmethod
    def _existing(path: Path) -> Path:
        while not path.exists():
            path = path.parent
        return path
