"""Who did something, as ids that are stored: people in Slack by user id, people on the bot's machine by account."""

from __future__ import annotations

__all__ = ["local_id", "on_command_line", "person"]

_LOCAL = "cli:"
"""No Slack id has a colon."""


def local_id(account: str) -> str:
    """The id of somebody who works on the bot's machine; ``account`` is the operating system's name of the user."""
    return f"{_LOCAL}{account}"


def on_command_line(id: str) -> bool:
    return id.startswith(_LOCAL)


def person(id: str) -> str:
    """For sentences: a mention, or the account where there is nobody to mention."""
    return f"{id} on the command line" if on_command_line(id) else f"<@{id}>"
