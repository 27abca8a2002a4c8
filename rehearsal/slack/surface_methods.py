"""Web API methods about views and files: ``views.*`` and ``files.*``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rehearsal.slack.blocks import view_definition
from rehearsal.slack.chat_methods import writable_channel
from rehearsal.slack.errors import ApiError, invalid_arguments
from rehearsal.slack.records import BOT_USER, Json, Upload
from rehearsal.slack.room import Room

__all__ = ["SURFACE_METHODS"]


def open_view(room: Room, arguments: Json) -> Json:
    definition = view_definition(arguments.get("view"), "modal")
    user = room.tickets.exchange(arguments.get("trigger_id"))
    return {"view": room.views.open(user, definition).to_slack()}


def push_view(room: Room, arguments: Json) -> Json:
    definition = view_definition(arguments.get("view"), "modal")
    user = room.tickets.exchange(arguments.get("trigger_id"))
    return {"view": room.views.push(user, definition).to_slack()}


def update_view(room: Room, arguments: Json) -> Json:
    view = room.views.find(arguments.get("view_id"), arguments.get("external_id"))
    definition = view_definition(arguments.get("view"), view.definition["type"])
    return {"view": room.views.update(view, definition, arguments.get("hash")).to_slack()}


def publish_view(room: Room, arguments: Json) -> Json:
    definition = view_definition(arguments.get("view"), "home")
    user = str(arguments.get("user_id"))
    if user not in room.workspace.users:
        raise invalid_arguments(["user_id is not a member of the workspace [json-pointer:/user_id]"])
    return {"view": room.views.publish(user, definition, arguments.get("hash")).to_slack()}


def upload_url(room: Room, arguments: Json) -> Json:
    name, length = str(arguments.get("filename") or ""), int(arguments.get("length") or 0)
    if not name or length <= 0:
        raise invalid_arguments(["missing required field: filename and length"])
    upload = Upload(
        id=room.workspace.new_id("F"), name=name, length=length, alt_text=str(arguments.get("alt_txt") or "")
    )
    room.workspace.uploads[upload.id] = upload
    return {"upload_url": f"{room.workspace.address}/upload/v1/{upload.id}", "file_id": upload.id}


def complete_upload(room: Room, arguments: Json) -> Json:
    given: Any = arguments.get("files")
    items = json.loads(given) if isinstance(given, str) else given
    uploads = [_uploaded(room, item) for item in items or ()]
    if not uploads:
        raise invalid_arguments(["missing required field: files"])
    files = [upload.to_slack(room.workspace.address) for upload in uploads]
    targets = str(arguments.get("channel_id") or arguments.get("channels") or "")
    for channel in [writable_channel(room, {"channel": id}) for id in targets.split(",") if id]:
        message = room.workspace.post(
            channel.id,
            BOT_USER,
            str(arguments.get("initial_comment") or ""),
            thread_ts=arguments.get("thread_ts"),
            files=files,
        )
        room.journal.messages += 1
        for upload in uploads:
            share = {"ts": message.ts, "thread_ts": message.thread_ts}
            upload.shares.setdefault(channel.id, []).append(share)
    # Slack shares the files a moment later, so this answer does not say where; files.info does.
    return {"files": files}


def file_info(room: Room, arguments: Json) -> Json:
    upload = room.workspace.uploads.get(str(arguments.get("file")))
    if upload is None or not upload.complete:
        raise ApiError("file_not_found")
    return {"file": upload.to_slack(room.workspace.address) | {"shares": {"public": upload.shares}}}


def _uploaded(room: Room, item: Json) -> Upload:
    upload = room.workspace.uploads.get(item.get("id", ""))
    if upload is None or upload.content is None:
        raise ApiError("file_not_found")
    upload.title, upload.complete = item.get("title") or upload.name, True
    return upload


SURFACE_METHODS: dict[str, tuple[Callable[[Room, Json], Json], str]] = {
    "files.completeUploadExternal": (complete_upload, "files:write"),
    "files.getUploadURLExternal": (upload_url, "files:write"),
    "files.info": (file_info, "files:read"),
    "views.open": (open_view, ""),
    "views.publish": (publish_view, ""),
    "views.push": (push_view, ""),
    "views.update": (update_view, ""),
}
"""Method → what does it, and the scope that it needs."""
