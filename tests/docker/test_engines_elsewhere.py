"""Engines that are reached over TLS and SSH, and two engines: blue on one, green on the other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.environments.docker.engine import Engine
from adapters.environments.docker.environment import DockerEnvironment
from bot.errors import Permanent, Temporary
from bot.ports import Selection
from bot.settings.environments import DockerEngineConfig
from rehearsal.controller_image import tag
from tests.contract.environment_contract import everything, tree
from tests.docker.engines import SecondEngine, SshServer, second_engine, ssh_server
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import DockerRig
from tests.throwaway_authority import Authority

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
    _fill(rig.home)
    before = rig.untouched()
    environment = _on_both(rig, second)
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


def test_the_next_green_is_made_on_the_first_engine_again(rig: DockerRig, second: SecondEngine) -> None:
    """There it joins the networks that are named for it: those of the one that runs are on the other engine."""
    environment = _on_both(rig, second)
    now = environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
    environment.start(now)
    environment.expose(now, rig.blue)
    green = environment.create(f"{rig.name}-u2", now, VERSION, "u2")
    assert green.details["engine"] == "first"
    environment.start(green)
    environment.expose(green, now)
    assert list(rig.inspect(green.name)["NetworkSettings"]["Networks"]) == [rig.network]
    for one in (now, green):
        environment.stop(one)
        environment.remove(one)


def _on_both(rig: DockerRig, second: SecondEngine) -> DockerEnvironment:
    if not second.client.networks.list(names=["there"]):
        second.client.networks.create("there")
    first = {"ports": rig.ports, "networks": [rig.network]}
    other = second.config.model_copy(update={"networks": ("there",)})
    return DockerEnvironment(rig.name, rig.config(engine=first, second_engine=other, isolation="unrouted"))


def test_the_certificates_of_dockers_own_variables_count_whatever_others_say(
    second: SecondEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQUESTS_CA_BUNDLE is for what else is asked on this machine."""
    given = second.config
    for name, file in (("ca", given.ca_file), ("cert", given.cert_file), ("key", given.key_file)):
        assert file is not None
        shutil.copy(file, tmp_path / f"{name}.pem")
    (tmp_path / "others.pem").write_text(Authority(tmp_path / "others").file.read_text())
    monkeypatch.setenv("DOCKER_HOST", str(given.url))
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "others.pem"))
    with Engine(DockerEngineConfig()).asked("list") as client:
        assert client.api.info()["ID"] == second.client.api.info()["ID"]


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    """Nobody has to be asked for that."""
    config = DockerEngineConfig(url="tcp://127.0.0.1:9", ca_file=tmp_path / "none.pem")
    with pytest.raises(Permanent, match="certificates"), Engine(config).asked("list"):
        pass


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """With the key and the known host of whom the bot runs as."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with ssh_server(tmp_path) as server:
        yield server


def _over(ssh: SshServer, rig: DockerRig) -> DockerEnvironment:
    engine = {"url": ssh.address, "ports": rig.ports}
    return DockerEnvironment(rig.name, rig.config(engine=engine, isolation="unrouted"))


def test_an_engine_is_used_over_ssh(rig: DockerRig, ssh: SshServer) -> None:
    """For the whole life of a green."""
    _fill(rig.home)
    environment = _over(ssh, rig)
    green = environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
    home = environment.read_home(rig.blue, Selection(keep=everything), _ignore)
    environment.write_home(green, home)
    assert tree(rig.home_of(green)) == tree(rig.home)
    environment.start(green)
    assert environment.state(green).running
    environment.stop(green)
    environment.remove(green)
    assert rig.left()["containers"] == []


def test_a_connection_through_ssh_that_was_lost_is_made_anew(rig: DockerRig, ssh: SshServer) -> None:
    """Also under somebody who reads a home: theirs is a temporary failure, and the next question is answered."""
    (rig.home / "large").write_bytes(b"x" * (80 << 20))
    environment = _over(ssh, rig)
    stream = environment.read_home(rig.blue, Selection(keep=everything), _ignore)
    for chunk in stream:
        if len(chunk) > 1 << 16:
            break
    ssh.cut()
    with pytest.raises(Temporary):
        for _ in stream:
            pass
    with suppress(Temporary):  # whoever first finds the connection dead
        environment.state(rig.blue)
    assert environment.state(rig.blue).running


def test_an_engine_elsewhere_that_docker_host_names_needs_another_isolation(
    rig: DockerRig, ssh: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Preflight says so: nobody could reach green on its internal network, and its boot would be waited for in vain."""
    port = ssh.address.rpartition(":")[2]
    (tmp_path / ".ssh" / "config").write_text("Host elsewhere\n HostName 127.0.0.1\n")
    monkeypatch.setenv("DOCKER_HOST", f"ssh://root@elsewhere:{port}")
    with pytest.raises(Permanent, match="isolation"):
        rig.environment.core(VERSION, rig.blue)
    unrouted = DockerEnvironment(rig.name, rig.config(isolation="unrouted"))
    assert unrouted.core(VERSION, rig.blue).version == VERSION


def test_a_key_that_is_refused_is_a_plain_sentence(rig: DockerRig, ssh: SshServer, tmp_path: Path) -> None:
    """Not a traceback: `check` shows it."""
    (tmp_path / ".ssh" / "authorized_keys").write_text("")
    with pytest.raises(Temporary, match=f"the Docker engine at {ssh.address} does not answer"):
        _over(ssh, rig).state(rig.blue)
