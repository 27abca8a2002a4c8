"""The routers that a stage can be set with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from rehearsal.envoy import Envoy
from rehearsal.free_ports import free_range
from rehearsal.haproxy import HAProxy

__all__ = ["ROUTERS", "StageRouter"]


class StageRouter(AbstractContextManager[Any], Protocol):
    """A real router that runs inside a ``with`` block.

    Entering raises :class:`RuntimeError` when it does not start; the text holds the end of its log.
    """

    url: str
    """Where users reach the controller."""
    agent_port: int | None
    """Where agents do, over TCP."""

    def settings(self) -> dict[str, Any]:
        """The section ``router`` of the bot's configuration."""

    def leads_to(self, port: int) -> bool:
        """Whether it was told of an instance that listens there."""


def _envoy(directory: Path) -> StageRouter:
    port, admin_port, agent_port = free_range(3)
    return Envoy(directory / "envoy", port, admin_port, agent_port)


def _haproxy(directory: Path) -> StageRouter:
    port, agent_port = free_range(2)
    return HAProxy(directory / "haproxy", port, agent_port)


ROUTERS: Mapping[str, Callable[[Path], StageRouter]] = {"envoy": _envoy, "haproxy": _haproxy}
"""Each takes the directory of the stage."""
