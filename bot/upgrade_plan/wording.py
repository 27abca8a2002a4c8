"""A plan for people: what needs a human first, then what will change, then what is fine. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.content import Notice, Part
from bot.upgrade_plan.records import Level, UpgradePlan

__all__ = ["plan_notice", "plan_parts", "summary"]

WITH_REASONS = 20
"""Up to so many changes are told with their reasons."""
A_LINE = 8
ADVISORIES_SHOWN = 10
_MARKS: Mapping[Level, str] = {"blocker": "✗ ", "warning": "⚠ ", "info": "", "ok": "✓ "}
"""Signs; the title above says the same in words."""


def summary(plan: UpgradePlan) -> str:
    """One sentence: "main 2.426.2 → 2.516.3: ready to start, 3 to look at"."""
    way = f"{plan.source} → {plan.target}" if plan.source else plan.target
    count = len(plan.blockers)
    state = f"{count} blocker{'s' if count > 1 else ''}" if count else "ready to start"
    looks = f", {len(plan.warnings)} to look at" if plan.warnings else ""
    return f"{plan.controller} {way}: {state}{looks}"


def plan_notice(plan: UpgradePlan) -> Notice:
    """The answer to `/ci-upgrade plan`."""
    return Notice(summary(plan), tone="bad" if plan.blockers else "good", parts=plan_parts(plan))


def plan_parts(plan: UpgradePlan) -> tuple[Part, ...]:
    """What needs a human first; parts with nothing in them are left out."""
    parts = (
        Part("Must be done first", _findings(plan, "blocker")),
        Part("To look at", _findings(plan, "warning")),
        Part("What changes", tuple(_changing(plan))),
        Part("Good to know", (*_findings(plan, "info"), *_knowing(plan))),
        Part("Checked and fine", _findings(plan, "ok")),
    )
    return tuple(part for part in parts if part.lines)


def _findings(plan: UpgradePlan, level: Level) -> tuple[str, ...]:
    return tuple(
        f"{_MARKS[level]}{finding.name}: {finding.text}"
        for finding in plan.all_findings()
        if finding.level == level
    )


def _changing(plan: UpgradePlan) -> Iterator[str]:
    if len(plan.hops) > 1:
        yield f"Hops: {' → '.join((plan.source, *plan.hops))}, each an upgrade of its own."
    yield _plugins(plan)
    yield from _changes(plan)
    yield from _advisories(plan)


def _knowing(plan: UpgradePlan) -> Iterator[str]:
    yield from _java(plan)
    yield _durations(plan)
    yield f"Traffic: {', '.join(map(str, plan.traffic))}; each step waits for an approval."
    if plan.updates is not None:
        yield f"Plugin data: {plan.updates.origin}, {_age(plan.updates.age_seconds)} old."


def _plugins(plan: UpgradePlan) -> str:
    plugins = plan.plugins
    if not plugins.known:
        return f"Plugins: all {len(plugins.kept)} stay as they are; nothing was asked about them."
    if not plugins.changes:
        return f"Plugins: all {len(plugins.kept)} stay as they are."
    new = sum(change.current is None for change in plugins.changes)
    added = f", {new} of them new" if new else ""
    size = f" ({plugins.download_bytes / 1024**2:.1f} MiB)" if plugins.download_bytes > 100_000 else ""
    return f"Plugins: {len(plugins.changes)} change{added}{size}, {len(plugins.kept)} stay."


def _changes(plan: UpgradePlan) -> Iterator[str]:
    """With the first reason of each; many without, several a line: a plan of sixty plugins has to fit into a message."""
    changes = plan.plugins.changes
    texts = [f"{change.name} {change.current or 'new'} → {change.version}" for change in changes]
    if len(changes) <= WITH_REASONS:
        yield from (f"{text} ({change.reasons[0]})" for text, change in zip(texts, changes, strict=True))
    else:
        yield from (", ".join(texts[start : start + A_LINE]) for start in range(0, len(texts), A_LINE))


def _advisories(plan: UpgradePlan) -> Iterator[str]:
    left = [f"{line.id} ({line.component})" for line in plan.plugins.left]
    if left:
        more = f" and {len(left) - ADVISORIES_SHOWN} more" if len(left) > ADVISORIES_SHOWN else ""
        yield f"Advisories that stay: {', '.join(left[:ADVISORIES_SHOWN])}{more}."


def _java(plan: UpgradePlan) -> Iterator[str]:
    if plan.java:
        needed = "; ".join(f"{hop} {_either(versions)}" for hop, versions in plan.java["needed"].items())
        has = _either(plan.java["available"]) or "unknown"
        yield f"Java: the controller runs {plan.java['controller']}, green has {has}. Needed: {needed}."


def _either(versions: Sequence[int]) -> str:
    return " or ".join(map(str, versions))


def _durations(plan: UpgradePlan) -> str:
    known = [estimate for estimate in plan.estimates if estimate.seconds is not None]
    if not known:
        return "Duration: unknown."
    total = sum(estimate.seconds or 0 for estimate in known)
    unknown = [estimate.phase for estimate in plan.estimates if estimate.seconds is None]
    more = f", and {', '.join(unknown)}, which are known after the first upgrade" if unknown else ""
    return f"Duration: about {_age(total)} beside the approvals{more}."


def _age(seconds: float) -> str:
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
