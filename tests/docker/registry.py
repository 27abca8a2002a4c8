"""A real image registry on this machine, with or without a password, that can be made slow or broken."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from rehearsal.free_ports import free_port

__all__ = ["Gate", "Registry", "registry"]


@dataclass
class Registry:
    address: str
    """``127.0.0.1:port``: the engine takes such a one without TLS."""


class Gate(threading.Thread):
    """Stands before a registry and hangs up after so many bytes of an answer, until it is opened."""

    def __init__(self, target: int, limit: int) -> None:
        super().__init__(daemon=True)
        self._target, self._limit = target, limit
        self.open = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._carry, args=(client, server, None), daemon=True).start()
            limit = None if self.open.is_set() else self._limit
            threading.Thread(target=self._carry, args=(server, client, limit), daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket, limit: int | None) -> None:
        carried = 0
        try:
            while data := source.recv(65536):
                carried += len(data)
                if limit is not None and carried > limit:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def registry(directory: Path) -> Iterator[Registry]:
    """Runs Debian's ``docker-registry`` inside the block."""
    program = shutil.which("docker-registry")
    assert program is not None, "the package docker-registry is installed by `make test`"
    port = free_port()
    config = directory / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {directory / 'registry'}}}}}\n"
        f"http: {{addr: 127.0.0.1:{port}}}\n"
    )
    process = subprocess.Popen(
        [program, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(f"http://127.0.0.1:{port}/v2/")
        yield Registry(f"127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def _await(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if requests.get(url, timeout=10).ok:
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.05)
