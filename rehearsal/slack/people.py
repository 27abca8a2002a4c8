"""What a person in the workspace can do, and what they then see."""

from __future__ import annotations

from typing import Any

from rehearsal.slack import payloads
from rehearsal.slack.blocks import find_element, message_blocks, view_definition
from rehearsal.slack.chat_methods import resolve_channel
from rehearsal.slack.delivery import Answer, Courier
from rehearsal.slack.errors import ApiError
from rehearsal.slack.inputs import faults_seen_by_client, view_values
from rehearsal.slack.records import BOT_USER, Channel, Json, Message, View
from rehearsal.slack.room import Room

__all__ = ["People"]

SLACKBOT = "USLACKBOT"
NO_ANSWER_IN_VIEW = "We had some trouble connecting. Try again?"


class People:
    """Each verb answers what the person's client learned: ``{"ok": true}`` or ``{"ok": false, "notice": …}``."""

    def __init__(self, room: Room, courier: Courier) -> None:
        self._room = room
        self._courier = courier

    async def say(self, user: str, channel_id: str, text: str, thread_ts: str | None = None) -> Json:
        """Send what stands in the composer: a message or a slash command.

        :raises ApiError: ``channel_not_found``, ``not_in_channel``, ``is_archived``, ``no_text``.
        """
        channel = resolve_channel(self._room, {"channel": channel_id})
        self._check_person(user)
        if user not in channel.members:
            raise ApiError("not_in_channel")
        if channel.archived:
            raise ApiError("is_archived")
        text = text.strip()
        if not text:
            raise ApiError("no_text")
        if text.startswith("/"):
            return await self._command(user, channel, text, thread_ts)
        message = self._room.workspace.post(
            channel.id, user, self._room.workspace.written(text), thread_ts=thread_ts
        )
        self._publish_message(channel, message)
        return {"ok": True, "ts": message.ts}

    async def click(
        self,
        user: str,
        channel_id: str,
        ts: str,
        action_id: str,
        block_id: str | None,
        value: Any,
        values: Json,
        earlier: bool = False,
    ) -> Json:
        """Use an element of a message; the confirm dialog, if any, is already accepted.

        ``earlier``: also if the element stood only in what the message showed before its latest changes.

        :raises ApiError: ``message_not_found``, ``no_such_element``, ``no_such_option``.
        """
        self._check_person(user)
        message = self._room.workspace.find(resolve_channel(self._room, {"channel": channel_id}).id, ts)
        if message.visible_to not in (None, user):
            raise ApiError("message_not_found")
        versions = [message.blocks, *message.earlier] if earlier else [message.blocks]
        block, element = find_element(versions, action_id, block_id, value)
        payload = payloads.click_in_message(self._room, user, message, block, element, value, values)
        return self._outcome(await self._courier.interact("interactive", payload))

    async def click_view(
        self, user: str, view_id: str, action_id: str, block_id: str | None, value: Any, values: Json
    ) -> Json:
        """Use an element of a modal or of the app home.

        :raises ApiError: ``not_found``, ``no_such_element``, ``no_such_option``.
        """
        view = self._own_view(user, view_id)
        block, element = find_element([view.definition["blocks"]], action_id, block_id, value)
        payload = payloads.click_in_view(self._room, user, view, block, element, value, values)
        return self._outcome(await self._courier.interact("interactive", payload))

    async def submit(self, user: str, view_id: str, values: Json) -> Json:
        """Submit a modal. With ``errors`` (block id → text) in the answer it stays open.

        :raises ApiError: ``not_found``, ``no_such_option``.
        """
        view = self._own_view(user, view_id)
        blocks = view.definition["blocks"]
        state = view_values(blocks, values)
        faults = faults_seen_by_client(blocks, state)
        if faults:
            return {"ok": False, "errors": faults}
        answer = await self._courier.interact(
            "interactive", payloads.view_submission(self._room, view, state)
        )
        if answer is None:
            return {"ok": False, "notice": NO_ANSWER_IN_VIEW}
        return self._respond_to_submission(view, answer.payload or {})

    async def close(self, user: str, view_id: str) -> Json:
        """Close the visible modal; the app hears of it only if it asked to.

        :raises ApiError: ``not_found``.
        """
        view = self._own_view(user, view_id)
        if view.definition.get("clear_on_close"):
            self._room.views.clear(user)
        else:
            self._room.views.pop(view)
        if view.definition.get("notify_on_close"):
            payload = payloads.view_closed(self._room, view, bool(view.definition.get("clear_on_close")))
            await self._courier.interact("interactive", payload)
        return {"ok": True}

    async def open_home(self, user: str, tab: str = "home") -> Json:
        self._check_person(user)
        channel = resolve_channel(self._room, {"channel": user})
        body: Json = {
            "type": "app_home_opened",
            "user": user,
            "channel": channel.id,
            "tab": tab,
            "event_ts": self._room.workspace.new_ts(),
        }
        if tab == "home" and user in self._room.views.homes:
            body["view"] = self._room.views.homes[user].to_slack()
        self._publish("app_home_opened", body)
        return {"ok": True}

    async def use_shortcut(self, user: str, callback_id: str, channel_id: str | None, ts: str | None) -> Json:
        """A message shortcut, or a global one without channel and ts.

        :raises ApiError: ``channel_not_found``, ``message_not_found``.
        """
        self._check_person(user)
        message = self._room.workspace.find(channel_id, ts) if channel_id and ts else None
        payload = payloads.shortcut(self._room, user, callback_id, message)
        return self._outcome(await self._courier.interact("interactive", payload))

    # ---- commands and what they answer --------------------------------------------------------------------------

    async def _command(self, user: str, channel: Channel, text: str, thread_ts: str | None) -> Json:
        command, _, rest = text.partition(" ")
        known = {each.command for each in self._room.workspace.settings.manifest.commands}
        if command not in known:
            return self._slackbot(user, channel, f"`{command}` is not a valid command.", thread_ts)
        if thread_ts:
            return self._slackbot(
                user, channel, f"`{command}` is not supported in threads. Sorry!", thread_ts
            )
        payload = payloads.slash_command(self._room, user, channel, command, rest.strip())
        answer = await self._courier.interact("slash_commands", payload)
        if answer is None:
            return self._slackbot(
                user, channel, f"{command} failed because the app did not respond. Learn more", None
            )
        if answer.payload and (answer.payload.get("text") or answer.payload.get("blocks")):
            self._post_answer(user, channel, answer.payload)
        return {"ok": True}

    def _post_answer(self, user: str, channel: Channel, payload: Json) -> None:
        blocks = message_blocks(payload["blocks"]) if payload.get("blocks") else []
        public = payload.get("response_type") == "in_channel"
        self._room.workspace.post(
            channel.id,
            BOT_USER,
            str(payload.get("text") or ""),
            blocks,
            visible_to=None if public else user,
        )
        self._room.journal.messages += 1

    def _slackbot(self, user: str, channel: Channel, text: str, thread_ts: str | None) -> Json:
        self._room.workspace.post(channel.id, SLACKBOT, text, thread_ts=thread_ts, visible_to=user)
        return {"ok": False, "notice": text}

    def _respond_to_submission(self, view: View, payload: Json) -> Json:
        kind = payload.get("response_action")
        if kind == "errors":
            return {"ok": False, "errors": payload.get("errors", {})}
        try:
            if kind == "update":
                self._room.views.update(view, view_definition(payload.get("view"), "modal"))
            elif kind == "push":
                self._room.views.push(view.user, view_definition(payload.get("view"), "modal"))
            elif kind == "clear":
                self._room.views.clear(view.user)
            else:
                self._room.views.pop(view)
        except ApiError as error:
            # The real client shows no more than this for a wrong response; the error helps whoever rehearses.
            return {"ok": False, "notice": NO_ANSWER_IN_VIEW, "error": error.to_json()}
        return {"ok": True}

    def _outcome(self, answer: Answer | None) -> Json:
        if answer is not None:
            return {"ok": True}
        name = self._room.workspace.settings.manifest.name
        return {"ok": False, "notice": f"{name} is not responding. Please try again."}

    # ---- events -------------------------------------------------------------------------------------------------

    def _publish_message(self, channel: Channel, message: Message) -> None:
        if BOT_USER not in channel.members:
            return
        body = message.to_slack() | {
            "channel": channel.id,
            "event_ts": message.ts,
            "channel_type": "im" if channel.direct_with else "channel",
        }
        self._publish("message.im" if channel.direct_with else "message.channels", body)
        if f"<@{BOT_USER}>" in message.text and not channel.direct_with:
            mention = {key: value for key, value in body.items() if key != "channel_type"}
            self._publish("app_mention", mention | {"type": "app_mention"})

    def _publish(self, subscription: str, body: Json) -> None:
        events = self._room.workspace.settings.manifest.events
        if events is None or subscription in events:
            self._courier.publish(payloads.event(self._room, body))

    def _own_view(self, user: str, view_id: str) -> View:
        self._check_person(user)
        view = self._room.views.find(view_id)
        if view.user != user:
            raise ApiError("not_found")
        return view

    def _check_person(self, user: str) -> None:
        if user not in self._room.workspace.users or user == BOT_USER:
            raise ApiError("user_not_found")
