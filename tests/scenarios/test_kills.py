"""The bot as its own process, killed again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsals.rehearsing import assert_clean, rehearse


@pytest.mark.xdist_group("kills")
@pytest.mark.timeout(700)
def test_killed_at_every_step_it_completes_all_the_same(tmp_path: Path) -> None:
    """SIGKILL before or after every journalled intent of every phase. Both: `ci-upgrade rehearse --kill-at-every-step`."""
    summary = rehearse(
        tmp_path, "--rate", "10", "--jobs", "8", "--builds", "50", "--kill-at-every-step=either", seconds=600
    )
    assert summary["status"] == "completed"
    assert_clean(summary)
    killed = {marker.name.split(":")[1].split(".")[0] for marker in (tmp_path / "stage" / "kills").iterdir()}
    assert {"preflight", "backup", "clone", "upgrade", "validate", "shift", "soak", "retire"} <= killed
    assert summary["kills"] > 40
