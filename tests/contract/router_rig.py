"""What a router's contract is held against: the router, two instances behind it, and clients in front of it."""

from __future__ import annotations

import base64
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from bot.model import RouterState, Side
from bot.ports import Router
from tests.contract.router_backends import Backend

__all__ = ["Connection", "Rig", "eventually"]


@dataclass
class Rig:
    router: Router
    url: str
    """Where users reach the controller."""
    agent_port: int
    """Where TCP agents reach it, on 127.0.0.1."""
    blue: Backend
    green: Backend
    restart: Callable[[], None]
    """Restart the router process."""
    measures_times: bool = True
    """False: the router keeps no distribution of response times, and its histograms are empty (docs/routers.md)."""
    answers_for_the_dead: bool = True
    """False: a client whose instance died under its request may find its connection closed instead of a 5xx (docs/routers.md)."""
    counted: Callable[[], bool] = lambda: True
    """Whether every request that was answered is in the router's counters already."""

    def state(self, weight: int = 0, owner: Side = Side.BLUE) -> RouterState:
        """Both instances known, agent ports included."""
        return RouterState(
            blue=self.blue.url,
            green=self.green.url,
            weight=weight,
            owner=owner,
            blue_agent_port=self.blue.agent_port,
            green_agent_port=self.green.agent_port,
        )

    def side(
        self,
        path: str = "/",
        method: str = "GET",
        session: requests.Session | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Which side answers. Without a session it is a new one each time."""
        call = session.request if session else requests.request
        answer = call(method, self.url + path, headers=headers, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["side"])

    def session(self, side: Side) -> requests.Session:
        """A browser that already has a session on the side."""
        for _ in range(200):
            session = requests.Session()
            if self.side(session=session) == side.value:
                return session
            session.close()
        raise AssertionError(f"no new session came to {side.value}")


class Connection:
    """A long-lived connection of an agent or the CLI."""

    def __init__(self, socket_: socket.socket) -> None:
        self._socket = socket_
        self._socket.settimeout(60)

    @classmethod
    @contextmanager
    def websocket(cls, url: str, path: str) -> Iterator[Connection]:
        """An upgraded one; what travels on it is not framed, since routers do not look."""
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port)) as connection:
            key = base64.b64encode(os.urandom(16)).decode()
            head = (
                f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            )
            connection.sendall(head.encode())
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                received = connection.recv(1)
                assert received, f"closed instead of upgraded: {answer!r}"
                answer += received
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            yield cls(connection)

    @classmethod
    @contextmanager
    def tcp(cls, port: int) -> Iterator[Connection]:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            yield cls(connection)

    def side(self) -> str:
        """Which side is at the other end; "" when the connection is closed."""
        try:
            self._socket.sendall(b"who")
            return self._socket.recv(100).decode().partition(":")[0]
        except ConnectionError:
            return ""


def eventually(check: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)
