"""From rules that count to what the plugin plan must reach, and back to what a human still has to do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.plugins import Catalogue, Demand, PluginPlan
from bot.plugins.version_number import VersionNumber, older
from bot.upgrade_guide import NEWEST, Hit, PluginNeed
from bot.upgrade_plan.records import RuleLine

__all__ = ["demands_of", "rule_lines"]


def demands_of(
    hits: Sequence[Hit], catalogue: Catalogue, target: str, pinned: Collection[str] = ()
) -> tuple[Demand, ...]:
    """What the rules want of installed plugins. ``newest`` is the newest that the target can have; a pin goes before that."""
    return tuple(
        Demand(
            need.plugin,
            minimum,
            f"the upgrade guide for {hit.rule.since} asks for it",
            need.order == "before",
        )
        for hit in hits
        for need in _needs(hit)
        if (minimum := _minimum(need, catalogue, target))
        and not (need.minimum == NEWEST and need.plugin in pinned)
    )


def rule_lines(
    hits: Sequence[Hit],
    installed: Mapping[str, str],
    plan: PluginPlan,
    catalogue: Catalogue | None,
    target: str,
) -> Iterator[RuleLine]:
    """``installed``: name → version. A rule that asks for plugin versions is as severe as it says only if the plan does not reach them.

    Where the guide names no version but the newest, what is installed may do: that never blocks.
    """
    for hit in hits:
        rule = hit.rule
        if not rule.needs:
            through = f" Go through {rule.through}." if rule.through else ""
            yield RuleLine(rule.id, rule.severity, hit.subjects, rule.text + through, str(rule.link))
            continue
        lacking = [need for need in _needs(hit) if not _reached(need, plan, catalogue, target)]
        moved = [name for name in hit.subjects if plan.versions().get(name) != installed.get(name)]
        if lacking:
            wanted = ", ".join(f"{need.plugin} {_at_least(need)}" for need in lacking)
            named = any(need.minimum != NEWEST for need in lacking)
            yield RuleLine(
                rule.id,
                rule.severity if named or rule.severity != "blocker" else "warning",
                tuple(need.plugin for need in lacking),
                f"{rule.text} Update on the running controller first: {wanted}.",
                str(rule.link),
            )
        elif moved:
            yield RuleLine(
                rule.id, "ok", tuple(moved), f"{rule.text} The plan updates it.", str(rule.link), True
            )


def _needs(hit: Hit) -> tuple[PluginNeed, ...]:
    return tuple(need for need in hit.rule.needs if need.plugin in hit.subjects)


def _minimum(need: PluginNeed, catalogue: Catalogue, target: str) -> str | None:
    if need.minimum != NEWEST:
        return need.minimum
    versions = (release.version for release in catalogue.usable(need.plugin, target))
    return max(versions, key=VersionNumber, default=None)


def _reached(need: PluginNeed, plan: PluginPlan, catalogue: Catalogue | None, target: str) -> bool:
    minimum = need.minimum if catalogue is None else _minimum(need, catalogue, target)
    if minimum is None or minimum == NEWEST:
        return False
    return not older(plan.versions()[need.plugin], minimum)


def _at_least(need: PluginNeed) -> str:
    return "to the newest release" if need.minimum == NEWEST else f"to {need.minimum} or newer"
