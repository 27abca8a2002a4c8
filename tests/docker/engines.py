"""Engines beside the machine's own: one behind TLS, one that may be restarted; and a way to one through SSH."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from bot.settings.environments import DockerEngineConfig
from rehearsal.free_ports import free_port, free_range
from tests.throwaway_authority import Authority

__all__ = ["OwnEngine", "SecondEngine", "SshServer", "own_engine", "second_engine", "ssh_server"]

START_SECONDS = 120.0
NOT_THE_FIRST = ("--iptables=false", "--ip6tables=false", "--bridge=none")
"""The machine's rules and its bridge belong to the first engine."""


@dataclass(frozen=True)
class SecondEngine:
    config: DockerEngineConfig
    client: docker.DockerClient
    """Not over TLS: the tests' own look at it."""


@contextmanager
def second_engine(directory: Path) -> Iterator[SecondEngine]:
    """Another daemon with images, containers and volumes of its own; who asks needs a certificate."""
    authority = Authority(directory / "tls")
    pair = authority.issue("engine")
    port, ports, local = free_port(), free_range(4), directory / "docker.sock"
    with (directory / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [
                "dockerd",
                f"--data-root={directory}/data",
                f"--exec-root={directory}/exec",
                f"--pidfile={directory}/pid",
                f"--host=unix://{local}",
                f"--host=tcp://127.0.0.1:{port}",
                "--tlsverify",
                f"--tlscacert={authority.file}",
                f"--tlscert={pair.certificate}",
                f"--tlskey={pair.key}",
                *NOT_THE_FIRST,
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip
    client = None
    try:
        _await_socket(local, lambda: daemon.poll() is not None)
        client = docker.DockerClient(f"unix://{local}", timeout=120)
        yield SecondEngine(
            DockerEngineConfig(
                url=f"tcp://127.0.0.1:{port}",
                ca_file=authority.file,
                cert_file=pair.certificate,
                key_file=pair.key,
                ports=(ports[0], ports[-1]),
            ),
            client,
        )
    finally:
        if client is not None:
            client.close()
        daemon.terminate()
        daemon.wait(START_SECONDS)


def _await_socket(path: Path, ended: Callable[[], bool] = lambda: False) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        # Not by the library: it leaves a socket behind when it cannot connect.
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                assert not ended(), "the engine does not start: its log says why"
                assert time.monotonic() < deadline, "the engine does not answer"
                time.sleep(0.1)
            else:
                return


class OwnEngine:
    """An engine for one test alone, which may restart it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._socket = directory / "docker.sock"
        self.url = f"unix://{self._socket}"
        self._start()
        self.client = docker.DockerClient(self.url, timeout=120)

    def restart(self) -> None:
        """As a package update does: the daemon ends its containers, and brings back those whose policy says so."""
        self._end()
        self._start()

    def close(self) -> None:
        self.client.close()
        self._end()

    def _start(self) -> None:
        command = [
            "dockerd",
            f"--data-root={self._directory}/data",
            f"--exec-root={self._directory}/exec",
            f"--pidfile={self._directory}/pid",
            f"--host={self.url}",
            *NOT_THE_FIRST,
        ]
        # Through a shell that ends at once: a daemon that were this process's child would stay a zombie at its end.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" >"$0" 2>&1 </dev/null &', f"{self._directory}/log", *command],
            check=True,
            start_new_session=True,
        )
        _await_socket(self._socket)

    def _end(self) -> None:
        pid = int((self._directory / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + START_SECONDS
        while Path(f"/proc/{pid}").exists():
            assert time.monotonic() < deadline, "the engine does not end"
            time.sleep(0.1)


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    # Not in pytest's directory: the names of sockets must be short.
    with tempfile.TemporaryDirectory(prefix="engine-", ignore_cleanup_errors=True) as directory:
        engine = OwnEngine(Path(directory))
        try:
            yield engine
        finally:
            engine.close()


@dataclass(frozen=True)
class SshServer:
    address: str
    """``ssh://…`` of this machine."""
    pid: int

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)


@contextmanager
def ssh_server(directory: Path) -> Iterator[SshServer]:
    """A way to this machine's engine. The key and the known host are in ``directory/.ssh``, to be used as the home of the client."""
    settings = directory / ".ssh"
    settings.mkdir(mode=0o700)
    for name in ("id_ed25519", "host"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(settings / name)], check=True
        )
    port = free_port()
    host = (settings / "host.pub").read_text().split()
    (settings / "known_hosts").write_text(f"[127.0.0.1]:{port} {host[0]} {host[1]}\n")
    shutil.copy(settings / "id_ed25519.pub", settings / "authorized_keys")
    Path("/run/sshd").mkdir(exist_ok=True)  # the server wants it, and Debian makes it in a start script
    server = subprocess.Popen(
        [
            "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port),
            "-o", "ListenAddress=127.0.0.1",
            "-o", f"HostKey={settings / 'host'}",
            "-o", f"AuthorizedKeysFile={settings / 'authorized_keys'}",
            "-o", "StrictModes=no",
            "-o", "PidFile=none",
            "-o", "MaxStartups=100",
        ],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _await_port(port)
        yield SshServer(f"ssh://root@127.0.0.1:{port}", server.pid)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(START_SECONDS)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the SSH server does not start"
            time.sleep(0.05)
        else:
            return
