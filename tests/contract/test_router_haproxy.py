"""The router contract on a real HAProxy, and what is particular to HAProxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.routers.haproxy import HaproxyRouter
from adapters.routers.haproxy_socket import HaproxySocket
from bot.config import HaproxyConfig
from rehearsal.haproxy import HAProxy
from tests.contract.router_backends import Backend, free_port
from tests.contract.router_contract import RouterContract
from tests.contract.router_contract_changes import RouterChangesContract
from tests.contract.router_rig import Rig


def configuration(*haproxys: HAProxy, **more: object) -> HaproxyConfig:
    instances = [
        {"socket": str(one.socket), "maps": str(one.files), "files": str(one.files)} for one in haproxys
    ]
    return HaproxyConfig.model_validate({"kind": "haproxy", "instances": instances, **more})


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[HAProxy]:
    with HAProxy(tmp_path / "haproxy", free_port(), free_port()) as running:
        yield running


@pytest.fixture
def rig(haproxy: HAProxy) -> Iterator[Rig]:
    blue, green = Backend("blue"), Backend("green")

    def restart() -> None:
        haproxy.stop()
        haproxy.start()

    def counted() -> bool:
        """A request is counted when it is over: some milliseconds after its client has the answer."""
        rows = HaproxySocket(str(haproxy.socket)).statistics()
        return not any(int(row["scur"]) for (_, kind), row in rows.items() if kind == "BACKEND")

    blue.start()
    green.start()
    try:
        assert haproxy.agent_port is not None
        router = HaproxyRouter("main", configuration(haproxy))
        yield Rig(
            router,
            haproxy.url,
            haproxy.agent_port,
            blue,
            green,
            restart,
            measures_times=False,
            answers_for_the_dead=False,
            counted=counted,
        )
    finally:
        blue.stop()
        green.stop()


class TestHaproxy(RouterContract):
    """State and routing."""


class TestHaproxyChanges(RouterChangesContract):
    """Failures, changes under load, long connections, counters."""
