"""From rules that count to what the plugin plan must reach, and back to what a human still has to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.plugins import Catalogue, Demand, PluginPlan
from bot.plugins.version_number import older
from bot.upgrade_guide import Hit, PluginNeed
from bot.upgrade_plan.records import RuleLine

__all__ = ["demands_of", "rule_lines"]


def demands_of(hits: Sequence[Hit], catalogue: Catalogue) -> tuple[Demand, ...]:
    """What the rules want of installed plugins; ``newest`` is what the catalogue offers."""
    return tuple(
        Demand(
            need.plugin,
            minimum,
            f"the upgrade guide for {hit.rule.since} asks for it",
            need.order == "before",
        )
        for hit in hits
        for need in _needs(hit)
        if (minimum := _minimum(need, catalogue))
    )


def rule_lines(
    hits: Sequence[Hit], installed: Mapping[str, str], plan: PluginPlan, catalogue: Catalogue | None
) -> Iterator[RuleLine]:
    """``installed``: name → version. A rule that asks for plugin versions is as severe as it says only if the plan does not reach them."""
    for hit in hits:
        rule = hit.rule
        if not rule.needs:
            through = f" Go through {rule.through}." if rule.through else ""
            yield RuleLine(rule.id, rule.severity, hit.subjects, rule.text + through, str(rule.link))
            continue
        lacking = [need for need in _needs(hit) if not _reached(need, plan, catalogue)]
        moved = [name for name in hit.subjects if plan.versions().get(name) != installed.get(name)]
        if lacking:
            wanted = ", ".join(f"{need.plugin} {_at_least(need)}" for need in lacking)
            yield RuleLine(
                rule.id,
                rule.severity,
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


def _minimum(need: PluginNeed, catalogue: Catalogue) -> str | None:
    if need.minimum != "newest":
        return need.minimum
    offered = catalogue.releases.get(need.plugin)
    return offered.version if offered else None


def _reached(need: PluginNeed, plan: PluginPlan, catalogue: Catalogue | None) -> bool:
    minimum = need.minimum if catalogue is None else _minimum(need, catalogue)
    if minimum is None or minimum == "newest":
        return False
    return not older(plan.versions()[need.plugin], minimum)


def _at_least(need: PluginNeed) -> str:
    return "to the newest release" if need.minimum == "newest" else f"to {need.minimum} or newer"
