"""The TCP port for inbound agents through a whole upgrade: who listens behind the router's, before, during and after the handover."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import pytest
import requests

from rehearsal.human import FINAL, Human
from rehearsal.stage import Stage, StageOptions

HEADER = "X-Jenkins-JNLP-Port"


def listening(port: int) -> str | None:
    """The release of the Jenkins whose agent port this leads to, as it says itself; None when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while received := connection.recv(4096):
                answer += received
    except OSError:
        return None
    found = re.search(rb"^Jenkins-Version: (\S+)", answer, re.MULTILINE)
    return found[1].decode() if found else None


@pytest.mark.timeout(620)
@pytest.mark.parametrize(("environment", "back"), [("process", False), ("docker", True)])
def test_agents_find_the_owner_behind_the_routers_port(tmp_path: Path, environment: str, back: bool) -> None:
    """Blue's until the handover, green's from then on, blue's again after a rollback; also once the other one is stopped. What
    agents are told is the router's port where both listen on one machine."""
    options = StageOptions(jobs=4, builds=8, minutes_scale=0.005, environment=environment, router="haproxy")
    lines: list[str] = []
    with Stage(tmp_path, options) as stage:
        router_port = stage.router.agent_port
        assert router_port is not None
        human = Human(stage.people, lines.append)
        assert listening(router_port) == stage.from_version
        human.start(stage.to_version)
        seen: list[str | None] = []
        moved = turned_back = False  # cards are shown a moment after what they tell of, so what was clicked counts as well
        deadline = time.monotonic() + 500
        while (status := human.look()) not in FINAL:
            assert time.monotonic() < deadline, lines
            seen.append(listening(router_port))
            if human.is_asked_for(["10", "25", "50", "handover"]) and not moved:
                assert seen[-1] == stage.from_version
            if human.is_asked_for(["100", "retire"]) and not turned_back:
                assert seen[-1] == stage.to_version
            if back and human.sees_event("handover-done"):
                turned_back = True
                human.roll_back()
            else:
                moved = moved or human.is_asked_for(["handover"])
                human.approve()
            time.sleep(0.05)
        assert status == ("rolled_back" if back else "completed"), lines
        owners = [one for one, last in zip(seen, [None, *seen], strict=False) if one and one != last]
        between = [stage.from_version, stage.to_version]
        assert owners == ([*between, stage.from_version] if back else between)
        assert listening(router_port) == between[not back]
        told = requests.get(f"{stage.router_url}/tcpSlaveAgentListener/", timeout=30).headers[HEADER]
        assert told == str(router_port if environment == "process" else stage.host.listens_for_agents_at)
