"""Makes the plan of an upgrade: asks the controller and the update centre, then thinks. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, TypeVar

from bot.context import Services
from bot.errors import BotError
from bot.model import Agent, BackupRecord, Identity, Instance, Plugin
from bot.plugins import Catalogue, PluginPlan, resolve
from bot.plugins.detached import is_detached, war_brings_plugins
from bot.plugins.version_number import VersionNumber, older
from bot.ports import UpdateCentre
from bot.upgrade import Upgrade
from bot.upgrade_guide import Hit, Situation, load_rules, options_of_interest, rules_hit
from bot.upgrade_plan.agents import agent_findings, agent_lines, agent_port_findings
from bot.upgrade_plan.estimates import estimate
from bot.upgrade_plan.guide import demands_of, rule_lines
from bot.upgrade_plan.records import Finding, Source, UpgradePlan
from bot.versions import hops, is_release, java_feature, java_for

__all__ = ["make_plan"]

T = TypeVar("T")

HEADROOM = 1.1
"""Of the last backup's size, or the home's."""


def make_plan(
    services: Services,
    blue: Instance,
    target: str,
    looked: Sequence[Finding],
    past: Sequence[Upgrade],
    now: float,
) -> UpgradePlan:
    """``looked``: what preflight found on the machine; ``past``: the controller's upgrades, newest first; ``now``: epoch seconds.

    Whatever cannot be asked becomes a finding; nothing is raised.
    """
    findings = list(looked)
    jenkins = services.jenkins(blue)
    identity: Identity | None = _asked(jenkins.identity, None)
    if identity is None or not is_release(identity.version):
        source = identity.version if identity else ""
        return UpgradePlan(services.name, source, target, (target,), tuple(findings), PluginPlan(known=False))
    plugins: tuple[Plugin, ...] = _required(jenkins.plugins, (), "Plugins", findings)
    findings += _as_code(plugins)
    agents: tuple[Agent, ...] = _required(jenkins.agents, (), "Agents", findings)
    rules, none = load_rules(), frozenset[str]()
    options = _required(lambda: jenkins.options(options_of_interest(rules)), none, "Options", findings)
    source = identity.version
    situation = Situation(
        source,
        target,
        {p.name: p for p in plugins},
        java_feature(identity.java),
        options,
        bool(agents),
        services.plugin_policy.mode == "minimal",
    )
    hits = rules_hit(rules, situation)
    catalogue = _catalogue(services.updates, plugins, target, services, findings)
    if catalogue is None:
        plan = PluginPlan(kept={plugin.name: plugin.version for plugin in plugins}, known=False)
    else:
        plan, catalogue = _resolved(services, catalogue, plugins, source, target, hits)
        findings.append(_advisories(plan))
    findings += _brought_along(plugins, target)
    way = hops(source, target) if agents else (target,)
    lines = agent_lines(agents, way[0])
    findings += agent_findings(lines, source, way)
    findings += agent_port_findings(agents, identity.agent_port, blue.agent_port)
    stops = {hit.rule.through for hit in hits if hit.rule.through is not None}
    all_hops = tuple(sorted({*way, *stops}, key=VersionNumber))
    java: tuple[int, ...] = _asked(lambda: services.environment.core(target, blue).java, ())
    disk = _disk(services, blue, plan)
    findings += _room(disk)
    return UpgradePlan(
        controller=services.name,
        source=source,
        target=target,
        hops=all_hops,
        findings=tuple(findings),
        plugins=plan,
        rules=tuple(rule_lines(hits, {p.name: p.version for p in plugins}, plan, catalogue, target)),
        agents=lines,
        java={
            "controller": identity.java,
            "available": list(java),
            "needed": {hop: list(java_for(hop)) for hop in all_hops},
        },
        disk=disk,
        estimates=tuple(estimate(services.config.policy, past)),
        updates=_source(catalogue, now),
        traffic=services.config.policy.traffic,
    )


def _as_code(plugins: Sequence[Plugin]) -> Iterator[Finding]:
    if any(plugin.name == "configuration-as-code" and plugin.active for plugin in plugins):
        text = (
            "it is applied at every boot, green's first one too: what it says of nodes, clouds and executors is taken away from green "
            "again until the handover."
        )
        yield Finding("warning", "Configuration as code", text)


def _asked(ask: Callable[[], T], otherwise: T) -> T:
    """For what preflight reports already when it cannot be asked."""
    try:
        return ask()
    except BotError:
        return otherwise


def _required(ask: Callable[[], T], otherwise: T, name: str, findings: list[Finding]) -> T:
    """What the plan rests on and cannot be asked is a blocker."""
    try:
        return ask()
    except BotError as error:
        findings.append(Finding("blocker", name, str(error)))
        return otherwise


def _catalogue(
    updates: UpdateCentre | None,
    plugins: Sequence[Plugin],
    target: str,
    services: Services,
    findings: list[Finding],
) -> Catalogue | None:
    kept = "Plugins are kept as they are, and what is known about their security is not asked."
    if updates is None:
        findings.append(Finding("warning", "Update centre", f"none is configured. {kept}"))
        return None
    try:
        catalogue = updates.catalogue(target)
    except BotError as error:
        findings.append(Finding("warning", "Update centre", f"{error} {kept}"))
        return None
    versions_of = {*services.plugin_policy.pins, *_not_to_be_had(catalogue, plugins, target)}
    if versions_of:
        try:
            catalogue = updates.catalogue(target, versions_of)
        except BotError as error:
            text = f"only the offered releases are known, not the other versions of {', '.join(sorted(versions_of))}: {error}"
            findings.append(Finding("warning", "Update centre", text))
    if catalogue.stale is not None:
        text = f"an older copy of its data is used, because it could not be asked: {catalogue.stale}"
        findings.append(Finding("warning", "Update centre", text))
    return catalogue


def _resolved(
    services: Services,
    catalogue: Catalogue,
    plugins: Sequence[Plugin],
    source: str,
    target: str,
    hits: Sequence[Hit],
) -> tuple[PluginPlan, Catalogue]:
    """The plan, and the catalogue with the older releases that were asked for to make it."""
    while True:
        demands = demands_of(hits, catalogue, target, services.plugin_policy.pins)
        plan = resolve(plugins, source, target, catalogue, services.plugin_policy, demands)
        unknown = set(plan.older_wanted) - set(catalogue.history)
        if not unknown or services.updates is None:
            return plan, catalogue
        more = _asked(partial(services.updates.catalogue, target, {*catalogue.history, *unknown}), catalogue)
        if not unknown & set(more.history):
            return plan, catalogue
        catalogue = more


def _not_to_be_had(catalogue: Catalogue, plugins: Sequence[Plugin], target: str) -> set[str]:
    """Plugins, and what they need, whose offered release needs a newer core or has no checksum: an older release may do."""
    seen: set[str] = set()
    left = [plugin.name for plugin in plugins]
    while left:
        name = left.pop()
        release = catalogue.releases.get(name)
        if name in seen or release is None:
            continue
        seen.add(name)
        left += [need.name for need in release.dependencies if not need.optional]
    offered = [catalogue.releases[name] for name in seen]
    return {one.name for one in offered if older(target, one.required_core) or not one.sha256}


def _advisories(plan: PluginPlan) -> Finding:
    fixable = sum(line.fixable for line in plan.left)
    text = f"fixes {len(plan.fixed)} advisories, leaves {len(plan.left)}"
    if fixable:
        text += f", {fixable} of which newer releases fix (`plugins: latest`, or a pin)"
    return Finding("warning" if plan.left else "ok", "Advisories", f"{text}.")


def _brought_along(plugins: Sequence[Plugin], target: str) -> Iterator[Finding]:
    """What no plan can know: which of the copies in the war are newer is seen when the core has started."""
    names = sorted(plugin.name for plugin in plugins if is_detached(plugin.name))
    if names and war_brings_plugins(target):
        text = (
            f"{target} has copies of plugins that once were part of it, and of what those need. Where they are newer than "
            f"planned, it takes them when it first starts; validation names them. Installed ones: {', '.join(names)}."
        )
        yield Finding("info", "Plugins", text)


def _source(catalogue: Catalogue | None, now: float) -> Source | None:
    if catalogue is None:
        return None
    return Source(catalogue.origin, round(max(0.0, now - catalogue.fetched_at)), catalogue.stale)


def _disk(services: Services, blue: Instance, plan: PluginPlan) -> dict[str, int | None]:
    backups: tuple[BackupRecord, ...] = _asked(services.backups.list, ())
    newest = next((record for record in backups if record.controller == services.name), None)
    return {
        "backups_free": _asked(services.backups.free_bytes, None),
        "homes_free": _asked(lambda: services.environment.state(blue).home_bytes_free, None),
        "home": newest.bytes if newest else _asked(lambda: services.environment.home_bytes(blue), None),
        "last_archive": newest.archive_bytes if newest else None,
        "plugin_downloads": plan.download_bytes,
    }


def _room(disk: Mapping[str, int | None]) -> Iterator[Finding]:
    """Compared with the last backup, where there is one: a home seldom shrinks. Else with the home as it is."""
    home, archive = disk["home"], disk["last_archive"]
    if home is None:
        text = "how much the home holds could not be measured: see to it that a copy and a backup of it fit."
        yield Finding("warning", "Disk", text)
        return
    # Archives are packed; before the first one nobody knows how much.
    yield from _fits(disk["homes_free"], home, "homes need about", "blocker")
    if archive is not None:
        yield from _fits(disk["backups_free"], archive, "backups need about", "blocker")
    else:
        yield from _fits(disk["backups_free"], home, "a backup may need up to", "warning")


def _fits(
    free: int | None, needed: int, what: str, level: Literal["blocker", "warning"]
) -> Iterator[Finding]:
    wanted = needed * HEADROOM
    if free is not None and free < wanted:
        text = f"{what} {wanted / 1024**3:.1f} GiB, {free / 1024**3:.1f} GiB are free: free some."
        yield Finding(level, "Disk", text)
