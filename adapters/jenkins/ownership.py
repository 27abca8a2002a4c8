"""Implements the port ``Ownership`` with the bot's scripts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from adapters.jenkins.connection import Connection
from adapters.jenkins.scripts import batches, persisted_guard
from bot.errors import Permanent
from bot.model import (
    BuildRef,
    BuildReport,
    FinishedBuild,
    GuardState,
    ItemConfig,
    ItemConfigs,
    NodeSet,
    QueueItem,
    Role,
    RunningBuild,
    Submission,
)

__all__ = ["JenkinsOwnership"]

RELAY_MARGIN_MS = 600_000
"""Builds are searched for a relay id from this long before the item was queued: clocks of two controllers differ."""

TEXT_CHARACTERS = 4_000_000
"""Of configurations, in one answer."""


class JenkinsOwnership:
    """Implements :class:`bot.ports.Ownership`."""

    def __init__(self, connection: Connection) -> None:
        self._read = connection.read
        self._change = connection.change

    def guard(self) -> GuardState:
        return _guard(self._read("guard", role=None, upgrade=None, busy=[], source=None))

    def take_role(self, role: Role, upgrade: str, busy: Sequence[str] = ()) -> GuardState:
        source = persisted_guard(upgrade) if role is Role.FOLLOWER else None
        return _guard(self._change("guard", role=role.value, upgrade=upgrade, busy=list(busy), source=source))

    def queue(self) -> tuple[QueueItem, ...]:
        return tuple(
            QueueItem(
                i["id"],
                i["job"],
                i["sinceMs"],
                i["timer"],
                i["actions"],
                i["who"],
                i["relay"],
                i["delayMs"],
                i["awaitedBy"],
            )
            for i in self._read("queue")["items"]
        )

    def submit(self, item: QueueItem, relay: str, origin: str) -> Submission:
        since = item.since_ms - RELAY_MARGIN_MS
        found = self._change(
            "submit",
            job=item.job,
            actions=item.actions,
            relay=relay,
            origin=origin,
            sinceMs=since,
            delaySeconds=-(-item.delay_ms // 1000),
        )
        return Submission(found["outcome"], found["detail"] or "")

    def cancel(self, ids: Sequence[int]) -> None:
        self._change("cancel", ids=list(ids))

    def builds(self, since_ms: int, watched: Sequence[BuildRef]) -> BuildReport:
        found = self._read(
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
        missing: list[str] = []
        failed: dict[str, str] = {}
        for names in batches(jobs):
            found = self._change("reload", jobs=names)
            missing += found["missing"]
            failed |= found.get("failed", {})
        _refuse(failed, "could not be reloaded")
        return tuple(missing)

    def numbers(self, at_least: Mapping[str, int]) -> Mapping[str, int]:
        numbers: dict[str, int] = {}
        for pairs in batches(at_least.items()):
            numbers = self._change("numbers", atLeast=dict(pairs))["numbers"]
        return numbers

    def job_directories(self) -> Mapping[str, str]:
        directories: Mapping[str, str] = self._read("job-directories")["directories"]
        return directories

    def item_configs(self, since_ms: int, known: Collection[str] | None = None) -> ItemConfigs:
        found = self._read("item-configs", sinceMs=since_ms, limit=TEXT_CHARACTERS, only=None)
        texts: dict[str, dict[str, Any]] = {c["name"]: c for c in found["changed"] if c["xml"] is not None}
        new = set() if known is None else set(found["names"]) - set(known)
        asked = [c["name"] for c in found["changed"]] + sorted(new)
        waiting = [name for name in dict.fromkeys(asked) if name not in texts]
        while waiting:
            names = next(batches(waiting))
            answer = self._read("item-configs", sinceMs=since_ms, limit=TEXT_CHARACTERS, only=names)
            texts |= {c["name"]: c for c in answer["changed"] if c["xml"] is not None}
            # What was deleted meanwhile is left out: the next look shows that.
            late = {c["name"] for c in answer["changed"] if c["xml"] is None}
            waiting = [name for name in waiting if name in late or name not in names]
        # In the order of all names: parents come before their children.
        changed = tuple(
            ItemConfig(name, texts[name]["modifiedMs"], texts[name]["xml"])
            for name in found["names"]
            if name in texts
        )
        return ItemConfigs(found["nowMs"], tuple(found["names"]), changed)

    def write_items(self, items: Sequence[ItemConfig]) -> None:
        written: set[str] = set()
        failed: dict[str, str] = {}
        for batch in batches({"name": item.name, "xml": item.xml} for item in items):
            try:
                found = self._change("write-items", items=batch)
            except Permanent as error:
                # Such as one that is too large for a request: it keeps none of the others from being written.
                failed |= {item["name"]: str(error) for item in batch}
                continue
            written.update(found["written"])
            failed |= found.get("failed", {})
        unmentioned = {item.name for item in items} - written - set(failed)
        _refuse(failed | dict.fromkeys(unmentioned, "not written"), "could not be configured")

    def delete_items(self, names: Sequence[str]) -> None:
        for batch in batches(names):
            self._change("delete-items", names=batch)

    def nodes(self) -> NodeSet:
        found = self._read("nodes")
        return NodeSet(found["nodes"], found["clouds"], found["executors"], tuple(found["busy"]))

    def add_nodes(self, nodes: NodeSet) -> None:
        # All clouds at once: they are one list of the controller. The last answer reads everything back.
        *first, last = batches(nodes.nodes.items())
        same = {"executors": nodes.executors, "agentPort": nodes.agent_port}
        for batch in first:
            self._change("add-nodes", nodes=dict(batch), clouds={}, **same)
        found = self._change("add-nodes", nodes=dict(last), clouds=dict(nodes.clouds), **same)
        missing = sorted(set(nodes.nodes) - set(found["nodes"]))
        if len(found["clouds"]) < len(nodes.clouds):
            missing.append("clouds")
        if found["executors"] != nodes.executors:
            missing.append("executors")
        if not _listens(found["agentPort"], nodes.agent_port):
            missing.append(
                f"the TCP agent port {nodes.agent_port} (does another program listen there, or slaveAgentPortEnforce hold another?)"
            )
        if missing:
            raise Permanent(f"not taken over: {', '.join(missing[:5])}")

    def withdraw_nodes(self) -> tuple[str, ...]:
        return tuple(self._change("withdraw-nodes")["left"])

    def ensure_secret_key(self) -> None:
        self._change("ensure-secret-key")


def _listens(found: int, wanted: int | None) -> bool:
    """``found``: the port at which it listens, -1 for none."""
    if wanted == 0:
        return found > 0
    return wanted in (None, found)


def _guard(found: dict[str, Any]) -> GuardState:
    return GuardState(
        Role(found["role"]), found["upgrade"], found["persisted"], tuple(found["busy"]), found["pending"]
    )


def _refuse(failed: Mapping[str, str], what: str) -> None:
    """Every name was tried before the first failure is told."""
    if failed:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(failed.items())[:5])
        raise Permanent(f"{len(failed)} jobs or folders {what}: {reasons}")
