"""What every environment must do, whatever it starts instances in. An implementation gives the fixture ``rig``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.errors import Permanent
from bot.model import Instance
from bot.ports import Environment, Selection

__all__ = ["EnvironmentContract", "EnvironmentRig", "everything", "tree"]


def everything(_path: str, _is_directory: bool) -> bool:
    return True


def tree(home: Path) -> dict[str, tuple[int, bytes | str]]:
    """Path → mode and content of every file and link below a home."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if path.is_symlink():
            found[name] = (0, str(path.readlink()))
        elif path.is_file():
            found[name] = (path.stat().st_mode & 0o777, path.read_bytes())
    return found


@dataclass
class EnvironmentRig:
    environment: Environment
    blue: Instance
    home: Path
    """Of blue, where the test can see it."""
    prefix: str = "main"
    """What its instances' names begin with."""

    def home_of(self, instance: Instance) -> Path:
        return Path(instance.home)


class EnvironmentContract:
    @pytest.fixture
    def rig(self) -> Iterator[EnvironmentRig]:
        raise NotImplementedError

    @pytest.fixture
    def green(self, rig: EnvironmentRig) -> Iterator[Instance]:
        green = rig.environment.create(f"{rig.prefix}-u1", rig.blue, "2.440.1", "u1")
        yield green
        rig.environment.stop(green)

    def test_creating_twice_gives_the_same_instance(self, rig: EnvironmentRig, green: Instance) -> None:
        """A step that is made again must not make a second green."""
        assert rig.environment.create(f"{rig.prefix}-u1", rig.blue, "2.440.1", "u1") == green
        assert rig.environment.create(f"{rig.prefix}-u2", rig.blue, "2.440.1", "u1").url != green.url

    def test_starting_twice_runs_one(self, rig: EnvironmentRig, green: Instance) -> None:
        rig.environment.start(green)
        first = rig.environment.state(green)
        rig.environment.start(green)
        assert first.running
        assert rig.environment.state(green).running
        assert (first.memory_bytes or 0) > 0

    def test_stopping_ends_it_and_a_stopped_one_is_fine(self, rig: EnvironmentRig, green: Instance) -> None:
        rig.environment.start(green)
        rig.environment.stop(green)
        assert not rig.environment.state(green).running
        rig.environment.stop(green)

    def test_a_running_instance_is_not_removed(self, rig: EnvironmentRig, green: Instance) -> None:
        rig.environment.start(green)
        with pytest.raises(Permanent, match="runs"):
            rig.environment.remove(green)
        rig.environment.stop(green)
        rig.environment.remove(green)
        assert not rig.environment.state(green).exists
        rig.environment.remove(green)

    def test_a_home_arrives_as_it_left(self, rig: EnvironmentRig, green: Instance) -> None:
        """Names, modes, links and content, also of files that are empty or not ASCII."""
        (rig.home / "jobs/web ü +/builds/1").mkdir(parents=True)
        (rig.home / "jobs/web ü +/builds/1/build.xml").write_bytes(b"<build/>" * 5000)
        (rig.home / "secrets").mkdir(mode=0o700)
        (rig.home / "secrets/master.key").write_bytes(bytes(range(256)))
        (rig.home / "secrets/master.key").chmod(0o600)
        (rig.home / "jobs/web ü +/builds/legacyIds").touch()
        (rig.home / "latest").symlink_to("jobs/web ü +")
        skipped: dict[str, str] = {}
        chunks = rig.environment.read_home(rig.blue, Selection(keep=everything), skipped.__setitem__)
        rig.environment.write_home(green, chunks)
        assert tree(rig.home_of(green)) == tree(rig.home)
        assert skipped == {}

    def test_a_home_is_measured_without_what_jenkins_makes_again(self, rig: EnvironmentRig) -> None:
        """And the machine says what memory it has left for another instance."""
        before = rig.environment.home_bytes(rig.blue)
        for path in ("jobs/a/builds/1/log", "workspace/a/target", "userContent/war"):
            (rig.home / path).parent.mkdir(parents=True, exist_ok=True)
            (rig.home / path).write_bytes(bytes(100_000))
        assert rig.environment.home_bytes(rig.blue) == before + 200_000
        left = rig.environment.memory_available_bytes(rig.blue)
        assert left is not None
        assert left > 1 << 20

    def test_only_what_is_selected_travels_and_the_last_comes_last(self, rig: EnvironmentRig) -> None:
        """A build's build.xml makes it finished, so it goes after the rest of the build."""
        for name in ("a.log", "build.xml", "z.log"):
            path = rig.home / "jobs/app/builds/7" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        selection = Selection(keep=everything, roots=("jobs/app/builds/7", "absent"), last=("build.xml",))
        stream = b"".join(rig.environment.read_home(rig.blue, selection, lambda _path, _why: None))
        assert stream.index(b"a.log") < stream.index(b"z.log") < stream.index(b"build.xml")
        assert b"config.xml" not in stream

    def test_names_of_every_script_travel(self, rig: EnvironmentRig, green: Instance) -> None:
        """Composed and decomposed letters stay what they are, and a name may fill the 255 bytes that it has."""
        names = ["caf\u00e9", "cafe\u0301", "a b%2Fc+d#e?", "日本語", "🚀", "ü" * 127, "🚀" * 63, "x" * 255]
        for name in names:
            (rig.home / "jobs" / name).mkdir(parents=True)
            (rig.home / "jobs" / name / name).write_text(name)
        selection = Selection(keep=everything)
        rig.environment.write_home(
            green, rig.environment.read_home(rig.blue, selection, lambda _path, _why: None)
        )
        assert tree(rig.home_of(green)) == tree(rig.home)

    def test_nothing_is_written_outside_a_home(self, rig: EnvironmentRig, green: Instance) -> None:
        """Neither by a path nor through a link."""
        import io
        import tarfile

        for name in ("../outside", "/outside", "link/outside"):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as tar:
                link = tarfile.TarInfo("link")
                link.type, link.linkname = tarfile.SYMTYPE, "/tmp"  # noqa: S108  # a place outside, never written to
                tar.addfile(link)
                member = tarfile.TarInfo(name)
                member.size = 1
                tar.addfile(member, io.BytesIO(b"x"))
            with pytest.raises(Permanent, match="outside"):
                rig.environment.write_home(green, [buffer.getvalue()])
        assert not Path("/tmp/outside").exists()  # noqa: S108  # see above

    def test_a_broken_stream_is_refused(self, rig: EnvironmentRig, green: Instance) -> None:
        with pytest.raises(Permanent):
            rig.environment.write_home(green, [b"this is no tar stream" * 100])
