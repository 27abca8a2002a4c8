"""Whole upgrades of containers behind a real HAProxy: the stand-ins, the bot, an observer that counts from outside."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import docker
import pytest

from rehearsal.haproxy import HAProxy
from rehearsal.headless import Headless
from rehearsal.stage import Stage, StageOptions
from tests.docker.upgrade import Upgrade
from tests.rehearsals.rehearsing import VISITORS_WAIT_SECONDS, assert_rolled_back, rehearse

# One after the other, as those of processes.
pytestmark = pytest.mark.xdist_group("containers")
RELOADED_SECONDS = 240.0


def reload_at_a_quarter(haproxy: HAProxy, workers: list[str | None]) -> None:
    """Notes the workers before and after."""
    deadline = time.monotonic() + RELOADED_SECONDS
    while not haproxy.holds("weight 25"):
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
    workers.append(haproxy.worker())
    haproxy.reload()
    workers.append(haproxy.worker())


@pytest.mark.timeout(700)
def test_a_whole_upgrade_on_docker_goes_on_through_a_reload_of_haproxy(tmp_path: Path) -> None:
    """HAProxy is reloaded while a quarter of the sessions is on green. No request fails and nothing is lost or doubled, from the first session on green to the retired old instance, of which nothing is changed."""
    options = StageOptions(
        jobs=40,
        builds=500,
        minutes_scale=0.01,
        patience_seconds=VISITORS_WAIT_SECONDS,
        environment="docker",
        router="haproxy",
    )
    lines: list[str] = []
    workers: list[str | None] = []
    with Stage(tmp_path, options) as stage:
        assert isinstance(stage.router, HAProxy)
        docker_client = docker.from_env()
        lived = Upgrade(stage, docker_client)
        before = lived.blue()
        reloading = threading.Thread(target=reload_at_a_quarter, args=(stage.router, workers), daemon=True)
        reloading.start()
        summary = Headless(stage, tmp_path, 30.0, lines.append).play(None)
        reloading.join()
        assert len(set(workers)) == 2, "it was reloaded"
        assert lived.blue() == before
        lived.assert_only_green_is_left()
        docker_client.close()
    assert summary.faults("completed") == [], lines
    assert summary.approvals == 6


@pytest.mark.timeout(700)
def test_a_rollback_after_the_handover_loses_nothing(tmp_path: Path) -> None:
    """Green owned the builds: blue takes them back, and what ran on green."""
    stage = ("--environment", "docker", "--router", "haproxy")
    options = ("--rate", "20", "--jobs", "12", "--builds", "100", "--rollback-at", "handover")
    assert_rolled_back(rehearse(tmp_path, *stage, *options, seconds=600))
