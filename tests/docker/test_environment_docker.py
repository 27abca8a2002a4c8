"""Containers as an environment: the contract of all environments, and what only containers have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from adapters.environments.docker.blueprint import blueprint
from adapters.environments.docker.environment import DockerEnvironment
from bot.errors import Permanent
from bot.model import Instance
from bot.ports import Selection
from rehearsal.controller_image import tag
from rehearsal.free_ports import free_range
from tests.contract.environment_contract import EnvironmentContract, EnvironmentRig, everything
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import SLEEP, DockerRig

pytestmark = ONE_ENGINE

VERSION = "2.440.1"


@pytest.fixture
def green(rig: DockerRig) -> Instance:
    return rig.environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")


class _Contract(EnvironmentRig):
    def __init__(self, rig: DockerRig) -> None:
        super().__init__(rig.environment, rig.blue, rig.home, rig.name)
        self._rig = rig

    def home_of(self, instance: Instance) -> Path:
        return self._rig.home_of(instance)


class TestDockerEnvironment(EnvironmentContract):
    @pytest.fixture
    def rig(self, engine: Any) -> Iterator[EnvironmentRig]:
        made = DockerRig(engine)
        try:
            made.start_blue()
            yield _Contract(made)
        finally:
            made.close()


def test_green_is_made_as_blue_is(rig: DockerRig, green: Instance) -> None:
    """What blue was given it has too; what is the image's, the network's or another tool's it does not."""
    blue, made = rig.inspect(rig.blue_name), rig.inspect(green.name)
    variables = made["Config"]["Env"]
    assert "TZ=Europe/Vienna" in variables
    assert "JAVA_OPTS=-Xmx300m -Djenkins.install.runSetupWizard=false -Dhudson.model.Queue.id=u1" in variables
    assert f"JENKINS_VERSION={VERSION}" in variables  # of its own image, not of blue's
    labels = made["Config"]["Labels"]
    assert labels["team"] == "ci"
    assert not [label for label in labels if label.startswith(("com.docker.compose", "traefik"))]
    assert labels["ci-upgrade.image"] == tag(VERSION)
    assert labels["ci-upgrade.digest"] == made["Image"]
    assert made["HostConfig"]["RestartPolicy"] == blue["HostConfig"]["RestartPolicy"]
    assert made["Config"]["Cmd"] == blue["Config"]["Cmd"]


@pytest.mark.parametrize(("given", "expected"), [(None, 20), (3, 20), (600, 600), (-1, -1)])
def test_green_is_given_at_least_as_long_to_stop_as_blue(
    rig: DockerRig, given: int | None, expected: int
) -> None:
    """By whoever stops the machine, too: blue's own grace, or the configured one if that is longer."""
    blue = rig.inspect(rig.blue_name)
    blue["Config"]["StopTimeout"] = given
    body = blueprint(
        blue,
        rig.client.api.inspect_image(blue["Image"]),
        "sha256:0",
        config=rig.config(stop_grace_seconds=20),
        labels={},
        volume="green",
        network="isolated",
        ports={},
        address=None,
        queue_id="u1",
    )
    assert body["StopTimeout"] == expected


def test_green_is_alone_until_it_is_exposed(rig: DockerRig, green: Instance) -> None:
    """Only an internal network first; then blue's networks, without blue's names."""
    rig.environment.start(green)
    networks = rig.inspect(green.name)["NetworkSettings"]["Networks"]
    (isolated,) = networks
    assert rig.client.networks.get(isolated).attrs["Internal"]
    assert rig.environment.address(green) == f"http://{networks[isolated]['IPAddress']}:8080"
    assert rig.inspect(green.name)["NetworkSettings"]["Ports"] == {}
    for _ in range(2):
        rig.environment.expose(green, rig.blue)
        networks = rig.inspect(green.name)["NetworkSettings"]["Networks"]
        assert list(networks) == [rig.network]
    assert rig.environment.address(green) == green.url
    assert rig.blue_name not in (networks[rig.network]["Aliases"] or [])
    published = rig.inspect(green.name)["NetworkSettings"]["Ports"]["8080/tcp"]
    assert [f"http://{one['HostIp']}:{one['HostPort']}" for one in published] == [green.url]


def test_nothing_of_blue_is_changed_and_nothing_of_green_is_left(rig: DockerRig, green: Instance) -> None:
    """Compared by inspection, over a whole life of green."""
    before = rig.untouched()
    environment = rig.environment
    environment.write_home(green, environment.read_home(rig.blue, Selection(keep=everything), _ignore))
    environment.start(green)
    assert all(rig.left().values())
    environment.expose(green, rig.blue)
    assert rig.left() == {"containers": [green.name], "volumes": [green.name], "networks": []}
    environment.stop(green)
    environment.remove(green)
    assert rig.left() == {"containers": [], "volumes": [], "networks": []}
    assert rig.untouched() == before


def test_a_green_that_was_not_started_yet_keeps_its_network(rig: DockerRig, green: Instance) -> None:
    """While an older instance of the same controller is removed, as retention does at any moment."""
    older = rig.environment.create(f"{rig.name}-u0", rig.blue, VERSION, "u0")
    rig.environment.remove(older)
    rig.environment.start(green)
    assert rig.environment.state(green).running


def test_what_the_bot_did_not_make_is_not_removed(rig: DockerRig) -> None:
    """A first blue is its people's: retired means stopped."""
    rig.environment.stop(rig.blue)
    rig.environment.remove(rig.blue)
    assert rig.inspect(rig.blue_name)["State"]["Status"] == "exited"


def test_what_only_has_a_name_like_the_bots_own_is_not_removed(rig: DockerRig) -> None:
    """Housekeeping after people have removed the first blue themselves, as they are asked to."""
    other = f"{rig.blue_name}-home"
    rig.client.containers.run(tag(VERSION), SLEEP, name=other, detach=True, network_mode="none")
    rig.client.networks.create(f"ci-upgrade-{rig.blue.name}-isolated")
    rig.client.containers.get(rig.blue_name).remove(force=True)
    rig.environment.remove(rig.blue)
    assert rig.inspect(other)["State"]["Running"]
    assert rig.client.networks.list(names=[f"ci-upgrade-{rig.blue.name}-isolated"])


@pytest.mark.parametrize("kind", ["container", "volume", "network"])
def test_a_name_that_somebody_else_has_is_refused(rig: DockerRig, kind: str) -> None:
    """And theirs stays as it is."""
    name = f"{rig.name}-u1"
    if kind == "container":
        rig.client.containers.create(tag(VERSION), SLEEP, name=name)
    elif kind == "volume":
        rig.client.volumes.create(name)
    else:
        rig.client.networks.create(f"ci-upgrade-{name}-isolated")
    with pytest.raises(Permanent, match="did not make"):
        rig.environment.create(name, rig.blue, VERSION, "u1")


def test_a_leftover_green_is_adopted(rig: DockerRig, green: Instance) -> None:
    """A bot that died after it had made green knows it again by its labels, from a new process."""
    again = DockerEnvironment(rig.name, rig.config())
    assert again.create(green.name, rig.blue, VERSION, "u1") == green


def test_the_release_is_the_tag_beside_blues(rig: DockerRig) -> None:
    """With the exact image named."""
    core = rig.environment.core(VERSION, rig.blue)
    assert core.reference.startswith(f"{tag(VERSION)}@sha256:")
    assert core.java == (17,)


def test_a_second_engine_gets_the_new_instance(rig: DockerRig) -> None:
    """Blue and green on different machines: homes travel through the bot (here both engines are the same one)."""
    ports = free_range(4)
    first = {"ports": rig.ports, "networks": [rig.network]}
    second = {
        "url": "unix:///var/run/docker.sock",
        "ports": (ports[0], ports[-1]),
        "networks": [rig.network],
    }
    environment = DockerEnvironment(rig.name, rig.config(engine=first, second_engine=second))
    green = environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
    assert green.details["engine"] == "second"
    assert int(green.url.rsplit(":", 1)[1]) in ports
    left, whole = (one.memory_available_bytes(rig.blue) for one in (rig.environment, environment))
    assert left is not None
    assert whole is not None
    assert left < whole, "of another engine is known what it has, not what is left"


def test_memory_and_processor_time_are_measured(rig: DockerRig, green: Instance) -> None:
    rig.environment.start(green)
    state = rig.environment.state(green)
    assert (state.running, state.restarts, state.oom_killed) == (True, 0, False)
    assert state.memory_bytes
    assert state.cpu_seconds is not None
    assert state.home_bytes_free


def test_a_green_that_ends_again_and_again_is_measured_by_its_restarts(engine: Any) -> None:
    """While the engine waits before it starts it again there is nothing to ask in it, and its log says why."""
    rig = DockerRig(engine)
    try:
        rig.start_blue()
        green = rig.environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
        rig.environment.start(green)
        made = rig.client.containers.get(green.name)
        while not _waits_for_its_restart(made):
            with suppress(APIError):  # between two lives there is nothing to end
                made.exec_run(["sh", "-c", "kill 1"], user="0")
        state = rig.environment.state(green)
        assert state.running
        assert state.restarts
        assert state.memory_bytes is None
    finally:
        rig.close()


def _waits_for_its_restart(container: Any) -> bool:
    """For seconds: the engine waits longer each time."""
    container.reload()
    return bool(container.attrs["State"]["Restarting"]) and container.attrs["RestartCount"] > 5


def _ignore(_path: str, _why: str) -> None:
    return None
