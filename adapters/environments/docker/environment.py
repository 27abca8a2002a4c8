"""Containers as an environment: blue is inspected and read, never changed; everything made here carries the bot's labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from docker.errors import NotFound

from adapters.environments.docker import homes, images, labels, measures, places
from adapters.environments.docker.blueprint import blueprint, home_path, networks_of
from adapters.environments.docker.engine import Engine
from adapters.environments.docker.home_reading import read_home
from adapters.environments.docker.homes import inspect
from bot.errors import Permanent, Temporary
from bot.model import JSON, Core, Instance, InstanceState
from bot.ports import Selection
from bot.settings.environments import DockerConfig

__all__ = ["DockerEnvironment", "first_instance"]

FREE_SECONDS = 60.0
"""How long a measurement of free space counts: it takes a program in the container."""
USAGE_SECONDS = 10.0
"""How long one of memory and processor time counts: engines take up to a second for it."""


def first_instance(name: str, config: DockerConfig) -> Instance:
    """The running instance as it is configured."""
    return Instance(
        name=name,
        version="",
        url=str(config.blue.url).rstrip("/"),
        home=config.blue.container,
        agent_port=config.blue.agent_port,
        details={"container": config.blue.container, "engine": "first"},
    )


class DockerEnvironment:
    """Implements :class:`bot.ports.Environment`.

    ``Instance.details``: ``container``, and ``engine`` ("first" or "second").
    """

    def __init__(self, name: str, config: DockerConfig) -> None:
        self._name = name
        self._config = config
        self._engines = {"first": Engine(config.engine)}
        if config.second_engine:
            self._engines["second"] = Engine(config.second_engine)
        self._addresses: dict[str, str] = {}
        self._free: dict[str, tuple[float, int]] = {}
        self._usages: dict[str, tuple[float, tuple[int, float]]] = {}

    # ---- releases

    def core(self, version: str, like: Instance) -> Core:
        engine = self._engines[self._place(like)]
        if self._config.isolation == "internal":
            places.require_bot_there(engine)
        return images.available(engine, self._image(version, like), version)

    def fetch(self, version: str, like: Instance, progress: Callable[[str], None]) -> Core:
        engine, reference = self._engines[self._place(like)], self._image(version, like)
        images.fetch(engine, reference, progress)
        return images.available(engine, reference, version)

    def _image(self, version: str, like: Instance) -> str:
        found = self._there(like)
        tag = labels.labels_of(found).get(labels.IMAGE, found["Config"]["Image"])
        return images.reference(self._config.image, tag, version)

    def _place(self, like: Instance) -> str:
        """The engine for an instance that is to stand beside this one."""
        others = [place for place in self._engines if place != like.details["engine"]]
        return others[0] if others else like.details["engine"]

    # ---- instances

    def state(self, instance: Instance) -> InstanceState:
        engine, container = self._of(instance)
        found = inspect(engine, container)
        if found is None:
            return InstanceState(running=False, exists=False)
        state = found["State"]
        # One that is being brought back is "running" for Docker, but there is nothing in it to ask.
        up = state["Running"] and not state["Restarting"]
        memory, cpu = self._usage(instance) if up else (None, None)
        return InstanceState(
            running=_alive(found),
            exists=True,
            memory_bytes=memory,
            cpu_seconds=cpu,
            restarts=found["RestartCount"],
            oom_killed=bool(state["OOMKilled"]),
            home_bytes_free=self._free_bytes(instance) if up else None,
        )

    def home_bytes(self, instance: Instance) -> int:
        engine, container = self._of(instance)
        with homes.attended(engine, self._name, container) as attendant:
            return measures.home_bytes(engine, attendant, home_path(self._there(instance)))

    def memory_available_bytes(self, like: Instance) -> int | None:
        engine, container = self._of(like)
        beside = self._engines[self._place(like)]
        if beside is engine:
            return measures.memory_available_bytes(engine, container)
        return measures.engine_memory_bytes(beside)

    def create(self, name: str, like: Instance, version: str, queue_id: str) -> Instance:
        place = self._place(like)
        engine = self._engines[place]
        there = inspect(engine, name)
        if there is not None and labels.labels_of(there).get(labels.INSTANCE) != name:
            raise Permanent(f"there is a container {name} that ci-upgrade did not make: remove or rename it")
        blue_engine, blue_container = self._of(like)
        facts = homes.home_facts(blue_engine, blue_container, home_path(self._there(like)))
        if there is not None:
            instance = labels.instance_from(labels.labels_of(there))
        else:
            instance = self._make(name, like, version, queue_id, place, facts)
        homes.give_home(engine, self._name, name, home_path(self._there(instance)), facts)
        return instance

    def _make(
        self, name: str, like: Instance, version: str, queue_id: str, place: str, facts: homes.HomeFacts
    ) -> Instance:
        engine, blue = self._engines[place], self._there(like)
        reference = self._image(version, like)
        image = images.fetch(engine, reference, lambda _text: None)
        inside = [self._config.http_port, *([self._config.agent_port] if like.agent_port else [])]
        by_name = self._config.reach == "name"
        outside = inside if by_name else places.free_ports(engine, len(inside))
        host = name if by_name else engine.config.address
        instance = Instance(
            name=name,
            version=version,
            url=f"http://{host}:{outside[0]}{urlsplit(like.url).path}".rstrip("/"),
            home=name,
            agent_port=outside[-1] if like.agent_port else None,
            details={"container": name, "engine": place},
        )
        body = blueprint(
            blue,
            images.inspect_image(self._of(like)[0], blue["Image"]),
            image.id,
            config=self._config,
            labels=labels.of_instance(self._name, instance)
            | {
                labels.IMAGE: reference,
                labels.DIGEST: image.digest or image.id,
                labels.OWNER: f"{facts.user}:{facts.group}",
            },
            volume=name,
            network=places.isolation_network(
                engine, self._name, name, internal=self._config.isolation == "internal"
            ),
            ports=dict(zip(inside, outside, strict=True)),
            address=None if by_name else host,
            queue_id=queue_id,
        )
        places.volume(engine, self._name, name)
        with engine.asked(f"create the container {name}") as client:
            client.api.create_container_from_config(body, name)
        return instance

    def start(self, instance: Instance) -> None:
        engine, container = self._of(instance)
        self._addresses.pop(instance.name, None)
        with engine.asked(f"start {container}") as client:
            client.api.start(container)

    def expose(self, instance: Instance, like: Instance) -> None:
        engine, container = self._of(instance)
        isolated = places.isolation_name(instance.name)
        now = networks_of(self._there(instance))
        wanted = engine.config.networks or networks_of(self._there(like))
        with engine.asked(f"connect {container} to its networks") as client:
            for network in wanted:
                if network not in now:
                    client.api.connect_container_to_network(container, network)
            if isolated in now:
                client.api.disconnect_container_from_network(container, isolated)
        self._addresses.pop(instance.name, None)
        after = set(networks_of(self._there(instance)))
        if isolated in after or not after.issuperset(wanted):
            raise Temporary(f"{container} was connected to its networks, but Docker reports {sorted(after)}")
        places.release_network(engine, instance.name)

    def agent_port(self, instance: Instance, like: int) -> int:  # noqa: ARG002  # every container has all ports to itself
        return like

    def address(self, instance: Instance) -> str:
        known = self._addresses.get(instance.name)
        if known is None:
            known = self._addresses[instance.name] = self._address(instance)
        return known

    def _address(self, instance: Instance) -> str:
        isolated = places.isolation_name(instance.name)
        engine, container = self._of(instance)
        networks = self._there(instance)["NetworkSettings"]["Networks"]
        if isolated not in networks or self._config.isolation != "internal":
            return instance.url
        places.attach_bot(engine, instance.name)
        inside = networks[isolated]["IPAddress"]
        if not inside:
            raise Temporary(f"{container} has no address yet: it is not running")
        return f"http://{inside}:{self._config.http_port}{urlsplit(instance.url).path}".rstrip("/")

    def stop(self, instance: Instance) -> None:
        engine, container = self._of(instance)
        self._addresses.pop(instance.name, None)
        found = inspect(engine, container)
        if found is None or not _alive(found):
            return
        with engine.asked(f"stop {container}") as client:
            client.api.stop(container, timeout=int(self._config.stop_grace_seconds))
        if _alive(self._there(instance)):
            raise Temporary(f"{container} was stopped but still runs")

    def remove(self, instance: Instance) -> None:
        """What the bot did not make is left alone: a first blue stays stopped until its people remove it."""
        engine, container = self._of(instance)
        found = inspect(engine, container)
        if found is not None:
            if labels.labels_of(found).get(labels.INSTANCE) != instance.name:
                return
            if _alive(found):
                raise Permanent(f"{container} still runs and is not removed")
        homes.dismiss_attendant(engine, container)
        with engine.asked(f"remove {container}") as client:
            if found is not None:
                with suppress(NotFound):
                    client.api.remove_container(found["Id"], v=True)
            own = {"label": f"{labels.INSTANCE}={instance.name}"}
            for volume in client.api.volumes(filters=own)["Volumes"] or ():
                client.api.remove_volume(volume["Name"])
        places.release_network(engine, instance.name)

    def logs(self, instance: Instance, lines: int) -> str:
        engine, container = self._of(instance)
        with engine.asked(f"read the log of {container}") as client:
            text: bytes = client.api.logs(container, tail=lines)
        return text.decode(errors="replace")

    # ---- homes

    def read_home(
        self, instance: Instance, selection: Selection, skipped: Callable[[str, str], None]
    ) -> Iterator[bytes]:
        engine, container = self._of(instance)
        with homes.attended(engine, self._name, container) as attendant:
            home = home_path(self._there(instance))
            yield from read_home(engine, attendant, home, selection, skipped)

    def write_home(self, instance: Instance, chunks: Iterable[bytes]) -> None:
        engine, container = self._of(instance)
        homes.write(engine, self._name, container, home_path(self._there(instance)), chunks)

    # ---- finding things

    def _of(self, instance: Instance) -> tuple[Engine, str]:
        place = instance.details["engine"]
        if place not in self._engines:
            raise Permanent(f"{instance.name} is on the {place} engine, which is not configured any more")
        return self._engines[place], instance.details["container"]

    def _there(self, instance: Instance) -> JSON:
        engine, container = self._of(instance)
        found = inspect(engine, container)
        if found is None:
            raise Permanent(
                f"there is no container {container}: correct environment.blue.container, or start it"
            )
        return found

    def _usage(self, instance: Instance) -> tuple[int, float]:
        now = time.monotonic()
        measured_at, usage = self._usages.get(instance.name, (-USAGE_SECONDS, (0, 0.0)))
        if now - measured_at >= USAGE_SECONDS:
            usage = _usage(*self._of(instance))
            self._usages[instance.name] = (time.monotonic(), usage)
        return usage

    def _free_bytes(self, instance: Instance) -> int:
        now = time.monotonic()
        measured_at, free = self._free.get(instance.name, (-FREE_SECONDS, 0))
        if now - measured_at >= FREE_SECONDS:
            engine, container = self._of(instance)
            free = homes.home_facts(engine, container, home_path(self._there(instance))).free_bytes
            self._free[instance.name] = (now, free)
        return free


def _alive(inspection: JSON) -> bool:
    """A container that its restart policy is bringing back has not ended: that is how Jenkins restarts in one."""
    return bool(inspection["State"]["Running"] or inspection["State"]["Restarting"])


def _usage(engine: Engine, container: str) -> tuple[int, float]:
    """Memory in bytes as ``docker stats`` counts it (without reclaimable file cache), and CPU seconds."""
    with engine.asked(f"measure {container}") as client:
        stats = client.api.stats(container, stream=False, one_shot=True)
    memory = stats.get("memory_stats") or {}
    detail = memory.get("stats") or {}
    cache = detail.get("inactive_file", detail.get("total_inactive_file", 0))
    return max(0, memory.get("usage", 0) - cache), stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
