"""Homes in containers, running or stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from docker.errors import NotFound

from adapters.environments.docker import labels
from adapters.environments.docker.engine import Engine
from adapters.environments.docker.execution import Execution
from adapters.environments.docker.home_listing import OWNER
from adapters.environments.docker.home_writing import write_home
from bot.errors import Permanent, Temporary
from bot.model import JSON

__all__ = ["HomeFacts", "attended", "dismiss_attendant", "give_home", "home_facts", "inspect", "write"]

FULL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class HomeFacts:
    user: int
    group: int
    free_bytes: int


def inspect(engine: Engine, container: str) -> JSON | None:
    """None when there is no such container."""
    with engine.asked(f"inspect {container}") as client:
        try:
            return client.api.inspect_container(container)
        except NotFound:
            return None


@contextmanager
def attended(engine: Engine, controller: str, container: str) -> Iterator[str]:
    """A running container that sees the home: itself, or for one that is stopped an attendant of the same image.

    :raises Permanent: when there is no such container.
    """
    found = inspect(engine, container)
    if found is None:
        raise Permanent(f"there is no container {container}")
    if found["State"]["Running"]:
        yield container
        return
    name = _attendant(container)
    if not dismiss_attendant(engine, container):
        raise Permanent(f"there is a container {name} that ci-upgrade did not make: remove or rename it")
    with engine.asked(f"open the home of {container}") as client:
        body = {
            "Image": found["Image"],
            "Entrypoint": ["tail"],
            "Cmd": ["-f", "/dev/null"],
            "User": "0",
            "Labels": {labels.CONTROLLER: controller, labels.ATTENDANT: container},
            "HostConfig": {"VolumesFrom": [found["Id"]], "NetworkMode": "none"},
        }
        client.api.create_container_from_config(body, name)
        client.api.start(name)
    try:
        yield name
    finally:
        dismiss_attendant(engine, container)


def dismiss_attendant(engine: Engine, container: str) -> bool:
    """Whether none is there any more; False when what has its name is somebody else's, which is left alone."""
    found = inspect(engine, _attendant(container))
    if found is None:
        return True
    if labels.labels_of(found).get(labels.ATTENDANT) != container:
        return False
    with engine.asked(f"remove {found['Name']}") as client, suppress(NotFound):
        client.api.remove_container(found["Id"], force=True)
    return True


def _attendant(container: str) -> str:
    return f"{container}-home"


def home_facts(engine: Engine, container: str, home: str) -> HomeFacts:
    """Of a running container's home.

    :raises Permanent: when there is none.
    """
    execution = Execution(engine, container, ["sh", "-c", OWNER, "sh", home])
    words = execution.run().decode().split()
    if execution.exit_code or len(words) != 2:
        raise Permanent(f"{container} has no home at {home}: {execution.errors.decode()[:200]}")
    user, _, group = words[0].partition(":")
    return HomeFacts(int(user), int(group), int(words[1]) * 1024)


def give_home(engine: Engine, controller: str, container: str, home: str, facts: HomeFacts) -> None:
    """A new volume belongs to whom its image says; the user that green runs as must be able to write to it."""
    with attended(engine, controller, container) as attendant:
        execution = Execution(engine, attendant, ["chown", f"{facts.user}:{facts.group}", home])
        execution.run()
    if execution.exit_code:
        raise Permanent(
            f"the new home cannot be given to user {facts.user}: {execution.errors.decode()[:200]}"
        )


def write(engine: Engine, controller: str, container: str, home: str, chunks: Iterable[bytes]) -> None:
    """See :meth:`bot.ports.Environment.write_home`."""
    found = inspect(engine, container)
    if found is None:
        raise Permanent(f"there is no container {container} to write to")
    recorded = labels.labels_of(found).get(labels.OWNER)
    if recorded:
        user, _, group = recorded.partition(":")
        owner = int(user), int(group)
    else:
        with attended(engine, controller, container) as attendant:
            facts = home_facts(engine, attendant, home)
        owner = facts.user, facts.group
    try:
        write_home(engine, container, home, owner, chunks, running=bool(found["State"]["Running"]))
    except Temporary as error:
        # The engine hangs up in the middle of a stream that does not fit, before it can say why.
        with attended(engine, controller, container) as attendant:
            if home_facts(engine, attendant, home).free_bytes < FULL_BYTES:
                text = f"the disk of {home} in {container} is full: free some space and try again"
                raise Permanent(text) from error
        raise
