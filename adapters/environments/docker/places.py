"""Where a new instance lives: its volume, its published ports, the network that keeps it apart until it is validated."""

from __future__ import annotations

import socket

from docker.errors import NotFound

from adapters.environments.docker import labels
from adapters.environments.docker.engine import Engine
from bot.errors import Permanent

__all__ = [
    "attach_bot",
    "free_ports",
    "isolation_name",
    "isolation_network",
    "release_network",
    "require_bot_there",
    "volume",
]

SHORT_ID = 12
_LOCAL = ("127.0.0.1", "localhost", "0.0.0.0")  # noqa: S104  # compared with, never bound


def isolation_name(instance: str) -> str:
    """Each instance its own: the engine counts only running ones as members, and removes a network under one not yet started."""
    return f"ci-upgrade-{instance}-isolated"


def isolation_network(engine: Engine, controller: str, instance: str, *, internal: bool) -> str:
    """Make it unless it is there; returns its name.

    :raises Permanent: when there is one of this name that the bot did not make.
    """
    name = isolation_name(instance)
    with engine.asked(f"make the network {name}") as client:
        try:
            there = client.api.inspect_network(name)
        except NotFound:
            options = {} if internal else {"com.docker.network.bridge.enable_ip_masquerade": "false"}
            client.api.create_network(
                name,
                driver="bridge",
                internal=internal,
                options=options,
                labels={labels.CONTROLLER: controller, labels.INSTANCE: instance},
            )
            return name
    if (there.get("Labels") or {}).get(labels.INSTANCE) != instance:
        raise Permanent(f"there is a network {name} that ci-upgrade did not make: remove or rename it")
    return name


def release_network(engine: Engine, instance: str) -> None:
    """Remove the isolation network once the instance has left it; the bot's own container leaves it first. Somebody else's stays."""
    name = isolation_name(instance)
    with engine.asked(f"remove the network {name}") as client:
        try:
            there = client.api.inspect_network(name)
        except NotFound:
            return
        if (there.get("Labels") or {}).get(labels.INSTANCE) != instance:
            return
        members = set(there["Containers"] or {})
        own = _own_container(engine)
        if members == {own}:
            client.api.disconnect_container_from_network(own, name)
            members = set()
        if not members:
            client.api.remove_network(name)


def require_bot_there(engine: Engine) -> None:
    """An internal network is reached only on the engine's machine, by its processes and containers.

    :raises Permanent: when the bot runs elsewhere.
    """
    if engine.elsewhere and _own_container(engine) is None:
        raise Permanent(
            "green's internal network could be reached only on the engine's machine, and the bot runs elsewhere: "
            "set isolation to unrouted"
        )


def attach_bot(engine: Engine, instance: str) -> None:
    """A bot that runs in a container of this engine joins the isolation network; elsewhere the machine's own routes lead there."""
    own = _own_container(engine)
    if own is None:
        return
    name = isolation_name(instance)
    with engine.asked(f"join the network {name}") as client:
        if own not in (client.api.inspect_network(name)["Containers"] or {}):
            client.api.connect_container_to_network(own, name)


def _own_container(engine: Engine) -> str | None:
    """Docker gives a container its short id as host name."""
    with engine.asked("look for the bot's own container") as client:
        # For Docker the filter is a pattern, which the name of any other machine may match somewhere.
        found = [str(one["Id"]) for one in client.api.containers(filters={"id": f"^{socket.gethostname()}"})]
    return next((id for id in found if id[:SHORT_ID] == socket.gethostname()), None)


def volume(engine: Engine, controller: str, name: str) -> None:
    """Make it unless it is there.

    :raises Permanent: when there is one of this name that the bot did not make.
    """
    wanted = {labels.CONTROLLER: controller, labels.INSTANCE: name}
    with engine.asked(f"make the volume {name}") as client:
        try:
            there = client.api.inspect_volume(name)
        except NotFound:
            client.api.create_volume(name, labels=wanted)
            return
    if (there.get("Labels") or {}).get(labels.INSTANCE) != name:
        raise Permanent(f"there is a volume {name} that ci-upgrade did not make: remove or rename it")


def free_ports(engine: Engine, count: int) -> list[int]:
    """The first ports of the configured range that nobody has.

    :raises Permanent: when too few are left.
    """
    taken: set[int] = set()
    with engine.asked("look for free ports") as client:
        for container in client.api.containers(all=True):
            try:
                inspected = client.api.inspect_container(container["Id"])
            except NotFound:
                continue  # gone since it was listed, and its ports with it
            bindings = inspected["HostConfig"].get("PortBindings") or {}
            taken |= {
                int(one["HostPort"]) for ones in bindings.values() for one in ones or () if one["HostPort"]
            }
    first, last = engine.config.ports
    found: list[int] = []
    for port in range(first, last + 1):
        if port not in taken and _unused(engine.config.address, port):
            found.append(port)
        if len(found) == count:
            return found
    raise Permanent(
        f"no {count} ports between {first} and {last} are free: remove old instances, or widen `ports`"
    )


def _unused(address: str, port: int) -> bool:
    """Whether this machine listens there; of another machine that cannot be known."""
    if address not in _LOCAL:
        return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
