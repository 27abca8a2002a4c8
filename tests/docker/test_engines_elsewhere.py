"""Engines that are reached over TLS and SSH, and two engines: blue on one, green on the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.environments.docker.environment import DockerEnvironment
from bot.ports import Selection
from rehearsal.controller_image import tag
from tests.contract.environment_contract import everything, tree
from tests.docker.engines import SecondEngine, second_engine, ssh_address
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import DockerRig

pytestmark = ONE_ENGINE

VERSION = "2.440.1"


@pytest.fixture(scope="module")
def second(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    with second_engine(tmp_path_factory.mktemp("engine")) as running:
        running.client.images.load(engine.images.get(tag(VERSION)).save(named=tag(VERSION)))
        yield running


def _ignore(_name: str, _why: str) -> None:
    """Nothing changes while it is read."""


def _fill(home: Path) -> None:
    """Enough for many frames of every stream."""
    for number in range(20):
        build = home / "jobs" / f"job {number}" / "builds" / "1"
        build.mkdir(parents=True)
        (build / "log").write_bytes(bytes(range(256)) * 400)


def test_green_is_made_on_the_other_engine(rig: DockerRig, second: SecondEngine) -> None:
    """The home travels from one to the other through both interfaces; nothing stays behind, nothing of blue's is changed."""
    second.client.networks.create("there")
    _fill(rig.home)
    before = rig.untouched()
    config = rig.config(
        second_engine=second.config.model_copy(update={"networks": ("there",)}), isolation="unrouted"
    )
    environment = DockerEnvironment(rig.name, config)
    green = environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
    environment.write_home(green, environment.read_home(rig.blue, Selection(keep=everything), _ignore))
    volume = Path(second.client.volumes.get(green.home).attrs["Mountpoint"])
    assert tree(volume) == tree(rig.home)
    environment.start(green)
    assert environment.state(green).running
    environment.expose(green, rig.blue)
    made = second.client.containers.get(green.name).attrs["NetworkSettings"]
    assert list(made["Networks"]) == ["there"]
    assert environment.address(green).endswith(made["Ports"]["8080/tcp"][0]["HostPort"])
    environment.stop(green)
    environment.remove(green)
    assert second.client.containers.list(all=True) == second.client.volumes.list() == []
    assert rig.left() == {"containers": [], "volumes": [], "networks": []}
    assert rig.untouched() == before


def test_an_engine_is_used_over_ssh(rig: DockerRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key and the known host of whom the bot runs as."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    _fill(rig.home)
    with ssh_address(tmp_path) as address:
        environment = DockerEnvironment(
            rig.name, rig.config(engine={"url": address, "ports": rig.ports}, isolation="unrouted")
        )
        green = environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
        home = environment.read_home(rig.blue, Selection(keep=everything), _ignore)
        environment.write_home(green, home)
        assert tree(rig.home_of(green)) == tree(rig.home)
        environment.start(green)
        assert environment.state(green).running
        environment.stop(green)
        environment.remove(green)
    assert rig.left()["containers"] == []
