"""The configuration that the stage gives to the bot: the same file that an operator writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rehearsal.catalogue import CANARY, HOOKED, job_path

__all__ = ["CONTROLLER", "TOKEN_VARIABLE", "TRAFFIC", "document", "policy", "update_settings"]

CONTROLLER = "main"
TOKEN_VARIABLE = "REHEARSAL_MAIN_TOKEN"
OBSERVE_MINUTES = 5.0
SOAK_MINUTES = 10.0
LATENCY_MARGIN_SECONDS = 1.0
TRAFFIC: tuple[int | str, ...] = (10, 25, 50, "handover", 100)


def policy(
    minutes_scale: float, boot_seconds: float, traffic: Sequence[int | str] = TRAFFIC
) -> dict[str, Any]:
    """``minutes_scale``: length of a minute of observation or soak, in minutes."""
    return {
        "traffic": list(traffic),
        "observe_seconds": OBSERVE_MINUTES * 60 * minutes_scale,
        "soak_seconds": SOAK_MINUTES * 60 * minutes_scale,
        "drain_seconds": 120,
        "retention_seconds": 86400,
        "sync_seconds": 1,
        "sample_seconds": 1,
        "smoke_job": True,
        "boot_seconds": boot_seconds,
    }


def update_settings(url: str) -> dict[str, Any]:
    """A pin makes a rehearsal change a plugin also between releases that ask for nothing."""
    return {"base": url, "verify_signature": False, "pins": {"matrix-auth": "3.2.2"}, "watch_hours": 0}


def document(
    directory: Path,
    *,
    environment: dict[str, Any],
    router_url: str,
    router: dict[str, Any],
    bot_user: str,
    minutes_scale: float,
    boot_seconds: float,
    traffic: Sequence[int | str] = TRAFFIC,
) -> dict[str, Any]:
    """For ``yaml.safe_dump``. ``environment`` is that whole section, ``router`` its own keys."""
    # Canaries and webhooks are sent to the owner, as those of a real site are.
    owner_paths = [job_path(CANARY), job_path(HOOKED)]
    return {
        "state_directory": str(directory / "state"),
        "backups": {"directory": str(directory / "backups")},
        "slack": {
            "channel": "C0CIOPS",
            "operators": ["U0ANN", "U0BOB"],
            "requester_may_approve": True,  # one person tries it alone
        },
        "controllers": {
            CONTROLLER: {
                "url": router_url,
                "user": bot_user,
                "token_env": TOKEN_VARIABLE,
                "environment": environment,
                "router": {**router, "webhook_paths": owner_paths},
                "policy": policy(minutes_scale, boot_seconds, traffic),
                # Both sides are small and share one machine with everything else: the one that owns the builds is the slower one.
                "thresholds": {"latency_margin_seconds": LATENCY_MARGIN_SECONDS},
            }
        },
    }
