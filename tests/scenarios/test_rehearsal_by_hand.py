"""`make rehearsal` without its person: it starts, prints one address, and leaves nothing behind however it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rehearsal.free_ports import free_port
from rehearsal.jenkins.war import make_war
from tests.contract.router_rig import eventually

COMMAND = str(Path(sys.executable).with_name("ci-upgrade"))
SMALL = ["--jobs", "8", "--builds", "20", "--rate", "5"]
START_SECONDS = 180.0
END_SECONDS = 120.0
JAVA = """#!/bin/sh
# What a real Jenkins is started with, understood by the stand-in.
if [ "$1" = -version ]; then echo 'openjdk version "17.0.9" 2023-10-17' >&2; exit 0; fi
exec {python} -m rehearsal.jenkins "$@"
"""


@contextmanager
def rehearsal(stage: Path, port: int, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running one and the address that it printed."""
    command = [COMMAND, "rehearse", "--port", str(port), "--directory", str(stage), *SMALL, *options]
    with (stage.parent / f"{stage.name}.out").open("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, text=True)
        try:
            yield process, _address(process, Path(output.name))
        finally:
            process.terminate()
            process.wait(END_SECONDS)


def _address(process: subprocess.Popen[str], output: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"Open (http://127\.0\.0\.1:\d+/)", output.read_text())
        if found:
            return found[1]
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no address was printed:\n{output.read_text()}")


def processes_of(stage: Path) -> list[str]:
    """Command lines of everything that works for a stage."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if str(stage).encode() in command + environment:
            found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_page_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and being told to end: the page was there, afterwards no process is."""
    stage = tmp_path / "stage"
    with rehearsal(stage, free_port()) as (process, address):
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200
        assert len(processes_of(stage)) >= 4
        process.send_signal(number)
        assert process.wait(END_SECONDS) == 0
    eventually(lambda: processes_of(stage) == [])


def test_a_second_one_on_the_same_port_is_refused_and_a_later_one_works(tmp_path: Path) -> None:
    """The first goes on undisturbed; after its end the port can be used again."""
    port = free_port()
    with rehearsal(tmp_path / "first", port) as (process, address):
        second = subprocess.run(
            [COMMAND, "rehearse", "--port", str(port), "--directory", str(tmp_path / "second")],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert second.returncode == 2
        assert f"port {port} is taken" in second.stderr
        assert urllib.request.urlopen(address, timeout=60).status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == 0
    with rehearsal(tmp_path / "third", port) as (_, address):
        assert address == f"http://127.0.0.1:{port}/"
    eventually(lambda: processes_of(tmp_path) == [])


def test_wars_that_are_given_are_run_with_java(tmp_path: Path) -> None:
    """As a real Jenkins is started, with its own options; the stand-in behind a script takes Java's place."""
    java = tmp_path / "java"
    java.write_text(JAVA.format(python=sys.executable))
    java.chmod(0o755)
    wars = {name: make_war(tmp_path / f"{name}.war", name) for name in ("2.414.3", "2.426.3")}
    options = ["--war-from", str(wars["2.414.3"]), "--war-to", str(wars["2.426.3"]), "--java", str(java)]
    stage = tmp_path / "stage"
    with rehearsal(stage, free_port(), *options):
        blue = [command for command in processes_of(stage) if "jenkins.war" in command]
        assert len(blue) == 1
        assert "-Djenkins.install.runSetupWizard=false" in blue[0]
        assert "2.414.3" in blue[0]
    eventually(lambda: processes_of(stage) == [])
