"""The plugin plan that an upgrade was started with, kept beside it: later steps do what was shown, whatever is offered by then."""

from __future__ import annotations

from bot.plugins import PluginPlan
from bot.plugins.plan import from_document, to_document
from bot.store import Store

__all__ = ["planned", "remember_plan"]


def remember_plan(store: Store, upgrade: str, plan: PluginPlan) -> None:
    store.put_document(_key(upgrade), to_document(plan))


def planned(store: Store, upgrade: str) -> PluginPlan:
    """An empty plan for an upgrade that was started by a release without plans: its plugins stay as they are."""
    document = store.document(_key(upgrade))
    return from_document(document) if document is not None else PluginPlan(known=False)


def _key(upgrade: str) -> str:
    return f"plugins:{upgrade}"
