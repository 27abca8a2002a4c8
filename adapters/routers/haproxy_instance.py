"""One running HAProxy: told a state through its runtime API, asked what it holds, and left files to come back with."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping, Sequence

from adapters.routers import haproxy_plan as plan
from adapters.routers import whole_file
from adapters.routers.haproxy_plan import Routing
from adapters.routers.haproxy_socket import STATE_VERSION, HaproxySocket
from adapters.routers.haproxy_traffic import Counts, count
from bot.errors import ChangedByHand, Permanent, Temporary
from bot.model import RouterState, Side
from bot.settings.routers import HaproxyConfig, HaproxyInstanceConfig

__all__ = ["HaproxyInstance"]

END_SECONDS = 5.0
"""How long HAProxy may take to end connections. It takes milliseconds."""
POLL_SECONDS = 0.02
UP = "2"
"""``srv_op_state`` of a server that works."""


class HaproxyInstance:
    """Every verb raises :class:`Temporary` when HAProxy does not answer, and :class:`Permanent` when its configuration lacks a name."""

    def __init__(self, controller: str, config: HaproxyConfig, instance: HaproxyInstanceConfig) -> None:
        self.address = instance.socket
        self._controller = controller
        self._name = config.name
        self._webhook_paths = config.webhook_paths
        self._map = str(instance.maps / f"{config.name}.map")
        self._paths = str(instance.maps / f"{config.name}-paths.map")
        self._files = instance.files
        self._socket = HaproxySocket(instance.socket)

    def read(self) -> RouterState | None:
        """What it holds; None when it was told nothing yet, or has lost it.

        :raises Permanent: when it serves another controller, was changed by hand, or an instance's name has another address now.
        """
        found = self._found()
        state = plan.state_of(found, self._name)
        if state is not None and not self._routing(state, found).agrees_with(found):
            if self._routing(state, found, _literal).agrees_with(found):
                raise Permanent(
                    f"HAProxy at {self.address} leads to an address that the name of an instance does not have any more"
                )
            raise ChangedByHand(
                f"HAProxy at {self.address} was changed by hand: its servers or paths do not fit {self._map}"
            )
        return state

    def prepare(self) -> RouterState | None:
        """What to go back to should another HAProxy refuse; None when there is nothing, or nothing sound."""
        try:
            return self.read()
        except Permanent:
            self._found()  # what is missing in its configuration is said, not put right
            return None

    def apply(self, state: RouterState) -> None:
        """Make it so, and look whether it is.

        :raises Temporary: when HAProxy reports another state afterwards.
        :raises Permanent: when it cannot be routed, or the files cannot be written.
        """
        found = self._found()
        wanted = self._routing(state, found)
        missing = [key for key, place in wanted.servers.items() if place and key not in found.servers]
        if missing:
            raise self._lacks(missing[0])
        # An instance is reachable before anything leads to it, and is taken away when nothing leads there any more.
        answers = [
            self._lead(*key, place)
            for key, place in wanted.servers.items()
            if place and found.servers[key] != place
        ]
        for file, before, after in (
            (self._paths, found.paths, wanted.paths),
            (self._map, found.entries, wanted.entries),
        ):
            if before != after:
                answers.append(self._socket.replace_map(file, after))
        for (backend, server), place in wanted.servers.items():
            if place is None and found.servers.get((backend, server)) is not None:
                answers.append(self._socket.ask(f"set server {backend}/{server} state maint"))
        if not wanted.agrees_with(self._found()):
            said = " ".join(" ".join(answer.split()) for answer in answers)[-300:]
            raise Temporary(
                f"HAProxy at {self.address} was told a state but reports another; it said: {said}"
            )
        self._keep(wanted, leading=state.green is not None)

    def counts(self) -> Mapping[Side, Counts]:
        return count(self._name, self._socket.statistics())

    def end_connections(self, side: Side) -> None:
        """End what agents and the CLI have open to a side; returns when it has ended.

        :raises Temporary: when it has not within a few seconds.
        """
        backends = (plan.connections(self._name, side), plan.agents(self._name, side))
        before = {backend: self._socket.connections(backend) for backend in backends}
        for backend in backends:
            self._socket.ask(f"shutdown sessions server {backend}/{side.value}")
        deadline = time.monotonic() + END_SECONDS
        while any(self._socket.connections(backend) & before[backend] for backend in backends):
            if time.monotonic() > deadline:
                raise Temporary(f"HAProxy at {self.address} has not ended old connections to {side.value}")
            time.sleep(POLL_SECONDS)

    def end_requests(self, side: Side) -> None:
        """End the requests of sessions that are still under way at a side."""
        for backend in (plan.sessions(self._name, side), plan.sessions(self._name, side.other)):
            self._socket.ask(f"shutdown sessions server {backend}/{side.value}")

    # ---- looking -------------------------------------------------------------------------------------------------

    def _found(self) -> Routing:
        servers = {(row["be_name"], row["srv_name"]): plan.place_of(row) for row in self._socket.servers()}
        files = self._socket.map_files()
        for file in (self._map, self._paths):
            if file not in files:
                raise Permanent(
                    f"HAProxy at {self.address} has not loaded the map {file}: use it as docs/haproxy.cfg does, or set "
                    "`maps` to the directory that your haproxy.cfg names"
                )
        entries = self._socket.map_entries(self._map)
        controller = entries.get("controller", self._controller)
        if controller != self._controller:
            raise Permanent(
                f"{self._map} of HAProxy at {self.address} routes the controller {controller}, not {self._controller}"
            )
        for side in Side:
            for backend, server in (
                (plan.sessions(self._name, side), side),
                (plan.sessions(self._name, side), side.other),
                (plan.owner(self._name, side), side),
                (plan.connections(self._name, side), side),
            ):
                if (backend, server.value) not in servers:
                    raise self._lacks((backend, server.value))
        return Routing(entries, self._socket.map_entries(self._paths), servers)

    def _routing(
        self, state: RouterState, found: Routing, resolve: Callable[[str], str | None] | None = None
    ) -> Routing:
        return plan.make_routing(
            self._controller, self._name, self._webhook_paths, state, found, resolve or _address
        )

    def _lacks(self, key: tuple[str, str]) -> Permanent:
        backend, server = key
        return Permanent(
            f"HAProxy at {self.address} has no server {server} in a backend {backend}: add it as in docs/haproxy.cfg, "
            "or set `name` to what your backends are called"
        )

    # ---- changing ------------------------------------------------------------------------------------------------

    def _lead(self, backend: str, server: str, place: plan.Place) -> str:
        address, port = place
        name = f"{backend}/{server}"
        answer = self._socket.ask(f"set server {name} addr {address} port {port}")
        answer += self._socket.ask(f"set server {name} state ready")
        if backend == plan.sessions(self._name, Side(server)):
            # What health checks found at the old address says nothing about the new one.
            self._socket.ask(f"set server {name} health up")
        return answer

    def _keep(self, routing: Routing, *, leading: bool) -> None:
        """Leave files that HAProxy begins with after a reload or a restart: in an order in which no route leads nowhere."""
        if self._files is None:
            return
        maps = {
            f"{self._name}-paths.map": _map_text(routing.paths),
            f"{self._name}.map": _map_text(routing.entries),
        }
        servers = {f"{self._name}.servers": self._server_state(routing)}
        for file, text in (servers | maps if leading else maps | servers).items():
            path = self._files / file
            if not whole_file.holds(path, text):
                whole_file.replace(path, text)

    def _server_state(self, routing: Routing) -> str:
        """A server-state file: working until a health check says otherwise, as after a start without one."""
        rows: Sequence[Mapping[str, str]] = [
            {**row, "srv_op_state": UP if plan.place_of(row) else "0", "srv_time_since_last_change": "0"}
            for row in self._socket.servers()
            if (row["be_name"], row["srv_name"]) in routing.servers
        ]
        return "\n".join(
            [STATE_VERSION, "# " + " ".join(rows[0]), *(" ".join(row.values()) for row in rows), ""]
        )


def _map_text(entries: Mapping[str, str]) -> str:
    return "".join(f"{key} {value}\n" for key, value in entries.items())


def _literal(host: str) -> str | None:
    """The host itself when it is an address already."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _address(host: str) -> str | None:
    """HAProxy takes addresses only, so names are looked up here; None when the name has no address now."""
    literal = _literal(host)
    if literal is not None:
        return literal
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return None
    # The same answer each time, whatever the order they come in; version 4 first.
    return min((str(place[0]) for *_, place in found), key=lambda address: (":" in address, address))
