"""Containers as an environment: the contract of all environments, and what only containers have."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.environments.docker.environment import DockerEnvironment
from bot.errors import Permanent
from bot.home_rules import GUARD_FILE
from bot.model import Instance
from bot.ports import Selection
from bot.tar_stream import END, clone_stream
from rehearsal.controller_image import tag
from rehearsal.free_ports import free_range
from tests.contract.environment_contract import EnvironmentContract, EnvironmentRig, everything, tree
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


def test_a_home_in_a_bind_mount_is_read(engine: Any, tmp_path: Path) -> None:
    """Not every home is a volume; green's is one all the same."""
    rig = DockerRig(engine)
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.xml").write_text("<hudson/>")
    (home / "secret.key").write_text("x")
    shutil.chown(home, 1234, 1234)
    try:
        rig.start_blue(volumes={str(home): {"bind": "/var/jenkins_home", "mode": "rw"}}, user="1234")
        green = rig.environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
        stream = rig.environment.read_home(rig.blue, Selection(keep=everything), _ignore)
        rig.environment.write_home(green, stream)
        assert tree(rig.home_of(green)) == tree(home)
        assert rig.home_of(green).stat().st_uid == 1234
        assert (rig.home_of(green) / "secret.key").stat().st_uid == 1234
    finally:
        rig.close()


def test_files_of_a_running_instance_appear_whole_and_in_order(rig: DockerRig, green: Instance) -> None:
    """A build's build.xml is never there before the rest, and never half."""
    build = "jobs/app/builds/7"
    for name, size in (("log", 3_000_000), ("build.xml", 400_000)):
        path = rig.home / build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    rig.environment.start(green)
    seen: list[tuple[int, int]] = []
    ended = threading.Event()

    def look() -> None:
        target = rig.home_of(green) / build
        while not ended.is_set():
            sizes = [
                path.stat().st_size if path.exists() else 0 for path in (target / "build.xml", target / "log")
            ]
            seen.append((sizes[0], sizes[1]))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        selection = Selection(keep=everything, roots=(build,), last=("build.xml",))
        rig.environment.write_home(green, rig.environment.read_home(rig.blue, selection, _ignore))
    finally:
        ended.set()
        watcher.join()
    assert set(seen) <= {(0, 0), (0, 3_000_000), (400_000, 3_000_000)}
    assert {path for path in tree(rig.home_of(green)) if path.startswith("jobs")} == {
        f"{build}/log",
        f"{build}/build.xml",
    }


def test_a_file_that_changes_while_it_is_read_is_read_again_or_named(rig: DockerRig) -> None:
    """Never half the old and half the new."""
    path = rig.home / "changing"
    path.write_bytes(b"0" * 1_000_000)
    ended = threading.Event()

    def change() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            path.write_bytes(str(number % 10).encode() * 1_000_000)

    writer = threading.Thread(target=change)
    writer.start()
    skipped: dict[str, str] = {}
    try:
        stream = b"".join(
            rig.environment.read_home(rig.blue, Selection(keep=everything), skipped.__setitem__)
        )
    finally:
        ended.set()
        writer.join()
    assert "changing" in skipped or b"changing" in stream
    assert b"config.xml" in stream
    assert "config.xml" not in skipped


def test_a_build_of_many_files_is_read_whole(rig: DockerRig, green: Instance) -> None:
    """An archived report has ten thousand of them; a large one is streamed."""
    build = "jobs/app/builds/7"
    for number in range(9000):
        path = rig.home / build / "archive" / str(number // 100) / f"page-{number}-of-the-report.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    (rig.home / build / "large").write_bytes(b"x" * (70 << 20))
    (rig.home / build / "build.xml").write_text("<build/>")
    selection = Selection(keep=everything, roots=(build,), last=("build.xml",))
    skipped: dict[str, str] = {}
    rig.environment.write_home(green, rig.environment.read_home(rig.blue, selection, skipped.__setitem__))
    assert skipped == {}
    assert tree(rig.home_of(green) / build) == tree(rig.home / build)


def test_what_the_containers_root_may_not_read_is_named(engine: Any) -> None:
    """A home behind an NFS server that denies root is the same."""
    rig = DockerRig(engine)
    try:
        rig.start_blue(cap_drop=["ALL"])
        secrets = rig.home / "secrets"
        secrets.mkdir()
        (secrets / "master.key").write_text("x")
        (rig.home / "secret.key").write_text("x")
        for path, mode in (
            (secrets / "master.key", 0o600),
            (secrets, 0o700),
            (rig.home / "secret.key", 0o600),
        ):
            shutil.chown(path, 1000, 1000)
            path.chmod(mode)
        skipped: dict[str, str] = {}
        stream = b"".join(
            rig.environment.read_home(rig.blue, Selection(keep=everything), skipped.__setitem__)
        )
        assert b"config.xml" in stream
        assert set(skipped) == {"secrets", "secret.key"}
    finally:
        rig.close()


def test_what_the_bot_adds_belongs_to_jenkins(rig: DockerRig, green: Instance) -> None:
    """The guard is removed by Jenkins itself when it becomes owner, so file and directory must be its own."""
    guarded = clone_stream([END], frozenset(), "the guard")
    rig.environment.write_home(green, guarded)
    path = rig.home_of(green) / GUARD_FILE
    assert [(one.stat().st_uid, one.stat().st_gid) for one in (path, path.parent)] == [(1000, 1000)] * 2


def test_a_stopped_home_is_read_and_no_attendant_is_left(rig: DockerRig, green: Instance) -> None:
    """Builds of a green that died are read from its volume."""
    rig.environment.write_home(
        green, rig.environment.read_home(rig.blue, Selection(keep=everything), _ignore)
    )
    stream = b"".join(rig.environment.read_home(green, Selection(keep=everything), _ignore))
    assert b"config.xml" in stream
    assert rig.left()["containers"] == [green.name]


def test_a_full_disk_is_a_plain_sentence(rig: DockerRig) -> None:
    """The engine hangs up in the middle; people are told why."""
    small = rig.client.volumes.create(
        f"{rig.name}-u1",
        driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=2m"},
        labels={"ci-upgrade.controller": rig.name, "ci-upgrade.instance": f"{rig.name}-u1"},
    )
    green = rig.environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
    rig.environment.start(green)
    (rig.home / "big").write_bytes(b"x" * 5_000_000)
    stream = rig.environment.read_home(rig.blue, Selection(keep=everything), _ignore)
    with pytest.raises(Permanent, match=r"full|no space"):
        rig.environment.write_home(green, stream)
    assert small.name == green.home


def test_a_second_engine_gets_the_new_instance(rig: DockerRig) -> None:
    """Blue and green on different machines: homes travel through the bot (here both engines are the same one)."""
    ports = free_range(4)
    second = {
        "url": "unix:///var/run/docker.sock",
        "ports": (ports[0], ports[-1]),
        "networks": [rig.network],
    }
    environment = DockerEnvironment(rig.name, rig.config(second_engine=second))
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


def _ignore(_path: str, _why: str) -> None:
    return None
