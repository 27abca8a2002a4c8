"""What one HAProxy should hold for a state, and which state is in what it holds: two maps, and addresses of servers. Pure.

The names are those of ``docs/haproxy.cfg``. The map ``<name>.map`` has the session weight, the owner and the instances' URLs;
``<name>-paths.map`` has the paths that belong to the owner; servers have addresses and are in maintenance where nothing may go:

- ``<name>-<side>`` serves the sessions of a side. Its other server helps while the first one does not answer.
- ``<name>-<side>-owner``, ``-connections`` and ``-agents`` serve what follows the owner, and have no helper.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.errors import ChangedByHand, Permanent, Temporary
from bot.model import RouterState, Side

__all__ = [
    "Place",
    "Routing",
    "agents",
    "connections",
    "make_routing",
    "owner",
    "place_of",
    "sessions",
    "state_of",
]

NOTHING = "-"
"""Stands for "no green" and "no agent port" in the map."""
BLUE_AGENTS, GREEN_AGENTS = "blue-agents", "green-agents"
CONNECTION_PATHS = ("/wsagents/", "/cli/")
"""Inbound agents and the CLI, also over WebSocket (jenkins.agents.WebSocketAgents, hudson.cli.CLIAction)."""
OWNER_PATHS = ("/tcpSlaveAgentListener/",)
"""Where agents ask for the TCP port and the instance's identity (hudson.TcpSlaveAgentListener)."""
QUEUE_ITEMS = "/queue/item/"
"""Queue ids mean something only on the instance that gave them out."""
FORCED_MAINTENANCE, FORCED_DRAIN, NO_ADDRESS = 0x01, 0x08, 0x20
"""Bits of ``srv_admin_state`` (management guide, "show servers state")."""


Place = tuple[str, int]
"""An address, never a name, and a port."""


@dataclass(frozen=True, slots=True)
class Routing:
    """What an HAProxy should hold, or what it was found to hold."""

    entries: Mapping[str, str]
    """Of ``<name>.map``."""
    paths: Mapping[str, str]
    """Of ``<name>-paths.map``: a path's beginning → connections, owner or queue. The paths looked up end with a slash."""
    servers: Mapping[tuple[str, str], Place | None]
    """(backend, server) → where its requests go; None: nothing may go there."""

    def agrees_with(self, found: Routing) -> bool:
        """A server that nothing may go to need not exist."""
        servers = all(found.servers.get(key) == place for key, place in self.servers.items())
        return servers and (self.entries, self.paths) == (found.entries, found.paths)


def sessions(name: str, side: Side) -> str:
    return f"{name}-{side.value}"


def owner(name: str, side: Side) -> str:
    return f"{name}-{side.value}-owner"


def connections(name: str, side: Side) -> str:
    return f"{name}-{side.value}-connections"


def agents(name: str, side: Side) -> str:
    return f"{name}-{side.value}-agents"


def place_of(row: Mapping[str, str]) -> Place | None:
    """Where the server of a row of ``show servers state`` is; None while nothing goes there."""
    if int(row["srv_admin_state"]) & (FORCED_MAINTENANCE | FORCED_DRAIN | NO_ADDRESS):
        return None
    try:
        return str(ipaddress.ip_address(row["srv_addr"])), int(row["srv_port"])
    except ValueError:  # "-" for none, or a unix socket
        return None


def make_routing(
    controller: str,
    name: str,
    webhook_paths: Sequence[str],
    state: RouterState,
    found: Routing,
    resolve: Callable[[str], str | None],
) -> Routing:
    """``resolve`` turns a host name into an address: HAProxy is given addresses only.

    A name may have none, as that of a stopped container: then what was ``found`` for this instance stays; if that is nothing either,
    it is in maintenance.

    :raises Permanent: when the state cannot be routed.
    :raises Temporary: when something has to be led to a name that has no address.
    """
    _check(state)
    path = _context_path(state.blue)
    entries = {
        "controller": controller,
        "blue": state.blue,
        "green": state.green or NOTHING,
        "weight": str(state.weight),
        "owner": state.owner.value,
        "login": f"{path}/login",
        BLUE_AGENTS: _port_text(state.blue_agent_port),
        GREEN_AGENTS: _port_text(state.green_agent_port),
    }
    kinds = {path + prefix: "connections" for prefix in CONNECTION_PATHS}
    kinds |= {path + prefix: "owner" for prefix in (*OWNER_PATHS, *webhook_paths)}
    kinds[path + QUEUE_ITEMS] = "queue"
    return Routing(entries, kinds, _servers(name, state, found, resolve))


def state_of(running: Routing, name: str) -> RouterState | None:
    """The state that an HAProxy's maps tell; None when it was told nothing yet.

    :raises ChangedByHand: when they are not what the bot writes.
    """
    entries = running.entries
    if "controller" not in entries:
        return None
    try:
        green = None if entries["green"] == NOTHING else entries["green"]
        return RouterState(
            blue=entries["blue"],
            green=green,
            weight=int(entries["weight"]),
            owner=Side(entries["owner"]),
            blue_agent_port=_port(entries[BLUE_AGENTS]),
            green_agent_port=_port(entries[GREEN_AGENTS]),
        )
    except (KeyError, ValueError) as error:
        raise ChangedByHand(
            f"somebody changed the map {name}.map by hand: it holds {dict(entries)}"
        ) from error


def _port_text(port: int | None) -> str:
    return NOTHING if port is None else str(port)


def _port(text: str) -> int | None:
    return None if text == NOTHING else int(text)


def _check(state: RouterState) -> None:
    if state.green is None and (state.owner is Side.GREEN or state.weight):
        raise Permanent("green has no address, so it can neither be the owner nor get sessions")
    if not 0 <= state.weight <= 100:
        raise Permanent(f"the session weight is a percentage from 0 to 100, not {state.weight}")
    if state.green is not None and _context_path(state.blue) != _context_path(state.green):
        raise Permanent(f"blue and green differ in their context path: {state.blue} and {state.green}")


def _servers(
    name: str, state: RouterState, found: Routing, resolve: Callable[[str], str | None]
) -> Mapping[tuple[str, str], Place | None]:
    urls = {Side.BLUE: state.blue, Side.GREEN: state.green}
    ports = {Side.BLUE: state.blue_agent_port, Side.GREEN: state.green_agent_port}
    weights = {Side.BLUE: 100 - state.weight, Side.GREEN: state.weight}
    servers: dict[tuple[str, str], Place | None] = {}
    for side in Side:
        url, port = urls[side], ports[side]
        place = (_place(url, resolve) or _held(found, name, side, url)) if url else None
        helps = weights[side] > 0 or state.owner is side
        if url and place is None and helps:
            raise Temporary(f"the host name of {side.value} ({url}) has no address: does the instance run?")
        for backend in (sessions(name, side), owner(name, side), connections(name, side)):
            servers[backend, side.value] = place
        servers[sessions(name, side.other), side.value] = place if helps else None
        servers[agents(name, side), side.value] = (place[0], port) if place and port else None
    return servers


def _place(url: str, resolve: Callable[[str], str | None]) -> Place | None:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise Permanent(f"HAProxy reaches instances over plain http only, not at {url}")
    address = resolve(parts.hostname)
    return (address, parts.port or 80) if address else None


def _held(found: Routing, name: str, side: Side, url: str) -> Place | None:
    """Where HAProxy leads for this very instance now."""
    return (
        found.servers.get((sessions(name, side), side.value))
        if found.entries.get(side.value) == url
        else None
    )


def _context_path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")
