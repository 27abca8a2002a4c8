"""People and groups as ids that are stored: in Slack by its ids, on the bot's machine by account."""

from __future__ import annotations

__all__ = ["is_group", "local_id", "on_command_line", "person"]

_LOCAL = "cli:"
"""No Slack id has a colon."""


def local_id(account: str) -> str:
    """The id of somebody who works on the bot's machine; ``account`` is the operating system's name of the user."""
    return f"{_LOCAL}{account}"


def on_command_line(id: str) -> bool:
    return id.startswith(_LOCAL)


def is_group(id: str) -> bool:
    """Whether it stands for its members: a user group or a channel."""
    return id.startswith(("S", "C", "G"))


def person(id: str) -> str:
    """For sentences: a mention, or the account where there is nobody to mention.

    Tokens: https://docs.slack.dev/messaging/formatting-message-text#mentioning-groups
    """
    if on_command_line(id):
        return f"{id} on the command line"
    if id.startswith("S"):
        return f"<!subteam^{id}>"
    return f"members of <#{id}>" if is_group(id) else f"<@{id}>"
