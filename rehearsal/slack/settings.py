"""How the workspace's one app is installed: its tokens and what its manifest declares."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Manifest", "Settings", "Shortcut", "SlashCommand"]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    command: str
    description: str
    usage_hint: str = ""


@dataclass(frozen=True, slots=True)
class Shortcut:
    name: str
    kind: str
    """``message`` or ``global``."""
    callback_id: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The part of an app manifest that changes what Slack does. None: not restricted."""

    name: str = "ci-upgrade"
    commands: tuple[SlashCommand, ...] = (
        SlashCommand(
            "/ci-upgrade", "Upgrade a Jenkins controller with zero downtime", "[help | plan | start | status]"
        ),
    )
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: tuple[str, ...] | None = None
    events: tuple[str, ...] | None = None

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest in YAML or JSON (https://docs.slack.dev/reference/app-manifest)."""
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        features = data.get("features", {})
        return cls(
            name=data["display_information"]["name"],
            commands=tuple(
                SlashCommand(item["command"], item.get("description", ""), item.get("usage_hint", ""))
                for item in features.get("slash_commands", ())
            ),
            shortcuts=tuple(
                Shortcut(item["name"], item["type"], item["callback_id"])
                for item in features.get("shortcuts", ())
            ),
            scopes=tuple(data.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            events=tuple(data.get("settings", {}).get("event_subscriptions", {}).get("bot_events", ())),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    bot_token: str = "xoxb-rehearsal"
    app_token: str = "xapp-rehearsal"
    signing_secret: str = "rehearsal-signing-secret"
    manifest: Manifest = field(default_factory=Manifest)
    events_url: str | None = None
    """Deliver signed HTTP requests to this address instead of through Socket Mode."""
    acknowledge_seconds: float = 3.0
    """How long a person waits for the app; Slack's three seconds."""
    trigger_seconds: float = 3.0
    """Life of a trigger id."""
    retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)
    """When an event that was not acknowledged is sent again, each after the one before: Slack's own schedule."""
    state_file: Path | None = None
    """Messages are kept here over a restart."""
