"""Preflight: can this upgrade work? Changes nothing; is also `/ci-upgrade plan`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.context import Context, Services
from bot.errors import BotError, Permanent
from bot.model import Identity, Instance
from bot.store import Store
from bot.traffic import alone, misled
from bot.upgrade_plan import Finding, UpgradePlan, make_plan
from bot.upgrade_plan.stored import remember_plan
from bot.versions import java_for, why_not_from

__all__ = ["Finding", "inspect", "plan_for", "run"]

PAST_UPGRADES = 20
"""So many of the controller's upgrades are looked at for how long things take."""

BACKUP_FLOOR_BYTES = 200 * 1024**2
"""Less free space than this where backups or homes go is a blocker whatever the home's size."""

LEAST_MEMORY = 0.5
"""Of what the running instance uses: with less left than this the system would soon end one of the two."""

DEFAULT_BUILDS = "${ITEM_ROOTDIR}/builds"


def run(ctx: Context) -> str:
    upgrade = ctx.upgrade
    services = ctx.services.with_plugins(upgrade.facts.get("plugins", ""))
    plan = plan_for(services, upgrade.blue, upgrade.target, ctx.store, ctx.clock.now())
    if plan.blockers:
        raise Permanent(" ".join(f"{finding.name}: {finding.text}" for finding in plan.blockers))
    identity = ctx.services.jenkins(upgrade.blue).identity()
    # What is approved now is what the later steps do, whatever an update centre offers by then.
    remember_plan(ctx.store, ctx.id, plan.plugins)
    ctx.update(lambda row: row.with_facts(executors=identity.executors, agent_port=identity.agent_port))
    if plan.warnings:
        ctx.say(
            "Preflight has warnings",
            *(f"{finding.name}: {finding.text}" for finding in plan.warnings),
            tone="warning",
            key="warnings",
        )
    changes = len(plan.plugins.changes)
    return f"{len(plan.all_findings())} checks, {len(plan.warnings)} warnings, {changes} plugins to change"


def plan_for(services: Services, blue: Instance, target: str, store: Store, now: float) -> UpgradePlan:
    """The whole plan; ``now`` is in epoch seconds."""
    past = store.history(services.name, PAST_UPGRADES)
    return make_plan(services, blue, target, inspect(services, blue, target), past, now)


def inspect(services: Services, blue: Instance, target: str) -> tuple[Finding, ...]:
    """Everything about the machine and the controller itself, in a fixed order. Only looks."""
    jenkins = services.jenkins(blue)
    findings: list[Finding] = []
    identity: list[Identity] = []

    def reachable() -> Finding:
        identity.append(jenkins.identity())
        return Finding(
            "ok",
            "Controller",
            f"{services.name} answers with {identity[0].version} on Java {identity[0].java}.",
        )

    findings.append(_asked("Controller", reachable))
    if identity:
        findings += _about_controller(services, identity[0], target)
    findings += [
        _asked("Target", lambda: _target(services, blue, target)),
        _asked("Router", lambda: _router(services, blue)),
        _asked("Disk", lambda: _disk(services, blue)),
        _asked("Memory", lambda: _memory(services, blue)),
    ]
    return tuple(findings)


def _about_controller(services: Services, identity: Identity, target: str) -> Iterator[Finding]:
    user = services.config.user
    if identity.administrator:
        yield Finding("ok", "Permissions", f"{identity.user} administers the controller.")
    else:
        yield Finding(
            "blocker",
            "Permissions",
            f"the token of {user} lacks Overall/Administer, which the script console needs: grant it.",
        )
    if fault := why_not_from(identity.version, target):
        yield Finding("blocker", "Versions", f"{services.name} runs {identity.version}, which {fault}")
    else:
        yield Finding("ok", "Versions", f"{identity.version} → {target}.")
    if identity.quieting_down:
        yield Finding(
            "warning",
            "Quiet-down",
            "the controller is quieting down: builds wait. Cancel it, or the upgrade waits with them.",
        )
    if identity.builds_directory != DEFAULT_BUILDS:
        yield Finding(
            "blocker",
            "Builds directory",
            f"builds are kept in {identity.builds_directory}, outside of their jobs, where no backup or copy of the home would "
            f"have them: move them to {DEFAULT_BUILDS}, set buildsDir in config.xml to it and restart.",
        )
    if identity.root_url.rstrip("/") != str(services.config.url).rstrip("/"):
        text = f"Jenkins says its URL is {identity.root_url or 'not set'}, the configuration says {services.config.url}."
        yield Finding("warning", "Root URL", text)


def _asked(name: str, ask: Callable[[], Finding]) -> Finding:
    """A check that cannot be made is itself a blocker."""
    try:
        return ask()
    except BotError as error:
        return Finding("blocker", name, str(error))


def _target(services: Services, blue: Instance, target: str) -> Finding:
    core = services.environment.core(target, blue)
    needed = java_for(target)
    if core.java and not set(core.java) & set(needed):
        has = ", ".join(map(str, core.java))
        return Finding(
            "blocker",
            "Java",
            f"{target} needs Java {' or '.join(map(str, needed))}, here is {has}: install one it runs on.",
        )
    if not core.java:
        return Finding(
            "warning",
            "Java",
            f"{core.reference} is there, but does not tell its Java: see that it is {' or '.join(map(str, needed))}.",
        )
    return Finding("ok", "Target", f"{core.reference} is there and runs on the Java that is there.")


def _router(services: Services, blue: Instance) -> Finding:
    found = services.router.read()
    if found != alone(blue):
        return Finding("blocker", "Router", f"{misled(found, alone(blue))}.")
    return Finding("ok", "Router", "it answers and sends everything to the running instance.")


def _disk(services: Services, blue: Instance) -> Finding:
    free = {
        "backups": services.backups.free_bytes(),
        "homes": services.environment.state(blue).home_bytes_free,
    }
    low = [
        f"{where} ({value / 1024**2:.0f} MiB free)"
        for where, value in free.items()
        if value is not None and value < BACKUP_FLOOR_BYTES
    ]
    if low:
        return Finding("blocker", "Disk", f"too little space for {' and '.join(low)}: free some.")
    return Finding(
        "ok",
        "Disk",
        ", ".join(f"{value / 1024**3:.1f} GiB free for {where}" for where, value in free.items() if value),
    )


def _memory(services: Services, blue: Instance) -> Finding:
    used = services.environment.state(blue).memory_bytes
    left = services.environment.memory_available_bytes(blue)
    if used is None or left is None:
        return Finding(
            "warning",
            "Memory",
            "it could not be measured whether there is enough; green needs as much again as the running instance.",
        )
    text = (
        f"green needs about {used / 1024**2:.0f} MiB, as much as blue uses; {left / 1024**2:.0f} MiB are left"
    )
    if left < used * LEAST_MEMORY:
        return Finding("blocker", "Memory", f"{text}: free some, or give the machine more.")
    # What an instance uses after weeks is more than it needs to start.
    return Finding("warning" if left < used else "ok", "Memory", f"{text}.")
