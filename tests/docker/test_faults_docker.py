"""What goes wrong on a real engine while an upgrade lives: memory, and the engine itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.environments.docker.environment import DockerEnvironment
from bot.errors import Temporary
from bot.validation import restarted
from rehearsal.haproxy import HAProxy
from tests.contract.router_rig import eventually
from tests.docker.engines import OwnEngine, own_engine
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import DockerRig
from tests.docker.upgrade import Upgrade, upgrade

# The library leaves sockets behind when an engine does not answer.
pytestmark = [ONE_ENGINE, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

HOG = "import time; memory = bytearray(6 << 20); time.sleep(60)"
"""Many small programs take all of the container's memory, so that the kernel ends the largest one, the controller."""


GREEDY = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
now = pathlib.Path("/var/jenkins_home/now")
while not now.exists():
    time.sleep(0.1)
now.unlink()
memory = bytearray(200 << 20)
"""
"""Takes more than there is when it is told to, once."""


WATCHED_THROUGHOUT = 2.0
"""A step is observed for longer than its test takes: only then does a verdict hold the upgrade at once."""


def run_out_of_memory(lived: Upgrade) -> None:
    green = lived.green
    green.update(mem_limit="200m", memswap_limit="200m")
    green.exec_run(
        ["sh", "-c", f"i=0; while [ $i -lt 60 ]; do python3 -c '{HOG}' & i=$((i+1)); done; wait"], detach=True
    )
    lived.wait(lambda: _restarts(lived) > 0)


def _restarts(lived: Upgrade) -> int:
    green = lived.green
    green.reload()
    count: int = green.attrs["RestartCount"]
    return count


@pytest.mark.timeout(700)
def test_at_25_percent_haproxy_is_restarted_and_then_green_is_killed_for_memory(
    engine: Any, tmp_path: Path
) -> None:
    """The weight outlives the first. After the second green is fenced still and people are on blue; then it is rolled back."""
    with upgrade(engine, tmp_path, traffic=(25, "handover", 100), minutes_scale=WATCHED_THROUGHOUT) as lived:
        before = lived.blue()
        lived.start()
        lived.approve_until("25")
        lived.human.approve()
        lived.wait(lambda: bool(lived.human.look()) and lived.human.sees_event("send-25-done"))
        haproxy = lived.stage.router
        assert isinstance(haproxy, HAProxy)
        haproxy.stop()
        haproxy.start()
        lived.wait(lambda: haproxy.holds("weight 25"))
        run_out_of_memory(lived)
        lived.until_status("held")
        assert lived.version_for_new_sessions() == {lived.stage.from_version}
        lived.roll_back()
        assert lived.blue() == before
        lived.assert_only_green_is_left()


def test_a_green_that_is_killed_for_memory_while_it_is_validated_is_a_blocker(
    engine: Any, tmp_path: Path
) -> None:
    """The kernel ends it, the engine restarts it as its policy says, and the validation's question finds that."""
    rig = DockerRig(engine)
    try:
        rig.start_blue(command=["python3", "-c", GREEDY], mem_limit="64m", memswap_limit="64m")
        green = rig.environment.create(f"{rig.name}-u1", rig.blue, "2.440.1", "u1")
        rig.environment.start(green)
        assert restarted(rig.environment.state(green)).level == "ok"
        engine.containers.get(green.name).exec_run(["touch", "/var/jenkins_home/now"])
        eventually(lambda: bool(rig.environment.state(green).restarts))
        found = restarted(rig.environment.state(green))
        assert (found.level, found.green) == ("blocker", "1")
        assert "green ended by itself" in found.text
    finally:
        rig.close()


@pytest.mark.timeout(700)
def test_an_engine_that_is_restarted_while_green_is_made_and_while_sessions_are_shifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upgrade goes on each time, with the guard still in force: by itself, or, where the engine was away for long, when people let it."""
    with own_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        _upgrade_through_restarts(engine, tmp_path)


def _upgrade_through_restarts(engine: OwnEngine, directory: Path) -> None:
    with upgrade(engine.client, directory, builds=400) as lived:
        lived.start()
        # In one look: when it is true the home is still being given to green.
        lived.wait(lambda: lived.stage.host.has_green() and lived.step() == "clone")
        engine.restart()
        lived.insist_until("25")
        engine.restart()
        lived.insist_until("handover")
        lived.roll_back()


def test_an_engine_that_cannot_be_reached_is_asked_again(rig: DockerRig) -> None:
    """The bot starts without it, and every verb is a temporary failure."""
    environment = DockerEnvironment("main", rig.config(engine={"url": "unix:///var/run/nowhere.sock"}))
    for ask in (environment.state, environment.start, environment.stop):
        with pytest.raises(Temporary, match="does not answer"):
            ask(rig.blue)
