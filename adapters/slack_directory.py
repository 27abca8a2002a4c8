"""Members of user groups and channels, the bot among them, asked of Slack.

Scopes: usergroups:read, channels:read, groups:read and im:history, see https://docs.slack.dev/reference/methods: usergroups.users.list,
conversations.members, conversations.info, conversations.history.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from adapters.slack_refusals import Meaning, code_of, meaning_of
from bot.errors import Permanent, Temporary

__all__ = ["SlackDirectory"]

PAGE = 200
PASSING = {Meaning.OUTAGE, Meaning.SLOWER}


class SlackDirectory:
    """Implements :class:`bot.ports.Directory`."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._bot = ""

    def members(self, group: str) -> frozenset[str]:
        try:
            return self._of_user_group(group) if group.startswith("S") else self._of_channel(group)
        except SlackApiError as error:
            code = code_of(error)
            if meaning_of(error) in PASSING:
                raise Temporary(f"Slack does not tell the members of {group} now ({code})") from error
            raise Permanent(
                f"Slack does not tell the members of {group} ({code}): correct the id in `slack`, invite the bot to a private "
                "channel, and install the app with the scopes of its manifest"
            ) from error
        except (SlackRequestError, OSError, HTTPException) as error:
            raise Temporary(f"Slack does not answer ({type(error).__name__})") from error

    def speaks_in(self, channel: str) -> bool:
        try:
            if channel.startswith("D"):
                # Commands can also be typed in people's direct messages. Of these only the history may be asked, without im:read.
                self._client.conversations_history(channel=channel, limit=1)
                return True
            found: dict[str, Any] = self._client.conversations_info(channel=channel).get("channel") or {}
        except SlackApiError as error:
            # A conversation that the bot is not in looks like none; one among several people is refused for want of mpim:read.
            return meaning_of(error) is not Meaning.ABSENT and code_of(error) != "missing_scope"
        except (SlackRequestError, OSError, HTTPException):
            return True
        return found.get("is_member", True) and not found.get("is_archived", False)

    def _of_user_group(self, group: str) -> frozenset[str]:
        return frozenset(self._client.usergroups_users_list(usergroup=group)["users"])

    def _of_channel(self, channel: str) -> frozenset[str]:
        found: set[str] = set()
        arguments: dict[str, Any] = {"channel": channel, "limit": PAGE}
        while True:
            answer = self._client.conversations_members(**arguments)
            found |= set(answer["members"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return frozenset(found) - {self._own_id()}
            arguments["cursor"] = cursor

    def _own_id(self) -> str:
        """The bot is in its channels and approves nothing."""
        self._bot = self._bot or str(self._client.auth_test()["user_id"])
        return self._bot
