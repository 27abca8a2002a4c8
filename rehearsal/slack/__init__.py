"""A stand-in for a Slack workspace with one app: Web API, Socket Mode, signed HTTP and a page for people. See README.md."""

from __future__ import annotations

from rehearsal.slack.driver import Refusal, WorkspaceDriver
from rehearsal.slack.server import RunningWorkspace, WorkspaceServer
from rehearsal.slack.settings import Manifest, Settings
from rehearsal.slack.workspace import SlackWorkspace

__all__ = [
    "Manifest",
    "Refusal",
    "RunningWorkspace",
    "Settings",
    "SlackWorkspace",
    "WorkspaceDriver",
    "WorkspaceServer",
]
