"""What only reads is asked again, what changes something is sent once: every verb of the port, against a server that fails first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.failures import ServerFailed
from adapters.jenkins.retries import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, Retries
from bot.errors import BotError, NotStarted, Permanent, Temporary
from bot.model import ItemConfig, NodeSet, QueueItem, Role
from bot.ports import Controller, Jenkins, Ownership
from bot.settings.connection import ConnectionConfig
from tests.contract.test_jenkins_connection import TOKEN, Answer, serve
from tests.fakes.timing import VirtualClock

READS: dict[str, Callable[[Jenkins], Any]] = {
    "boot": lambda jenkins: jenkins.boot(),
    "identity": lambda jenkins: jenkins.identity(),
    "inventory": lambda jenkins: jenkins.inventory(),
    "users": lambda jenkins: jenkins.users(),
    "plugins": lambda jenkins: jenkins.plugins(),
    "options": lambda jenkins: jenkins.options(["user.timezone"]),
    "agents": lambda jenkins: jenkins.agents(),
    "log": lambda jenkins: jenkins.log(0),
    "guard": lambda jenkins: jenkins.guard(),
    "queue": lambda jenkins: jenkins.queue(),
    "builds": lambda jenkins: jenkins.builds(0, []),
    "job_directories": lambda jenkins: jenkins.job_directories(),
    "item_configs": lambda jenkins: jenkins.item_configs(0),
    "nodes": lambda jenkins: jenkins.nodes(),
}
CHANGES: dict[str, Callable[[Jenkins], Any]] = {
    "take_role": lambda jenkins: jenkins.take_role(Role.HOLDING, "u1"),
    "submit": lambda jenkins: jenkins.submit(QueueItem(1, "a", 0, False, "", "ann", None), "r1", "there"),
    "cancel": lambda jenkins: jenkins.cancel([1]),
    "reload": lambda jenkins: jenkins.reload(["a"]),
    "numbers": lambda jenkins: jenkins.numbers({"a": 2}),
    "write_items": lambda jenkins: jenkins.write_items([ItemConfig("a", 0, "<project/>")]),
    "delete_items": lambda jenkins: jenkins.delete_items(["a"]),
    "add_nodes": lambda jenkins: jenkins.add_nodes(NodeSet({}, {}, 2, ())),
    "withdraw_nodes": lambda jenkins: jenkins.withdraw_nodes(),
    "ensure_secret_key": lambda jenkins: jenkins.ensure_secret_key(),
}
MEASUREMENTS = {"probe"}
"""A second attempt would hide what was measured."""


def asked(call: Callable[[Jenkins], Any], status: int, **settings: Any) -> int:
    """How often a server that always answers with this status was asked."""
    with serve(Answer(status)) as server:
        client = JenkinsClient(
            f"http://127.0.0.1:{server.port}", "bot", TOKEN, ConnectionConfig(**settings), VirtualClock(0)
        )
        with pytest.raises(BotError):
            call(client)
        return len(server.requests)


def test_every_verb_of_the_port_is_one_or_the_other() -> None:
    """A new verb must be put into one of the tables here."""
    verbs = {name for port in (Controller, Ownership) for name in vars(port) if not name.startswith("_")}
    assert verbs == {*READS, *CHANGES, *MEASUREMENTS}
    assert not {*READS} & {*CHANGES}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_reads_are_repeated(name: str, status: int) -> None:
    """As often as configured, then the failure is told."""
    assert asked(READS[name], status) == 3
    assert asked(READS[name], status, read_attempts=5) == 5


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_sent_once(name: str) -> None:
    """Whatever becomes of them: the answer may have been lost after the change was made."""
    for status in (500, 502, 503):
        assert asked(CHANGES[name], status, read_attempts=5) == 1


def test_silence_is_repeated_for_reads_only() -> None:
    """A timeout is one failure like another; what was sent may have arrived, so a change is not sent again."""
    for call, times in ((READS["guard"], 2), (CHANGES["take_role"], 1)):
        with serve(Answer(200)) as server:
            server.silent.set()
            settings = ConnectionConfig(timeout_seconds=0.2, read_attempts=2)
            client = JenkinsClient(f"http://127.0.0.1:{server.port}", "bot", TOKEN, settings, VirtualClock(0))
            with pytest.raises(Temporary):
                call(client)
            assert len(server.requests) == times


def test_refusals_are_not_repeated() -> None:
    """A wrong token stays wrong, and repeating it may lock the account."""
    for status in (401, 403, 404):
        assert asked(READS["identity"], status) == 1


def test_probes_are_not_repeated() -> None:
    """A failure is what they are there to see."""
    with serve(Answer(502)) as server:
        assert server.client().probe("/").status == 502
        assert len(server.requests) == 1


def test_answer_after_a_failure_is_the_answer() -> None:
    """One broken answer in between is not noticed."""
    answers = [Answer(503), Answer(200, "", {"X-Jenkins": "2.426.2", "X-Jenkins-Session": "b1"})]
    with serve(lambda _: answers.pop(0)) as server:
        client = JenkinsClient(f"http://127.0.0.1:{server.port}", "bot", TOKEN, clock=VirtualClock(0))
        assert client.boot().boot_id == "b1"


@dataclass
class Failing:
    """Fails a number of times, each of which takes some seconds; then answers."""

    clock: VirtualClock
    failures: list[BotError]
    seconds: float = 0.0
    began: list[float] = field(default_factory=list)

    def __call__(self) -> str:
        self.began.append(self.clock.now())
        self.clock.move(self.clock.now() + self.seconds)
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


@pytest.mark.parametrize("chance", [0.0, 0.999])
def test_pauses_grow_to_a_bound_and_differ_by_chance(chance: float) -> None:
    """Each is between half and the whole of twice the one before."""
    clock = VirtualClock(100)
    ask = Failing(clock, [Temporary("x")] * 7)
    assert Retries(8, 60, clock, lambda: chance).read(ask) == "answer"
    pauses = [after - before for before, after in zip(ask.began, ask.began[1:], strict=False)]
    whole = [min(FIRST_DELAY_SECONDS * 2**number, LONGEST_DELAY_SECONDS) for number in range(7)]
    assert pauses == pytest.approx([one * (0.5 + chance / 2) for one in whole])


def test_no_attempt_begins_after_the_allowed_time() -> None:
    """Timeouts of ten seconds are not added up without end."""
    clock = VirtualClock(0)
    ask = Failing(clock, [Temporary("slow")] * 9, seconds=10)
    with pytest.raises(Temporary, match="slow"):
        Retries(9, 15, clock).read(ask)
    assert len(ask.began) == 2


@pytest.mark.parametrize("failure", [Temporary("x"), NotStarted("x"), ServerFailed("x")])
def test_what_may_pass_is_repeated(failure: BotError) -> None:
    """Timeouts, broken connections and failed pages."""
    clock = VirtualClock(0)
    assert Retries(2, 60, clock).read(Failing(clock, [failure])) == "answer"


def test_last_failure_is_told() -> None:
    """It is the one that describes how things are now."""
    clock = VirtualClock(0)
    with pytest.raises(Permanent, match="second"):
        Retries(3, 60, clock).read(Failing(clock, [Temporary("first"), Permanent("second")]))
