"""Preflight: can this upgrade work? Changes nothing; is also `/ci-upgrade plan`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.context import Context, Services
from bot.errors import BotError, Permanent
from bot.model import Identity, Instance, RouterState, Side
from bot.store import Store
from bot.upgrade_plan import Finding, UpgradePlan, make_plan
from bot.upgrade_plan.stored import remember_plan
from bot.versions import java_for, parse_version

__all__ = ["Finding", "inspect", "plan_for", "run"]

PAST_UPGRADES = 20
"""So many of the controller's upgrades are looked at for how long things take."""

BACKUP_FLOOR_BYTES = 200 * 1024**2
"""Less free space than this where backups or homes go is a blocker whatever the home's size."""

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
    ctx.update(lambda row: row.with_facts(executors=identity.executors))
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
    if parse_version(target) <= parse_version(identity.version):
        yield Finding(
            "blocker",
            "Versions",
            f"{services.name} runs {identity.version}, which is not older than {target}: name a newer one.",
        )
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
    expected = RouterState(blue.url, None, 0, Side.BLUE, blue.agent_port, None)
    if found != expected:
        return Finding(
            "blocker",
            "Router",
            f"it should send everything to {blue.url}, but reports {found}: restart the bot to adopt it.",
        )
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
    if used is None:
        return Finding(
            "warning",
            "Memory",
            "the running instance's memory could not be measured; green needs as much again.",
        )
    return Finding("ok", "Memory", f"green needs about {used / 1024**2:.0f} MiB more, as much as blue uses.")
