"""What the REST API shows of nodes, executors and labels."""

from __future__ import annotations

import functools
import shutil

from rehearsal.jenkins.beans import Beans
from rehearsal.jenkins.computers import Computer
from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.export import ALWAYS, Bean, Property
from rehearsal.jenkins.items import Job

__all__ = ["ComputerBeans"]

_LOADS = (
    "availableExecutors",
    "busyExecutors",
    "connectingExecutors",
    "definedExecutors",
    "idleExecutors",
    "onlineExecutors",
    "queueLength",
    "totalExecutors",
)


class ComputerBeans:
    def __init__(self, controller: Controller, beans: Beans) -> None:
        self._controller = controller
        self._beans = beans

    def set(self) -> Bean:
        computers = self._controller.computers.all()
        online = [one for one in computers if not one.offline]
        return Bean(
            "hudson.model.ComputerSet",
            (
                Property(
                    "busyExecutors", lambda: sum(len(one.occupied) + len(one.one_off) for one in computers)
                ),
                Property("computer", lambda: [self.computer(one) for one in computers], inline=True),
                Property("displayName", lambda: "Nodes"),
                Property("totalExecutors", lambda: sum(one.executors for one in online)),
            ),
        )

    def computer(self, computer: Computer) -> Bean:
        built_in = computer is self._controller.computers.built_in
        inbound = not built_in and not computer.launchable
        icon = "symbol-computer" if not computer.offline else "symbol-computer-offline"
        message = computer.offline_message or ""
        return Bean(
            "hudson.model.Hudson$MasterComputer" if built_in else "hudson.slaves.SlaveComputer",
            (
                Property("actions", list),
                Property("assignedLabels", lambda: [self._label(name) for name in sorted(computer.labels)]),
                Property("description", lambda: computer.description),
                Property("displayName", lambda: computer.display_name),
                Property(
                    "executors",
                    lambda: [
                        self._executor(computer, number) for number in range(self._executor_count(computer))
                    ],
                ),
                Property("icon", lambda: icon),
                Property("iconClassName", lambda: icon),
                Property("idle", lambda: computer.idle),
                Property("jnlpAgent", lambda: inbound),
                Property("launchSupported", lambda: not inbound),
                Property("loadStatistics", lambda: _load_statistics()),
                Property("manualLaunchAllowed", lambda: True),
                Property("monitorData", lambda: self._monitor_data(computer), inline=True),
                Property("numExecutors", lambda: computer.executors),
                Property("offline", lambda: computer.offline),
                Property("offlineCause", lambda: _offline_cause(message)),
                Property("offlineCauseReason", lambda: message),
                Property("oneOffExecutors", lambda: self._one_off(computer)),
                Property("temporarilyOffline", lambda: computer.offline_message is not None),
                *(
                    ()
                    if built_in
                    else (
                        Property("absoluteRemotePath", lambda: None if computer.offline else "/home/jenkins"),
                    )
                ),
            ),
        )

    def _executor_count(self, computer: Computer) -> int:
        return max([computer.executors, *(number + 1 for number in computer.occupied)])

    def _executor(self, computer: Computer, number: int) -> Bean:
        busy = number in computer.occupied
        return Bean(
            None,
            (
                Property("currentExecutable", lambda: self._executable(computer, number)),
                Property("idle", lambda: not busy),
                Property("likelyStuck", lambda: False),
                Property("number", lambda: number),
                Property("progress", lambda: -1),
            ),
        )

    def _executable(self, computer: Computer, number: int | None) -> Bean | None:
        for execution in self._controller.executing.values():
            if execution.computer is computer and execution.executor == number:
                return self._beans.build(execution.job, execution.build)
        return None

    def _one_off(self, computer: Computer) -> list[Bean]:
        running = [
            one
            for one in self._controller.executing.values()
            if one.computer is computer and one.executor is None
        ]
        return [
            Bean(
                "hudson.model.OneOffExecutor",
                (
                    Property("currentExecutable", functools.partial(self._beans.build, one.job, one.build)),
                    Property("idle", lambda: False),
                    Property("likelyStuck", lambda: False),
                    Property("number", lambda: -1),
                    Property("progress", lambda: -1),
                ),
            )
            for one in running
        ]

    def _label(self, name: str) -> Bean:
        nodes = [one for one in self._controller.computers.all() if name in one.labels]
        total = sum(one.executors for one in nodes if not one.offline)
        busy = sum(len(one.occupied) for one in nodes)
        tied: list[Job] = [
            job for job in self._controller.root.all_jobs() if job.label == name and not job.pipeline
        ]
        return Bean(
            None,
            (
                Property("actions", list),
                Property("busyExecutors", lambda: busy),
                Property("clouds", list),
                Property("description", lambda: None),
                Property("idleExecutors", lambda: total - busy),
                Property("loadStatistics", lambda: _load_statistics()),
                Property("name", lambda: name, 2),
                Property("nodes", lambda: [self._node(one) for one in nodes]),
                Property("offline", lambda: all(one.offline for one in nodes)),
                Property("tiedJobs", lambda: [self._beans.job(job) for job in tied]),
                Property("totalExecutors", lambda: total),
                Property("propertiesList", list),
            ),
        )

    def _node(self, computer: Computer) -> Bean:
        if computer is self._controller.computers.built_in:
            return self._beans.root()
        return Bean(
            "hudson.slaves.DumbSlave",
            (
                Property("assignedLabels", lambda: [self._label(name) for name in sorted(computer.labels)]),
                Property("mode", lambda: "EXCLUSIVE" if computer.exclusive else "NORMAL"),
                Property("nodeDescription", lambda: computer.description),
                Property("nodeName", lambda: computer.name, ALWAYS),
                Property("numExecutors", lambda: computer.executors),
            ),
        )

    def _monitor_data(self, computer: Computer) -> dict[str, object]:
        names = (
            "SwapSpaceMonitor",
            "TemporarySpaceMonitor",
            "DiskSpaceMonitor",
            "ArchitectureMonitor",
            "ResponseTimeMonitor",
            "ClockMonitor",
        )
        if computer.offline:
            return {f"hudson.node_monitors.{name}": None for name in names}
        disk = shutil.disk_usage(self._controller.home)
        space = {
            "_class": "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace",
            "timestamp": self._controller.started_ms,
        }
        values: tuple[object, ...] = (
            {
                "_class": "hudson.node_monitors.SwapSpaceMonitor$MemoryUsage2",
                "availablePhysicalMemory": self._controller.options.max_memory_bytes,
                "availableSwapSpace": 0,
                "totalPhysicalMemory": self._controller.options.max_memory_bytes,
                "totalSwapSpace": 0,
            },
            {**space, "path": "/tmp", "size": disk.free},  # noqa: S108  a text to show, as the real one shows it
            {**space, "path": str(self._controller.home), "size": disk.free},
            "Linux (amd64)",
            {
                "_class": "hudson.node_monitors.ResponseTimeMonitor$Data",
                "timestamp": self._controller.started_ms,
                "average": 0,
            },
            {"_class": "hudson.util.ClockDifference", "diff": 0},
        )
        return {f"hudson.node_monitors.{name}": value for name, value in zip(names, values, strict=True)}


def _load_statistics() -> Bean:
    spans = Bean(None, tuple(Property(name, lambda: Bean(None)) for name in ("hour", "min", "sec10")))
    return Bean("hudson.model.Label$1", tuple(Property(name, lambda: spans) for name in _LOADS))


def _offline_cause(message: str) -> Bean | None:
    if not message:
        return None
    return Bean("hudson.slaves.OfflineCause$UserCause", (Property("description", lambda: message, ALWAYS),))
