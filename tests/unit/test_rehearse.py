"""The command `rehearse`: what it refuses before anything is started, and what it reports."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rehearsal.cli import rehearse
from rehearsal.free_ports import free_range
from rehearsal.jenkins.war import make_war
from rehearsal.judgement import BuildCount, TimerCount
from rehearsal.launch import UnusableWar, place_wars, war_path
from rehearsal.summary import Summary


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(rehearse, arguments)
    assert result.exit_code == 2, result.output
    return result.output


def test_a_taken_port_is_named() -> None:
    """The page's port is in use: one clear sentence and exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is taken" in refused("--port", str(port))


@pytest.mark.parametrize("option", [("--json", "-"), ("--rollback-at", "50"), ("--kill-at-every-step",)])
def test_options_of_the_headless_mode_need_it(option: tuple[str, ...]) -> None:
    """They would silently do nothing."""
    assert "--headless" in refused(*option)


def test_one_war_alone_is_refused(tmp_path: Path) -> None:
    """An upgrade needs both."""
    war = make_war(tmp_path / "jenkins.war", "2.426.2")
    assert "--war-to" in refused("--headless", "--war-from", str(war))


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    """Nothing of somebody else's is mixed with the rehearsal's files."""
    (tmp_path / "mine").write_text("")
    assert "not empty" in refused("--headless", "--directory", str(tmp_path))


def test_wars_are_placed_by_their_release(tmp_path: Path) -> None:
    """The bot finds each under its version, whatever the files were called."""
    given = [make_war(tmp_path / f"{name}.war", name) for name in ("2.426.2", "2.440.1")]
    assert place_wars(tmp_path / "wars", given) == ("2.426.2", "2.440.1")
    assert war_path(tmp_path / "wars", "2.440.1").resolve() == given[1]


def test_useless_wars_are_refused(tmp_path: Path) -> None:
    """The same release twice, or no war at all."""
    war = make_war(tmp_path / "jenkins.war", "2.426.2")
    text = tmp_path / "text"
    text.write_text("no war")
    with pytest.raises(UnusableWar, match=r"both wars are 2\.426\.2"):
        place_wars(tmp_path / "one", [war, war])
    with pytest.raises(UnusableWar, match="text"):
        place_wars(tmp_path / "two", [war, text])


def test_free_ranges_can_be_listened_on() -> None:
    """Every port of a range is free at the moment."""
    for port in free_range(3):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_a_port_is_given_once() -> None:
    """Two that are chosen before either is used must differ, whichever process chose them."""
    program = (
        "from rehearsal.free_ports import free_range; print(*(p for _ in range(200) for p in free_range(3)))"
    )
    chosen = [port for _ in range(200) for port in free_range(3)]
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    chosen += map(int, other.stdout.split())
    assert len(set(chosen)) == len(chosen) == 1200


def summary(
    status: str = "completed",
    failed: int = 0,
    builds: BuildCount | None = None,
    timers: TimerCount | None = None,
) -> Summary:
    return Summary(
        status=status,
        from_version="2.426.2",
        to_version="2.440.1",
        requests_total=10,
        requests_failed=failed,
        builds=builds or BuildCount(5, 5, 0, 0),
        timers=timers or TimerCount(3, 3, 0, 0),
        freeze_seconds=0.512,
        rollback_seconds=None,
        sync_lag_seconds_max=1.234,
        approvals=6,
        kills=0,
        phases=[{"name": "preflight", "seconds": 1.0, "outcome": "done", "more": "not shown"}],
        slack={"acks": 7, "acks_over_3s": 0, "messages": 20, "updates": 30, "unacknowledged": 0},
    )


def test_the_summary_has_exactly_the_agreed_keys() -> None:
    """Programs read it."""
    data = summary().as_json()
    assert list(data) == [
        "status",
        "from_version",
        "to_version",
        "requests",
        "builds",
        "timers",
        "freeze_seconds",
        "rollback_seconds",
        "sync_lag_seconds_max",
        "approvals",
        "kills",
        "phases",
        "slack",
    ]
    assert data["phases"] == [{"name": "preflight", "seconds": 1.0, "outcome": "done"}]
    assert list(data["slack"]) == ["acks", "acks_over_3s", "messages", "updates", "doubled"]


def test_a_clean_upgrade_has_no_faults() -> None:
    """Completed, or rolled back where that was asked."""
    assert summary().faults("completed") == []
    assert summary("rolled_back").faults("rolled_back") == []


@pytest.mark.parametrize(
    "wrong",
    [
        summary("held"),
        summary(failed=1),
        summary(builds=BuildCount(5, 4, 1, 0)),
        summary(builds=BuildCount(5, 5, 0, 1)),
        summary(timers=TimerCount(3, 2, 1, 0)),
        summary(timers=TimerCount(3, 3, 0, 1)),
    ],
)
def test_each_kind_of_damage_is_a_fault(wrong: Summary) -> None:
    """One sentence for each, and the exit code follows from it."""
    assert len(wrong.faults("completed")) == 1
