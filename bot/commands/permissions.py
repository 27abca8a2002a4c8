"""Who may do what; asked at the moment of acting, never when a button is drawn."""

from __future__ import annotations

from bot.commands.interface import Actor
from bot.config import SlackConfig
from bot.errors import Refused
from bot.people import on_command_line, person
from bot.upgrade import Upgrade

__all__ = ["Permissions"]


class Permissions:
    def __init__(self, config: SlackConfig) -> None:
        self._config = config

    def require_operator(self, actor: Actor, what: str) -> None:
        if on_command_line(actor.id):
            return  # the socket's file permission has decided
        operators = self._config.operators
        if operators and actor.id not in operators and actor.id not in self._config.approvers:
            raise Refused(f"You may not {what}. Ask one of {_people(operators)}.")

    def require_approver(self, actor: Actor, upgrade: Upgrade) -> None:
        approvers = self._config.approvers or self._config.operators
        if on_command_line(actor.id):
            if not self._config.cli_approvals:
                raise Refused(
                    "Approvals on the command line do not count here (slack.cli_approvals is false). Hold and rollback work."
                )
        elif approvers and actor.id not in approvers:
            raise Refused(f"You may not approve this. Ask one of {_people(approvers)}.")
        if not self._config.requester_may_approve and actor.id == upgrade.requested_by:
            others = _people(tuple(user for user in approvers if user != actor.id)) or "somebody else"
            raise Refused(f"You started this upgrade, so somebody else has to approve: {others}.")


def _people(users: tuple[str, ...]) -> str:
    return ", ".join(person(user) for user in users)
