"""Jobs and folders as configuration: item-configs, write-items, delete-items."""

from __future__ import annotations

import math
from typing import Any

from rehearsal.jenkins.documents import ParseError
from rehearsal.jenkins.items import Folder, UnknownItemKind
from rehearsal.jenkins.queue import now_ms
from rehearsal.jenkins.scripts.session import ScriptFailed, Session

__all__ = ["SCRIPTS"]


def item_configs(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    # What a multibranch project has found cannot be configured from outside.
    items = [one for one in session.controller.root.all_items() if not (one.parent and one.parent.computed)]
    asked, left = arguments.get("only"), arguments.get("limit") or math.inf
    changed: list[dict[str, Any]] = []
    for item in items:
        modified_ms = int(item.config_file.stat().st_mtime * 1000)
        if modified_ms >= arguments["sinceMs"] if asked is None else item.full_name in asked:
            xml = item.config_file.read_text(encoding="utf-8") if left > 0 else None
            left -= len(xml or "")
            changed.append({"name": item.full_name, "modifiedMs": modified_ms, "xml": xml})
    names = [item.full_name for item in items] if asked is None else []
    return {"nowMs": now_ms(), "names": names, "changed": changed}


def write_items(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    written: list[str] = []
    for one in arguments["items"]:
        parent_name, _, name = one["name"].rpartition("/")
        parent = session.controller.root.find(parent_name) if parent_name else session.controller.root
        if not isinstance(parent, Folder) or parent.computed:
            raise ScriptFailed(f"java.lang.IllegalArgumentException: no folder {parent_name}")
        try:
            parent.create(name, one["xml"], session.controller.plugins.active)
        except (ParseError, UnknownItemKind) as error:
            raise ScriptFailed(f"java.io.IOException: Unable to read {one['name']}: {error}") from error
        written.append(one["name"])
    session.controller.changed.notify_all()
    return {"written": written}


def delete_items(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    deleted: list[str] = []
    for name in arguments["names"]:
        item = session.controller.root.find(name)
        if item is not None:
            session.controller.delete(item)
            deleted.append(name)
    return {"deleted": deleted}


SCRIPTS = {"item-configs": item_configs, "write-items": write_items, "delete-items": delete_items}
