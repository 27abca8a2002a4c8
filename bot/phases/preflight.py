"""Preflight: can this upgrade work? Changes nothing; is also `/ci-upgrade plan`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from bot.context import Context, Services
from bot.errors import BotError, Permanent
from bot.model import Identity, Instance, RouterState, Side
from bot.ports import Jenkins
from bot.versions import java_for, parse_version

__all__ = ["Finding", "inspect", "run"]

BACKUP_FLOOR_BYTES = 200 * 1024**2
"""Less free space than this where backups or homes go is a blocker whatever the home's size."""

DEFAULT_BUILDS = "${ITEM_ROOTDIR}/builds"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["ok", "warning", "blocker"]
    name: str
    text: str
    """A sentence; for a blocker also what to do about it."""


def run(ctx: Context) -> str:
    upgrade = ctx.upgrade
    findings = inspect(ctx.services, upgrade.blue, upgrade.target)
    blockers = [finding for finding in findings if finding.level == "blocker"]
    warnings = [finding for finding in findings if finding.level == "warning"]
    if blockers:
        raise Permanent(" ".join(f"{finding.name}: {finding.text}" for finding in blockers))
    identity = ctx.services.jenkins(upgrade.blue).identity()
    ctx.update(lambda row: row.with_facts(executors=identity.executors))
    if warnings:
        ctx.say(
            "Preflight has warnings",
            *(f"{finding.name}: {finding.text}" for finding in warnings),
            tone="warning",
            key="warnings",
        )
    return f"{len(findings)} checks, {len(warnings)} warnings"


def inspect(services: Services, blue: Instance, target: str) -> tuple[Finding, ...]:
    """Every finding, in a fixed order. Only looks."""
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
        findings += _about_controller(services, jenkins, identity[0], target)
    findings += [
        _asked("Target", lambda: _target(services, target)),
        _asked("Router", lambda: _router(services, blue)),
        _asked("Disk", lambda: _disk(services, blue)),
        _asked("Memory", lambda: _memory(services, blue)),
    ]
    return tuple(findings)


def _about_controller(
    services: Services, jenkins: Jenkins, identity: Identity, target: str
) -> Iterator[Finding]:
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
    yield _asked("Agents", lambda: _agents(jenkins, target))


def _asked(name: str, ask: Callable[[], Finding]) -> Finding:
    """A check that cannot be made is itself a blocker."""
    try:
        return ask()
    except BotError as error:
        return Finding("blocker", name, str(error))


def _target(services: Services, target: str) -> Finding:
    core = services.environment.core(target)
    needed = java_for(target)
    if core.java and not set(core.java) & set(needed):
        has = ", ".join(map(str, core.java))
        return Finding(
            "blocker",
            "Java",
            f"{target} needs Java {' or '.join(map(str, needed))}, here is {has}: install one it runs on.",
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


def _agents(jenkins: Jenkins, target: str) -> Finding:
    needed = java_for(target)
    old = [
        f"{a.name} (Java {a.java})"
        for a in jenkins.agents()
        if a.online and a.java and _feature(a.java) not in needed
    ]
    if old:
        versions = " or ".join(map(str, needed))
        return Finding(
            "warning",
            "Agents",
            f"agents of {target} need Java {versions}; these have another: {', '.join(old)}.",
        )
    return Finding("ok", "Agents", "every connected agent has a Java that the target takes.")


def _feature(java: str) -> int:
    """``17.0.15`` → 17, ``1.8.0_392`` → 8."""
    parts = java.split(".")
    return int(parts[1] if parts[0] == "1" else parts[0])
