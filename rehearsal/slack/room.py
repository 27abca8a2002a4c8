"""Everything that one running workspace consists of, handed to whoever answers a request."""

from __future__ import annotations

from rehearsal.slack.faults import Faults, Journal, Rates
from rehearsal.slack.tickets import Tickets
from rehearsal.slack.views import Views
from rehearsal.slack.workspace import SlackWorkspace

__all__ = ["Room"]


class Room:
    def __init__(self, workspace: SlackWorkspace) -> None:
        self.workspace = workspace
        self.views = Views(workspace)
        self.tickets = Tickets(workspace.clock, workspace.settings.trigger_seconds)
        self.faults = Faults()
        self.journal = Journal()
        self.rates = Rates(workspace.clock)
