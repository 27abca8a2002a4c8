"""Implements the ports ``Controller`` and ``Ownership`` with the bot's scripts and the few REST calls that need no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.jenkins.connection import Connection
from adapters.jenkins.scripts import persisted_guard
from bot.errors import Permanent
from bot.model import (
    Agent,
    Boot,
    BuildRef,
    BuildReport,
    FinishedBuild,
    GuardState,
    Identity,
    Inventory,
    ItemConfig,
    ItemConfigs,
    Job,
    LogRecord,
    NodeSet,
    Plugin,
    Probe,
    QueueItem,
    Role,
    RunningBuild,
    Submission,
)

__all__ = ["JenkinsClient"]

RELAY_MARGIN_MS = 600_000
"""Builds are searched for a relay id from this long before the item was queued: clocks of two controllers differ."""


class JenkinsClient:
    """Implements :class:`bot.ports.Jenkins` for one instance."""

    def __init__(
        self, url: str, user: str, token: str, *, verify_tls: bool | str = True, timeout_seconds: float = 30.0
    ) -> None:
        """``url`` goes straight to the instance; a path prefix is kept. The token never appears in any message."""
        self._connection = Connection(url, user, token, verify_tls, timeout_seconds)

    # ---- looking

    def boot(self) -> Boot:
        return self._connection.boot()

    def identity(self) -> Identity:
        found = self._run("identity")
        return Identity(
            version=found["version"],
            java=found["java"],
            home=found["home"],
            root_url=found["rootUrl"] or "",
            executors=found["executors"],
            agent_port=found["agentPort"],
            quieting_down=found["quietingDown"],
            user=found["user"],
            administrator=found["administrator"],
            free_disk_bytes=found["freeDiskBytes"],
            max_memory_bytes=found["maxMemoryBytes"],
            now_ms=found["nowMs"],
            started_ms=found["startedMs"],
        )

    def inventory(self) -> Inventory:
        found = self._run("inventory")
        return Inventory(
            jobs=tuple(
                Job(j["name"], j["kind"], j["disabled"], j["next"], j["builds"]) for j in found["jobs"]
            ),
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

    def agents(self) -> tuple[Agent, ...]:
        return tuple(
            Agent(a["name"], a["online"], a["java"], a["remoting"]) for a in self._run("agents")["agents"]
        )

    def log(self, since_ms: int) -> tuple[LogRecord, ...]:
        records = self._run("log", sinceMs=since_ms)["records"]
        return tuple(LogRecord(r["atMs"], r["level"], r["logger"], r["message"]) for r in records)

    def probe(self, path: str) -> Probe:
        return self._connection.probe(path)

    # ---- ownership

    def guard(self) -> GuardState:
        return _guard(self._run("guard", role=None, upgrade=None, busy=[], source=None))

    def take_role(self, role: Role, upgrade: str, busy: Sequence[str] = ()) -> GuardState:
        source = persisted_guard(upgrade) if role is Role.FOLLOWER else None
        return _guard(self._run("guard", role=role.value, upgrade=upgrade, busy=list(busy), source=source))

    def queue(self) -> tuple[QueueItem, ...]:
        return tuple(
            QueueItem(i["id"], i["job"], i["sinceMs"], i["timer"], i["actions"], i["who"], i["relay"])
            for i in self._run("queue")["items"]
        )

    def submit(self, item: QueueItem, relay: str, origin: str) -> Submission:
        since = item.since_ms - RELAY_MARGIN_MS
        found = self._run(
            "submit", job=item.job, actions=item.actions, relay=relay, origin=origin, sinceMs=since
        )
        return Submission(found["outcome"], found.get("detail") or "")

    def cancel(self, ids: Sequence[int]) -> None:
        self._run("cancel", ids=list(ids))

    def builds(self, since_ms: int, watched: Sequence[BuildRef]) -> BuildReport:
        found = self._run(
            "builds", sinceMs=since_ms, watched=[{"job": b.job, "number": b.number} for b in watched]
        )
        return BuildReport(
            found["nowMs"],
            tuple(
                FinishedBuild(
                    b["job"], b["number"], b["directory"], b["result"], b["startedMs"], b["endedMs"]
                )
                for b in found["finished"]
            ),
            tuple(RunningBuild(b["job"], b["number"], b["startedMs"], b["serial"]) for b in found["running"]),
        )

    def reload(self, jobs: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._run("reload", jobs=list(jobs))["missing"])

    def numbers(self, at_least: Mapping[str, int]) -> Mapping[str, int]:
        numbers: dict[str, int] = self._run("numbers", atLeast=dict(at_least))["numbers"]
        return numbers

    def item_configs(self, since_ms: int) -> ItemConfigs:
        found = self._run("item-configs", sinceMs=since_ms)
        changed = tuple(ItemConfig(c["name"], c["modifiedMs"], c["xml"]) for c in found["changed"])
        return ItemConfigs(found["nowMs"], tuple(found["names"]), changed)

    def write_items(self, items: Sequence[ItemConfig]) -> None:
        written = self._run("write-items", items=[{"name": item.name, "xml": item.xml} for item in items])[
            "written"
        ]
        missing = {item.name for item in items} - set(written)
        if missing:
            raise Permanent(f"these jobs could not be configured: {', '.join(sorted(missing)[:5])}")

    def delete_items(self, names: Sequence[str]) -> None:
        self._run("delete-items", names=list(names))

    def nodes(self) -> NodeSet:
        found = self._run("nodes")
        return NodeSet(found["nodes"], found["clouds"], found["executors"], tuple(found["busy"]))

    def add_nodes(self, nodes: NodeSet) -> None:
        found = self._run(
            "add-nodes", nodes=dict(nodes.nodes), clouds=dict(nodes.clouds), executors=nodes.executors
        )
        missing = set(nodes.nodes) - set(found["nodes"])
        if missing or found["executors"] != nodes.executors:
            raise Permanent(
                f"agents or executors were not taken over: {', '.join(sorted(missing)) or 'executors'}"
            )

    def withdraw_nodes(self) -> tuple[str, ...]:
        return tuple(self._run("withdraw-nodes")["left"])

    def ensure_secret_key(self) -> None:
        self._run("ensure-secret-key")

    def _run(self, script: str, **arguments: Any) -> Any:
        return self._connection.run(script, **arguments)


def _guard(found: dict[str, Any]) -> GuardState:
    return GuardState(
        Role(found["role"]), found["upgrade"], found["persisted"], tuple(found["busy"]), found["pending"]
    )
