"""Scripts that look and change nothing: identity, inventory, plugins, options, agents, log."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Any

from rehearsal.jenkins import documents
from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.items import Folder
from rehearsal.jenkins.queue import now_ms
from rehearsal.jenkins.scripts.session import Session

__all__ = ["JAVA_VERSION", "REMOTING_VERSION", "SCRIPTS", "monitors"]

JAVA_VERSION = "17.0.15"
REMOTING_VERSION = "3148.v532a_7e715ee3"


def identity(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    return {
        "version": controller.version,
        "java": controller.options.properties.get("rehearsal.java", JAVA_VERSION),
        "home": str(controller.home),
        "rootUrl": controller.settings.root_url or "",
        "executors": controller.computers.built_in.executors,
        "agentPort": controller.settings.agent_port,
        "quietingDown": controller.quieting_down,
        "user": session.user,
        "administrator": True,
        "freeDiskBytes": shutil.disk_usage(controller.home).free,
        "maxMemoryBytes": controller.options.max_memory_bytes,
        "nowMs": now_ms(),
        "buildsDirectory": controller.settings.builds_directory,
        "startedMs": controller.started_ms,
    }


def inventory(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    after, limit = arguments.get("after"), arguments.get("limit")
    page = sorted(
        (job for job in controller.root.all_jobs() if after is None or job.full_name > after),
        key=lambda job: job.full_name,
    )
    jobs: dict[str, Any] = {
        "jobs": [
            {
                "name": job.full_name,
                "kind": job.java_class,
                "disabled": job.disabled,
                "next": job.next_number,
                "builds": job.count_directories(),
            }
            for job in page[:limit]
        ],
        "more": limit is not None and len(page) > limit,
    }
    if after is not None:
        return jobs
    return {
        **jobs,
        "folders": [item.full_name for item in controller.root.all_items() if isinstance(item, Folder)],
        "views": [view.name for view in controller.settings.views()],
        "nodes": sorted(controller.computers.agents),
        "credentials": _credentials(controller),
        "users": [user.id for user in controller.users.all()],
        "plugins": [
            {
                "name": plugin.name,
                "version": plugin.version,
                "enabled": plugin.enabled,
                "active": plugin.enabled,
            }
            for plugin in controller.plugins.loaded
        ],
        "failedPlugins": {name: cause[:300] for name, cause in controller.plugins.failed.items()},
        "monitors": monitors(controller),
        "oldData": 0,
    }


def plugins(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "plugins": [
            {
                "name": plugin.name,
                "version": plugin.version,
                "enabled": plugin.enabled,
                "active": plugin.enabled,
                "requiredCore": plugin.required_core,
                "dependencies": [asdict(need) for need in plugin.dependencies],
            }
            for plugin in session.controller.plugins.loaded
        ]
    }


def options(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    properties = session.controller.options.properties
    return {"given": [name for name in arguments["names"] if name in properties]}


def agents(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "agents": [
            {
                "name": name,
                "online": not agent.offline,
                "java": None if agent.offline else JAVA_VERSION,
                "remoting": None if agent.offline else REMOTING_VERSION,
                "launcher": "hudson.slaves.CommandLauncher",
            }
            for name, agent in sorted(session.controller.computers.agents.items())
        ]
    }


def log(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    records = session.controller.journal.since(arguments["sinceMs"], "SEVERE")
    return {
        "records": [
            {"atMs": one.at_ms, "level": one.level, "logger": one.logger, "message": one.message[:500]}
            for one in records
        ],
        "whole": session.controller.journal.has_all_since(arguments["sinceMs"]),
    }


def monitors(controller: Controller) -> dict[str, str]:
    """Active administrative monitors."""
    active: dict[str, str] = {}
    if controller.plugins.failed:
        active["hudson.PluginWrapper$PluginWrapperAdministrativeMonitor"] = "Plugins Failed To Load"
    active["hudson.diagnosis.ReverseProxySetupMonitor"] = "Reverse Proxy Setup"
    if controller.computers.built_in.executors and not controller.computers.agents:
        active["jenkins.diagnostics.ControllerExecutorsNoAgents"] = (
            "Built-in Node Without Agents Executors Configured Monitor"
        )
    active["jenkins.diagnostics.URICheckEncodingMonitor"] = "Check URI Encoding"
    active["jenkins.monitor.JavaVersionRecommendationAdminMonitor-17-2026-03-31-DANGER"] = (
        "Recommended Java Version"
    )
    return active


def _credentials(controller: Controller) -> list[str]:
    file = controller.home / "credentials.xml"
    if not file.exists() or "credentials" not in controller.plugins.active:
        return []
    return sorted({one.text or "" for one in documents.read(file).iter("id")})


SCRIPTS = {
    "identity": identity,
    "inventory": inventory,
    "plugins": plugins,
    "options": options,
    "agents": agents,
    "log": log,
}
