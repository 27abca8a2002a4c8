"""HAProxy's runtime API: one command a connection, over a unix or a TCP socket (https://docs.haproxy.org/2.6/management.html#9.3)."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from bot.errors import Permanent, Temporary

__all__ = ["HaproxySocket"]

TIMEOUT_SECONDS = 3.0
STATE_VERSION = "1"
"""Format of ``show servers state`` and of server-state files, the same since HAProxy 1.6."""


class HaproxySocket:
    """Every question raises :class:`Temporary` when HAProxy does not answer and :class:`Permanent` when something else answers."""

    def __init__(self, address: str) -> None:
        """``address``: the path of a unix socket, or ``host:port``."""
        self.address = address

    def ask(self, command: str) -> str:
        """The answer to one command, whole. Success and refusal look alike: whoever changes something looks again afterwards."""
        try:
            with self._connect() as connection:
                connection.sendall(command.encode() + b"\n")
                answer = b""
                while received := connection.recv(65536):
                    answer += received
        except OSError as error:
            raise Temporary(
                f"HAProxy's runtime socket {self.address} does not answer ({error.strerror or error})"
            ) from error
        return answer.decode(errors="replace").strip("\n")

    def servers(self) -> Sequence[Mapping[str, str]]:
        """``show servers state``: one row a server, by column name."""
        lines = self.ask("show servers state").splitlines()
        if len(lines) < 2 or lines[0] != STATE_VERSION or not lines[1].startswith("# "):
            raise Permanent(
                f"{self.address} did not answer as HAProxy does: is it HAProxy's `stats socket … level admin`?"
            )
        columns = lines[1].removeprefix("# ").split()
        return [dict(zip(columns, line.split(" "), strict=False)) for line in lines[2:] if line]

    def map_files(self) -> frozenset[str]:
        """Names of the map files that HAProxy has loaded."""
        lines = self.ask("show map").splitlines()
        return frozenset(
            line.partition("(")[2].partition(")")[0] for line in lines if not line.startswith("#")
        )

    def map_entries(self, name: str) -> Mapping[str, str]:
        """What a map holds now."""
        entries = (line.split(" ", 2) for line in self.ask(f"show map {name}").splitlines())
        return {entry[1]: entry[2] for entry in entries if len(entry) == 3}

    def replace_map(self, name: str, entries: Mapping[str, str]) -> str:
        """Give a map other entries, all at the same instant; returns what HAProxy answered."""
        answer = self.ask(f"prepare map {name}")
        version = answer.rpartition(":")[2].strip()
        if not version.isdigit():
            return answer
        lines = "".join(f"{key} {value}\n" for key, value in entries.items())
        return self.ask(f"add map @{version} {name} <<\n{lines}") + self.ask(f"commit map @{version} {name}")

    def statistics(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """``show stat typed``: (backend or frontend, server, ``BACKEND`` or ``FRONTEND``) → its fields."""
        found: dict[int | str, dict[str, str]] = {}
        for line in self.ask("show stat typed").splitlines():
            # B.3.0.48.hrsp_5xx.1:MCP:u64:0 - the object's kind, proxy and server, then the field's position and name.
            name, _, rest = line.partition(":")
            parts = name.split(".")
            value = rest.split(":", 2)
            if len(parts) == 6 and len(value) == 3:
                found.setdefault(".".join(parts[:3]), {})[parts[4]] = value[2]
        return {(row["pxname"], row["svname"]): row for row in found.values() if "svname" in row}

    def connections(self, backend: str) -> frozenset[str]:
        """Client addresses of the connections that go through a backend now."""
        found = set()
        for line in self.ask("show sess").splitlines():
            fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
            if fields.get("be") == backend:
                found.add(fields.get("src", ""))
        return frozenset(found)

    def _connect(self) -> socket.socket:
        if self.address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(TIMEOUT_SECONDS)
            try:
                connection.connect(self.address)
            except OSError:
                connection.close()
                raise
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), TIMEOUT_SECONDS)
