"""The output of programs in containers arrives whole, or is a temporary failure."""

from __future__ import annotations

import io
import tarfile

import pytest

from adapters.environments.docker.execution import Execution
from adapters.environments.docker.home_reading import read_home
from bot.errors import Permanent, Temporary
from bot.ports import Selection
from tests.contract.environment_contract import everything
from tests.docker.fake_engine import NOT_UPGRADED, STDERR, STDOUT, fake_engine, piece
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.rig import DockerRig

FACTS = b"regular file|5|1|2026-01-01|0|./a\n"
LISTED = piece(STDOUT, FACTS + b"end\n")


def test_output_that_comes_with_the_headers_is_not_lost() -> None:
    """In one segment."""
    sent = piece(STDOUT, b"first ") + piece(STDERR, b"a warning") + piece(STDOUT, b"second")
    with fake_engine(sent) as engine:
        execution = Execution(engine, "c", ["true"])
        assert execution.run() == b"first second"
        assert (execution.errors, execution.exit_code) == (b"a warning", 0)


@pytest.mark.parametrize("kept", [3, 10], ids=["in its header", "in its data"])
def test_output_that_ends_within_a_piece_is_a_lost_connection(kept: int) -> None:
    """Whatever the program's exit code says."""
    with fake_engine(piece(STDOUT, b"whole") + piece(STDOUT, b"more")[:kept]) as engine:
        output = Execution(engine, "c", ["true"]).output()
        assert next(output) == b"whole"
        with pytest.raises(Temporary, match="cut short"):
            list(output)


def test_a_way_to_the_engine_that_cannot_carry_output_is_named() -> None:
    """A proxy that answers in the engine's place."""
    with (
        fake_engine(piece(STDOUT, b"x"), head=NOT_UPGRADED) as engine,
        pytest.raises(Permanent, match="upgraded"),
    ):
        Execution(engine, "c", ["true"]).run()


def test_a_listing_that_was_cut_short_is_no_home() -> None:
    """Though it ends with a whole line: the rest would be missing from a backup."""
    with fake_engine(piece(STDOUT, FACTS)) as engine, pytest.raises(Temporary, match="cut short"):
        list(read_home(engine, "c", "/home", Selection(keep=everything), _unexpected))


def test_a_file_that_was_cut_short_is_read_again_later() -> None:
    """Though the facts about it came whole."""
    facts = piece(STDERR, FACTS + b"=\n" + FACTS + b"=\n")
    with (
        fake_engine(LISTED, piece(STDOUT, _tar()[:515]) + facts) as engine,
        pytest.raises(Temporary, match="not a whole tar stream"),
    ):
        list(read_home(engine, "c", "/home", Selection(keep=everything), _unexpected))


def test_a_home_is_read_through_an_engine_that_sends_all_at_once() -> None:
    facts = piece(STDERR, FACTS + b"=\n" + FACTS + b"=\n")
    with fake_engine(LISTED, piece(STDOUT, _tar()) + facts) as engine:
        stream = b"".join(read_home(engine, "c", "/home", Selection(keep=everything), _unexpected))
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        content = tar.extractfile("a")
        assert content is not None
        assert content.read() == b"hello"


@ONE_ENGINE
def test_a_long_output_of_both_kinds_arrives_whole(rig: DockerRig) -> None:
    """From a real engine, and nothing waits for anything."""
    script = "i=0; while [ $i -lt 20 ]; do head -c 1000000 /dev/zero; echo $i >&2; i=$((i+1)); done; exit 7"
    execution = Execution(rig.first_engine, rig.blue_name, ["sh", "-c", script])
    assert sum(len(chunk) for chunk in execution.output()) == 20_000_000
    assert execution.errors.split() == [str(number).encode() for number in range(20)]
    assert execution.exit_code == 7


def _tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("./a")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    return made.getvalue()


def _unexpected(name: str, why: str) -> None:
    pytest.fail(f"{name} was left out: {why}")
