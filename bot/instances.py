"""Which instance is a controller's running one, and which retired ones wait to be removed. Kept as documents in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.model import Instance
from bot.store import Store

__all__ = ["current", "forget", "forget_retired", "remember", "remember_retired", "retired"]


def current(store: Store, controller: str, configured: Instance) -> Instance:
    """The running instance: as the last upgrade left it, unless the configuration names another one than it did then."""
    document = store.document(f"instance:{controller}")
    if not document or document["configured"] != configured.home:
        return configured
    return Instance(**document["instance"])


def remember(store: Store, controller: str, instance: Instance, configured: Instance) -> None:
    """``configured`` is what the configuration names at this time."""
    document = {"instance": asdict(instance), "configured": configured.home}
    store.put_document(f"instance:{controller}", document)


def forget(store: Store, controller: str) -> None:
    """The configured instance is the running one again."""
    store.put_document(f"instance:{controller}", {})


def remember_retired(store: Store, controller: str, instance: Instance, remove_at: float) -> None:
    _replace(store, controller, instance.name, [{"instance": asdict(instance), "remove_at": remove_at}])


def retired(store: Store, controller: str) -> list[tuple[Instance, float]]:
    """Stopped instances with the time at which they may be removed (epoch seconds)."""
    entries = _entries(store.document(_key(controller)))
    return [(Instance(**entry["instance"]), entry["remove_at"]) for entry in entries]


def forget_retired(store: Store, controller: str, instance: Instance) -> None:
    _replace(store, controller, instance.name, [])


def _replace(store: Store, controller: str, name: str, by: list[dict[str, Any]]) -> None:
    """An upgrade that ends and the housekeeping may both be at it."""

    def changed(document: Mapping[str, Any] | None) -> Mapping[str, Any]:
        rest = [entry for entry in _entries(document) if entry["instance"]["name"] != name]
        return {"instances": [*rest, *by]}

    store.change_document(_key(controller), changed)


def _entries(document: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return list(document["instances"]) if document else []


def _key(controller: str) -> str:
    return f"retired:{controller}"
