"""Homes in containers: read while they change, written under a running Jenkins, opened when their container is stopped."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.errors import Permanent
from bot.home_rules import GUARD_FILE
from bot.model import Instance
from bot.ports import Selection
from bot.tar_stream import END, clone_stream, members
from rehearsal.controller_image import tag
from tests.contract.environment_contract import everything, tree
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import SLEEP, DockerRig

pytestmark = ONE_ENGINE

VERSION = "2.440.1"


@pytest.fixture
def green(rig: DockerRig) -> Instance:
    return rig.environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")


def test_an_attendant_takes_nobodys_place(rig: DockerRig, green: Instance) -> None:
    """Somebody's container has the name that a look into a stopped home needs."""
    other = f"{green.name}-home"
    rig.client.containers.run(tag(VERSION), SLEEP, name=other, detach=True, network_mode="none")
    with pytest.raises(Permanent, match="did not make"):
        b"".join(rig.environment.read_home(green, Selection(keep=everything), _ignore))
    assert rig.inspect(other)["State"]["Running"]


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


def test_long_names_that_begin_alike_stay_two_files_in_a_running_instance(
    rig: DockerRig, green: Instance
) -> None:
    """As long as a file system allows, also where a character takes three bytes."""
    reports = rig.home / "reports"
    reports.mkdir()
    names = {f"{'x' * 250}{number}" for number in range(3)} | {f"{'漢' * 84}{number}" for number in range(3)}
    for name in names:
        (reports / name).write_text(name)
    rig.environment.start(green)
    selection = Selection(keep=everything, roots=("reports",))
    rig.environment.write_home(green, rig.environment.read_home(rig.blue, selection, _ignore))
    assert tree(rig.home_of(green) / "reports") == tree(reports)


def test_a_file_that_changes_while_it_is_read_is_read_again_or_named(rig: DockerRig) -> None:
    """Never half the old and half the new."""
    path = rig.home / "changing"
    path.write_bytes(b"0" * 1_000_000)
    ended = threading.Event()

    def change() -> None:
        # In place: what grows meanwhile is taken for a log that is appended to.
        number = 0
        with path.open("r+b", buffering=0) as file:
            while not ended.is_set():
                number += 1
                file.seek(0)
                file.write(str(number % 10).encode() * 1_000_000)

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
    found = {member.name: b"".join(content()) for member, content in members([stream])}
    assert ("changing" in skipped) != ("changing" in found)
    assert len(set(found.get("changing", b"0"))) == 1
    assert found["config.xml"] == b"<hudson/>"
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


def _ignore(_path: str, _why: str) -> None:
    return None
