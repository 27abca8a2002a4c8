"""Which instance is a controller's running one, and which retired ones wait to be removed. Kept as documents in the store."""

from __future__ import annotations

from dataclasses import asdict

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
    rest = [entry for entry in _retired(store, controller) if entry[0].name != instance.name]
    _save(store, controller, [*rest, (instance, remove_at)])


def retired(store: Store, controller: str) -> list[tuple[Instance, float]]:
    """Stopped instances with the time at which they may be removed (epoch seconds)."""
    return _retired(store, controller)


def forget_retired(store: Store, controller: str, instance: Instance) -> None:
    _save(
        store, controller, [entry for entry in _retired(store, controller) if entry[0].name != instance.name]
    )


def _retired(store: Store, controller: str) -> list[tuple[Instance, float]]:
    document = store.document(f"retired:{controller}") or {"instances": []}
    return [(Instance(**entry["instance"]), entry["remove_at"]) for entry in document["instances"]]


def _save(store: Store, controller: str, entries: list[tuple[Instance, float]]) -> None:
    value = {"instances": [{"instance": asdict(instance), "remove_at": at} for instance, at in entries]}
    store.put_document(f"retired:{controller}", value)
