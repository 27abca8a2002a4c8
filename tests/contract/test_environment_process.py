"""Local processes as an environment: real ones, found again, never confused with others."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.environments.process import ProcessEnvironment
from adapters.environments.processes import environment_of
from bot.errors import Permanent
from bot.model import Instance
from bot.ports import Selection
from bot.settings.environments import BlueConfig, ProcessConfig
from rehearsal.free_ports import free_range
from tests.contract.environment_contract import EnvironmentContract, EnvironmentRig, everything

SLEEPER = "import time\nwhile True: time.sleep(1)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nwhile True: time.sleep(1)"


def make_war(path: Path, manifest: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)


def config(
    directory: Path, program: str = SLEEPER, grace: float = 5.0, ports: range | None = None
) -> ProcessConfig:
    ports = ports or free_range(4)
    return ProcessConfig(
        command=(sys.executable, "-c", program, "{jvm_options}", "--httpPort={port}", "--prefix={prefix}"),
        jvm_options=(),
        wars=str(directory / "wars/{version}.war"),
        directory=directory / "instances",
        ports=(ports[0], ports[-1]),
        stop_grace_seconds=grace,
        blue=BlueConfig.model_validate(
            {"url": "http://127.0.0.1:1", "home": directory / "blue", "pid_file": directory / "blue.pid"}
        ),
    )


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., EnvironmentRig]]:
    """Builds rigs and ends whatever they started."""
    rigs: list[EnvironmentRig] = []

    def build(**options: object) -> EnvironmentRig:
        make_war(tmp_path / "wars/2.440.1.war", "Manifest-Version: 1.0\nJenkins-Version: 2.440.1\n")
        home = tmp_path / "blue"
        home.mkdir(exist_ok=True)
        (home / "config.xml").write_text("<hudson/>")
        environment = ProcessEnvironment("main", config(tmp_path, **options))  # type: ignore[arg-type]  # options are config's own
        blue = Instance(
            "main-first",
            "2.426.2",
            "http://127.0.0.1:1",
            str(home),
            details={"pid_file": str(tmp_path / "blue.pid")},
        )
        rigs.append(EnvironmentRig(environment, blue, home))
        return rigs[-1]

    yield build
    for pid_file in (tmp_path / "instances").glob("*/pid"):
        try:
            os.kill(int(pid_file.read_text()), signal.SIGKILL)
        except (ProcessLookupError, ValueError):
            continue


class TestProcessEnvironment(EnvironmentContract):
    @pytest.fixture
    def rig(self, make: Callable[..., EnvironmentRig]) -> EnvironmentRig:
        return make()


def test_an_instance_survives_its_starter_and_is_found_again(
    make: Callable[..., EnvironmentRig], tmp_path: Path
) -> None:
    """A bot that was killed finds green by its pid file."""
    rig = make()
    program = (
        "import sys; from pathlib import Path; from tests.contract.test_environment_process import config\n"
        "from adapters.environments.process import ProcessEnvironment; from bot.model import Instance\n"
        "e = ProcessEnvironment('main', config(Path(sys.argv[1])))\n"
        "b = Instance('b', '1', 'http://x', '/', details={'pid_file': '/none'})\n"
        "e.start(e.create('main-u1', b, '2.440.1', 'u1'))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
    green = rig.environment.create("main-u1", rig.blue, "2.440.1", "u1")
    assert rig.environment.state(green).running
    rig.environment.stop(green)
    assert not rig.environment.state(green).running


def test_another_process_with_the_pid_is_never_ended(
    make: Callable[..., EnvironmentRig], tmp_path: Path
) -> None:
    """Process ids are used again; a pid file may be old."""
    rig = make()
    green = rig.environment.create("main-u1", rig.blue, "2.440.1", "u1")
    stranger = subprocess.Popen([sys.executable, "-c", SLEEPER])
    try:
        Path(green.details["pid_file"]).write_text(str(stranger.pid))
        assert not rig.environment.state(green).running
        rig.environment.stop(green)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_deaf_process_is_ended_after_its_grace(make: Callable[..., EnvironmentRig]) -> None:
    rig = make(program=STUBBORN, grace=0.3)
    green = rig.environment.create("main-u1", rig.blue, "2.440.1", "u1")
    rig.environment.start(green)
    rig.environment.stop(green)
    assert not rig.environment.state(green).running


def test_secrets_of_the_bot_do_not_reach_the_instance(
    make: Callable[..., EnvironmentRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds of other people run there."""
    for name in ("SLACK_BOT_TOKEN", "JENKINS_MAIN_TOKEN", "SLACK_SIGNING_SECRET", "DB_PASSWORD"):
        monkeypatch.setenv(name, "hush")
    rig = make()
    green = rig.environment.create("main-u1", rig.blue, "2.440.1", "u1")
    rig.environment.start(green)
    pid = int(Path(green.details["pid_file"]).read_text())
    assert environment_of(pid)["JENKINS_HOME"] == green.home
    assert "hush" not in environment_of(pid).values()
    assert b"-Dhudson.model.Queue.id=u1" in Path(f"/proc/{pid}/cmdline").read_bytes()
    rig.environment.stop(green)


@pytest.mark.parametrize(
    ("manifest", "advice"),
    [
        ("Jenkins-Version: 2.426.2\n", "says it is 2.426.2"),
        ("Other: 1\n", "no Jenkins"),
        (None, "does not exist"),
    ],
)
def test_a_war_that_is_not_the_release_is_refused(
    make: Callable[..., EnvironmentRig], tmp_path: Path, manifest: str | None, advice: str
) -> None:
    rig = make()
    if manifest is not None:
        make_war(tmp_path / "wars/2.516.3.war", manifest)
    with pytest.raises(Permanent, match=advice):
        rig.environment.core("2.516.3", rig.blue)
    assert rig.environment.core("2.440.1", rig.blue).version == "2.440.1"


def test_a_file_that_is_no_archive_is_refused(make: Callable[..., EnvironmentRig], tmp_path: Path) -> None:
    rig = make()
    (tmp_path / "wars/2.516.3.war").write_text("not a zip")
    with pytest.raises(Permanent, match="not a Jenkins war"):
        rig.environment.core("2.516.3", rig.blue)


def test_no_free_port_is_said(make: Callable[..., EnvironmentRig]) -> None:
    rig = make(ports=free_range(1))
    rig.environment.create("main-u1", rig.blue, "2.440.1", "u1")
    with pytest.raises(Permanent, match="no port"):
        rig.environment.create("main-u2", rig.blue, "2.440.1", "u1")


def test_each_instance_has_an_agent_port_of_its_own(make: Callable[..., EnvironmentRig]) -> None:
    """When blue has one: on one machine no two can listen at the same. Off stays off, and any stays any."""
    rig = make(ports=free_range(8))
    without = rig.environment.create("main-u1", rig.blue, "2.440.1", "u1")
    assert without.agent_port is None
    like = dataclasses.replace(rig.blue, agent_port=50000)
    green, other = (rig.environment.create(name, like, "2.440.1", "u1") for name in ("main-u2", "main-u3"))
    ports = {urlsplit(one.url).port for one in (without, green, other)}
    assert len(ports | {green.agent_port, other.agent_port}) == 5
    environment = rig.environment
    assert [environment.agent_port(green, port) for port in (50000, 0, -1)] == [green.agent_port, 0, -1]
    assert environment.agent_port(without, 50000) == -1


def test_a_full_disk_is_a_plain_sentence(make: Callable[..., EnvironmentRig], tmp_path: Path) -> None:
    rig = make()
    (rig.home / "big").write_bytes(b"x" * 3_000_000)
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True)
    try:
        target = Instance("x", "1", "http://x", str(small / "home"), details={"pid_file": "/none"})
        chunks = rig.environment.read_home(rig.blue, Selection(keep=everything), lambda _path, _why: None)
        with pytest.raises(Permanent, match="is full"):
            rig.environment.write_home(target, chunks)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_files_that_vanish_while_they_are_read_are_reported(make: Callable[..., EnvironmentRig]) -> None:
    """The rest of the home is still read."""
    rig = make()
    for number in range(3):
        (rig.home / f"file-{number}").write_text("x")

    def keep(path: str, _is_directory: bool) -> bool:
        if path == "file-1":
            (rig.home / path).unlink()
        return True

    skipped: dict[str, str] = {}
    stream = b"".join(rig.environment.read_home(rig.blue, Selection(keep=keep), skipped.__setitem__))
    assert skipped == {"file-1": "vanished while it was read"}
    assert b"file-0" in stream
    assert b"file-2" in stream


def test_the_end_of_the_log_has_as_many_lines_as_asked(make: Callable[..., EnvironmentRig]) -> None:
    """Also where they are more than one block of the file, and where the file has fewer."""
    rig = make()
    green = rig.environment.create("green", rig.blue, "2.440.1", "q")
    lines = [f"{number} {'x' * 100}" for number in range(3000)]
    (Path(green.home).parent / "jenkins.log").write_text("\n".join(lines) + "\n")
    assert rig.environment.logs(green, 2).splitlines() == lines[-2:]
    assert rig.environment.logs(green, 2000).splitlines() == lines[-2000:]
    assert rig.environment.logs(green, 9000).splitlines() == lines


def test_prefix_of_the_model_is_kept(make: Callable[..., EnvironmentRig]) -> None:
    """The new one answers under the same path, at a port of its own, and is started so."""
    rig = make()
    like = dataclasses.replace(rig.blue, url="http://127.0.0.1:1/tools/jenkins")
    green, other = (rig.environment.create(name, like, "2.440.1", "u1") for name in ("green", "other"))
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/tools/jenkins", green.url)
    assert green.url != other.url
    rig.environment.start(green)
    command = Path(f"/proc/{Path(green.details['pid_file']).read_text().strip()}/cmdline").read_bytes()
    assert command.split(b"\0")[-3:-1] == [
        f"--httpPort={urlsplit(green.url).port}".encode(),
        b"--prefix=/tools/jenkins",
    ]
