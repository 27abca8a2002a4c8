"""The state of the workspace: people, channels, messages, files. No network.

Everything runs in the server's event loop; nothing here is shared between threads.
"""

from __future__ import annotations

import html
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rehearsal.slack.errors import ApiError
from rehearsal.slack.records import BOT_USER, Channel, Json, Message, Upload, User, UserGroup
from rehearsal.slack.settings import Settings

__all__ = ["SlackWorkspace"]

EARLIER_KEPT = 5

PEOPLE = (
    User("U0ANN", "ann", "Ann Ops"),
    User("U0BOB", "bob", "Bob Approver"),
    User("U0CY", "cy", "Cy Developer"),
)


class SlackWorkspace:
    """What is said, where and by whom. ``watch`` tells of every change."""

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings or Settings()
        self.clock = clock
        self.address = ""
        """Where the server answers, without a trailing slash; set when it listens."""
        bot = User(BOT_USER, self.settings.manifest.name, self.settings.manifest.name, is_bot=True)
        self.users = {user.id: user for user in (*PEOPLE, bot)}
        everyone = [user.id for user in PEOPLE]
        self.channels = {
            "C0CIOPS": Channel("C0CIOPS", "ci-ops", [*everyone, BOT_USER]),
            "C0GENERAL": Channel("C0GENERAL", "general", list(everyone)),
        }
        for person in PEOPLE:
            id = "D" + person.id[1:]
            self.channels[id] = Channel(
                id, "directmessage", [person.id, BOT_USER], direct_with=person.id, kind="im"
            )
        self.channels["D0ANNBOB"] = Channel("D0ANNBOB", "directmessage", ["U0ANN", "U0BOB"], kind="im")
        self.channels["G0TRIO"] = Channel("G0TRIO", "mpdm-ann--bob--cy-1", list(everyone), kind="mpim")
        self.groups = {"S0RELEASE": UserGroup("S0RELEASE", "releasers", "Release crew", ("U0ANN", "U0BOB"))}
        self.messages: dict[str, dict[str, Message]] = {id: {} for id in self.channels}
        self.uploads: dict[str, Upload] = {}
        self._watchers: list[Callable[[str, Json], None]] = []
        self._last_ts = 0

    # ---- changes ------------------------------------------------------------------------------------------------

    def watch(self, call: Callable[[str, Json], None]) -> Callable[[], None]:
        """Call with (kind, data) on every change; returns a function that ends it."""
        self._watchers.append(call)
        return lambda: self._watchers.remove(call)

    def tell(self, kind: str, data: Json) -> None:
        for call in list(self._watchers):
            call(kind, data)

    def new_ts(self) -> str:
        """Unique and rising, also within one microsecond."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        return prefix + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(10))

    # ---- messages -----------------------------------------------------------------------------------------------

    def post(
        self,
        channel: str,
        user: str,
        text: str,
        blocks: list[Json] | None = None,
        thread_ts: str | None = None,
        visible_to: str | None = None,
        files: list[Json] | None = None,
        metadata: Json | None = None,
    ) -> Message:
        message = Message(
            ts=self.new_ts(),
            channel=channel,
            user=user,
            text=text,
            blocks=blocks or [],
            thread_ts=thread_ts,
            visible_to=visible_to,
            files=files or [],
            metadata=metadata,
        )
        self.messages[channel][message.ts] = message
        parent = self.messages[channel].get(thread_ts or "")
        if parent and not visible_to:
            parent.replies.append(message.ts)
            self.tell("message", parent.to_page())
        self.tell("message", message.to_page())
        return message

    def edit(self, message: Message, text: str, blocks: list[Json]) -> None:
        # Slack marks a message as edited only where the text is what is shown (docs of chat.update).
        if not blocks:
            message.edited_ts = self.new_ts()
        message.earlier = [message.blocks, *message.earlier][:EARLIER_KEPT]
        message.text, message.blocks = text, blocks
        self.tell("message", message.to_page())

    def remove(self, message: Message) -> None:
        del self.messages[message.channel][message.ts]
        parent = self.messages[message.channel].get(message.thread_ts or "")
        if parent and message.ts in parent.replies:
            parent.replies.remove(message.ts)
            self.tell("message", parent.to_page())
        self.tell("removed", {"channel": message.channel, "ts": message.ts})

    def react(self, message: Message, name: str, user: str) -> None:
        """:raises ApiError: ``already_reacted``."""
        users = message.reactions.setdefault(name, [])
        if user in users:
            raise ApiError("already_reacted")
        users.append(user)
        self.tell("message", message.to_page())

    def find(self, channel: str, ts: str) -> Message:
        """A message by its name, ephemeral ones included.

        :raises ApiError: ``channel_not_found`` or ``message_not_found``.
        """
        if channel not in self.channels:
            raise ApiError("channel_not_found")
        message = self.messages[channel].get(ts)
        if message is None:
            raise ApiError("message_not_found")
        return message

    def thread(self, channel: str, ts: str) -> list[Message]:
        """A message and its replies, oldest first, without ephemeral ones."""
        return [
            message
            for message in self.messages[channel].values()
            if (message.ts == ts or message.thread_ts == ts) and not message.visible_to
        ]

    def written(self, text: str) -> str:
        """What a person typed, as Slack stores it: escaped, with names of people turned into mentions."""
        stored = html.escape(text, quote=False)
        for user in sorted(self.users.values(), key=lambda user: -len(user.name)):
            stored = stored.replace(f"@{user.name}", f"<@{user.id}>")
        return stored

    # ---- channels -----------------------------------------------------------------------------------------------

    def change_channel(
        self, id: str, archived: bool | None = None, bot_member: bool | None = None
    ) -> Channel:
        """Archive or reopen a channel, remove or invite the bot.

        :raises ApiError: ``channel_not_found``.
        """
        channel = self.channels.get(id)
        if channel is None:
            raise ApiError("channel_not_found")
        if archived is not None:
            channel.archived = archived
        if bot_member is not None:
            channel.members = [member for member in channel.members if member != BOT_USER]
            channel.members += [BOT_USER] * bot_member
        self.tell("channel", channel.to_slack())
        return channel

    # ---- kept over a restart ------------------------------------------------------------------------------------

    def dump(self) -> Json:
        """All messages and finished uploads; the file contents as hexadecimal text."""
        return {
            "messages": [
                asdict(message) for channel in self.messages.values() for message in channel.values()
            ],
            "uploads": [
                asdict(upload) | {"content": (upload.content or b"").hex()}
                for upload in self.uploads.values()
                if upload.complete
            ],
        }

    def load(self, data: Any) -> None:
        """The inverse of :meth:`dump`."""
        for item in data["messages"]:
            self.messages[item["channel"]][item["ts"]] = Message(**item)
            seconds, _, micros = item["ts"].partition(".")
            self._last_ts = max(self._last_ts, int(seconds) * 1_000_000 + int(micros))
        for item in data["uploads"]:
            self.uploads[item["id"]] = Upload(**(item | {"content": bytes.fromhex(item["content"])}))
