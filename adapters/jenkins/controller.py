"""Implements the port ``Controller``: looks at one instance, changes nothing."""

from __future__ import annotations

from collections.abc import Collection

from adapters.jenkins.connection import Connection
from bot.model import Agent, Boot, Dependency, Identity, Inventory, Job, LogRecord, Plugin, Probe, RecentLog

__all__ = ["JenkinsController"]

PAGE_JOBS = 1000
"""Looked at in one request: the builds of each are counted on disk."""


class JenkinsController:
    """Implements :class:`bot.ports.Controller`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def boot(self) -> Boot:
        return self._connection.boot()

    def probe(self, path: str) -> Probe:
        return self._connection.probe(path)

    def identity(self) -> Identity:
        found = self._connection.read("identity")
        return Identity(
            version=found["version"],
            java=found["java"],
            home=found["home"],
            root_url=found["rootUrl"] or "",
            executors=found["executors"],
            agent_port=found["agentPort"],
            quieting_down=found["quietingDown"],
            user=found["user"] or "",
            administrator=found["administrator"],
            free_disk_bytes=found["freeDiskBytes"],
            max_memory_bytes=found["maxMemoryBytes"],
            now_ms=found["nowMs"],
            started_ms=found["startedMs"],
            builds_directory=found["buildsDirectory"],
        )

    def inventory(self) -> Inventory:
        found = page = self._connection.read("inventory", after=None, limit=PAGE_JOBS)
        jobs = list(found["jobs"])
        while page["more"]:
            page = self._connection.read("inventory", after=jobs[-1]["name"], limit=PAGE_JOBS)
            jobs += page["jobs"]
        return Inventory(
            jobs=tuple(Job(j["name"], j["kind"], j["disabled"], j["next"], j["builds"]) for j in jobs),
            folders=tuple(found["folders"]),
            views=tuple(found["views"]),
            nodes=tuple(found["nodes"]),
            credentials=tuple(found["credentials"]),
            users=tuple(found["users"]),
            plugins=tuple(
                Plugin(p["name"], p["version"], p["enabled"], p["active"]) for p in found["plugins"]
            ),
            failed_plugins=found["failedPlugins"],
            monitors=found["monitors"],
            old_data=found["oldData"],
        )

    def users(self) -> tuple[str, ...]:
        return tuple(self._connection.read("inventory", after=None, limit=0)["users"])

    def plugins(self) -> tuple[Plugin, ...]:
        return tuple(
            Plugin(
                p["name"],
                p["version"],
                p["enabled"],
                p["active"],
                p["requiredCore"] or "",
                tuple(Dependency(d["name"], d["version"], d["optional"]) for d in p["dependencies"]),
            )
            for p in self._connection.read("plugins")["plugins"]
        )

    def options(self, names: Collection[str]) -> frozenset[str]:
        return frozenset(self._connection.read("options", names=sorted(names))["given"])

    def agents(self) -> tuple[Agent, ...]:
        found = self._connection.read("agents")["agents"]
        return tuple(Agent(a["name"], a["online"], a["java"], a["remoting"], a["launcher"]) for a in found)

    def log(self, since_ms: int) -> RecentLog:
        found = self._connection.read("log", sinceMs=since_ms)
        records = (LogRecord(r["atMs"], r["level"], r["logger"], r["message"]) for r in found["records"])
        return RecentLog(tuple(records), found["whole"])
