"""What stands in front of a controller: its `router` section."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, field_validator

from bot.settings.section import Section

__all__ = ["EnvoyConfig", "HaproxyConfig", "HaproxyInstanceConfig"]


WEBHOOK_PATHS = (
    "/github-webhook/",
    "/bitbucket-hook/",
    "/gitlab/",
    "/generic-webhook-trigger/",
    "/multibranch-webhook-trigger/",
    "/git/notifyCommit",
    "/subversion/",
    "/project/",
)
"""Of the common plugins."""


class EnvoyConfig(Section):
    """A real Envoy that reads its dynamic resources from files (see docs/routers.md)."""

    kind: Literal["envoy"]
    admin: HttpUrl
    """Envoy's admin address."""
    resources: Path
    """Directory of the dynamic resource files, shared with Envoy. The bot writes ``rds.json``, ``cds.json`` and ``lds.json`` there."""
    webhook_paths: tuple[str, ...] = WEBHOOK_PATHS
    """Path prefixes that always go to the owner, in addition to agents and the CLI."""


class HaproxyInstanceConfig(Section):
    """One running HAProxy."""

    socket: str
    """Its runtime socket: an absolute path, or ``host:port``. Whoever reaches it controls HAProxy."""
    maps: Path = Path("/var/lib/ci-upgrade/haproxy")
    """Directory of the map files, as ``haproxy.cfg`` names it."""
    files: Path | None = None
    """The same directory as the bot sees it; the bot then keeps there what HAProxy reads when it is reloaded or restarted.
    None: HAProxy runs elsewhere, and the bot puts the state back when it notices that it was lost."""

    @field_validator("socket")
    @classmethod
    def _can_be_reached(cls, value: str) -> str:
        _, separator, port = value.rpartition(":")
        if not value.startswith("/") and not (separator and port.isdigit()):
            raise ValueError("must be an absolute path or host:port")
        return value


class HaproxyConfig(Section):
    """One or several real HAProxys, steered through their runtime sockets (see docs/routers.md)."""

    kind: Literal["haproxy"]
    instances: tuple[HaproxyInstanceConfig, ...] = Field(min_length=1)
    """All of them are told the same, or none."""
    name: str = Field(default="jenkins", pattern="^[A-Za-z0-9_-]+$")
    """What the names of its maps and backends in ``haproxy.cfg`` begin with."""
    webhook_paths: tuple[str, ...] = WEBHOOK_PATHS
    """Path prefixes that always go to the owner, in addition to agents and the CLI."""
    end_requests_after_seconds: float | None = Field(default=None, ge=0)
    """How long requests that are under way may go on at an instance whose weight became 0, before HAProxy ends them. None: for ever."""

    @field_validator("webhook_paths")
    @classmethod
    def _can_be_looked_up(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [path for path in value if not path.startswith("/") or any(sign.isspace() for sign in path)]
        if wrong:
            raise ValueError(f"must begin with a slash and hold no spaces: {', '.join(wrong)}")
        return value
