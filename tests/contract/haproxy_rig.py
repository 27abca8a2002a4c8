"""A real HAProxy before two tiny instances, as the contract's rig, and what configures the router for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.routers.haproxy import HaproxyRouter
from adapters.routers.haproxy_socket import HaproxySocket
from bot.settings.routers import HaproxyConfig
from rehearsal.haproxy import HAProxy
from tests.contract.router_backends import Backend
from tests.contract.router_rig import Rig

__all__ = ["configuration", "rig_with"]


def configuration(*haproxys: HAProxy, **more: object) -> HaproxyConfig:
    instances = [
        {"socket": str(one.socket), "maps": str(one.files), "files": str(one.files)} for one in haproxys
    ]
    return HaproxyConfig.model_validate({"kind": "haproxy", "instances": instances, **more})


@contextmanager
def rig_with(haproxy: HAProxy) -> Iterator[Rig]:
    """HAProxy measures no times, and may end a kept-alive connection without an answer (docs/routers.md)."""
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
        yield Rig(
            HaproxyRouter("main", configuration(haproxy)),
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
