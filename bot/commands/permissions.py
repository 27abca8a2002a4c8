"""Who may start, hold and roll back; asked at the moment of acting, never when a button is drawn. Approving: bot.approvals."""

from __future__ import annotations

from bot.commands.interface import Actor
from bot.errors import Refused
from bot.membership import among
from bot.people import on_command_line, person
from bot.ports import Directory
from bot.settings.slack import SlackConfig

__all__ = ["Permissions"]


class Permissions:
    def __init__(self, config: SlackConfig, directory: Directory) -> None:
        """``directory`` may be a little behind: a silent Slack must not keep anybody from going back."""
        self._config = config
        self._directory = directory

    def require_operator(self, actor: Actor, what: str) -> None:
        """:raises Refused: when the actor may not; the text names who may.

        :raises Temporary: when Slack has never told who is in a group.
        """
        if on_command_line(actor.id):
            return  # the socket's file permission has decided
        operators = self._config.operators
        if operators and not among(self._directory, actor.id, (*operators, *self._config.approvers)):
            raise Refused(f"You may not {what}. Ask one of {_people(operators)}.")


def _people(users: tuple[str, ...]) -> str:
    return ", ".join(person(user) for user in users)
