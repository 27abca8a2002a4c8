"""The smoke job of the validation on a controller that runs as a process and is fenced as green is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from adapters.clock import SystemClock
from adapters.jenkins.client import JenkinsClient
from bot.errors import Interrupted
from bot.model import NodeSet, Role
from bot.phases.smoke import SUCCESS, begin_smoke, clear_smoke, job_config, job_name, smoke_result
from bot.stop_token import StopToken
from tests.contract.standin import Standin, started, wait_until
from tests.fakes.timing import VirtualClock


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with started(tmp_path_factory.mktemp("smoke")) as one:
        yield one


@pytest.fixture
def green(standin: Standin) -> JenkinsClient:
    """A follower: fenced by upgrade u1's guard, without executors and agents."""
    client = JenkinsClient(standin.url, standin.accounts.bot_user, standin.accounts.bot_token)
    client.take_role(Role.FOLLOWER, "u1")
    client.withdraw_nodes()
    client.add_nodes(NodeSet({}, {}, 0))
    return client


def names(green: JenkinsClient) -> set[str]:
    return {job.name for job in green.inventory().jobs}


def test_it_is_built_while_everything_else_waits_and_nothing_of_it_stays(
    standin: Standin, green: JenkinsClient
) -> None:
    """No job, no build, no queue item, no executor; what people queued on green is held before and after."""
    before = names(green)
    number = standin.trigger("canary", "clicked")
    begin_smoke(green, "u1")
    assert smoke_result(green, "u1", SystemClock(), StopToken(SystemClock())) == SUCCESS
    assert job_name("u1") in names(green)
    assert not green.builds(2**52, ()).running
    clear_smoke(green, "u1")
    assert names(green) == before
    assert not (standin.home / "jobs" / job_name("u1")).exists()
    assert green.nodes().executors == 0
    assert [item.id for item in green.queue()] == [number]
    green.cancel([number])


def test_what_a_killed_attempt_left_is_no_obstacle(green: JenkinsClient) -> None:
    """The job stands there already, built or not; the next attempt begins afresh."""
    begin_smoke(green, "u1")
    begin_smoke(green, "u1")
    assert smoke_result(green, "u1", SystemClock(), StopToken(SystemClock())) == SUCCESS
    clear_smoke(green, "u1")
    clear_smoke(green, "u1")
    assert job_name("u1") not in names(green)


def test_one_that_is_not_built_is_said_and_cleared(green: JenkinsClient) -> None:
    """As under the guard of another upgrade: after a minute it is given up, and its queue item goes with it."""
    green.take_role(Role.FOLLOWER, "u2")
    begin_smoke(green, "u1")
    clock = VirtualClock(0.0)
    assert smoke_result(green, "u1", clock, StopToken(clock)) == "not built within 60 s"
    assert [item.job for item in green.queue()] == [job_name("u1")]
    clear_smoke(green, "u1")
    wait_until(lambda: green.queue() == (), "the queue item goes")


def test_a_hold_ends_the_waiting_at_once(green: JenkinsClient) -> None:
    """Rolling back must not wait for a build."""
    stop = StopToken(VirtualClock(0.0))
    stop.set()
    with pytest.raises(Interrupted):
        smoke_result(green, "u1", VirtualClock(0.0), stop)


@pytest.mark.parametrize(
    ("home", "builder"),
    [("/var/jenkins_home", "Shell"), ("C:\\ProgramData\\Jenkins", "BatchFile"), ("D:/jenkins", "BatchFile")],
)
def test_it_speaks_the_shell_of_the_controller(home: str, builder: str) -> None:
    """A job without triggers, parameters and publishers."""
    project = ElementTree.fromstring(job_config(home).partition("\n")[2])  # noqa: S314 - our own text
    assert project.find(f"builders/hudson.tasks.{builder}/command") is not None
    for empty in ("triggers", "properties", "publishers", "buildWrappers"):
        assert len(project.find(empty) or ()) == 0


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, standin: Standin) -> Iterator[None]:
    """Each test leaves an empty queue."""
    yield
    client = JenkinsClient(standin.url, standin.accounts.bot_user, standin.accounts.bot_token)
    client.cancel([item.id for item in client.queue()])
