"""Who may start, hold and roll back; asked at the moment of acting, never when a button is drawn. Approving: bot.approvals."""

from __future__ import annotations

from bot.commands.interface import Actor
from bot.errors import Refused
from bot.people import on_command_line, person
from bot.settings.slack import SlackConfig

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


def _people(users: tuple[str, ...]) -> str:
    return ", ".join(person(user) for user in users)
