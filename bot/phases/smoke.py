"""The smoke job: green builds a job that the bot makes, from the queue to a finished build, and nothing of it stays.

The job has no trigger, no parameter and nothing that follows it, and runs on green's built-in node, since a follower has no agents.
The guard lets exactly this name through.
"""

from __future__ import annotations

import re

from bot.errors import Permanent
from bot.model import NEVER_MS, BuildRef, ItemConfig, NodeSet, QueueItem
from bot.ports import Clock, Jenkins, Stop

__all__ = ["SUCCESS", "begin_smoke", "clear_smoke", "job_config", "job_name", "smoke_result"]

SUCCESS = "SUCCESS"
SECONDS = 60.0
"""How long the build may take to be queued, started and saved."""
LOOK_SECONDS = 0.5
LABEL = "built-in||master"
"""Homes from before 2.319 may call the built-in node by its old name still."""
NO_ACTIONS = "<list/>"


def begin_smoke(green: Jenkins, upgrade: str) -> None:
    """Make the job and queue it. What an earlier attempt left is cleared away first.

    :raises Permanent: when green's queue does not take it.
    """
    clear_smoke(green, upgrade)
    name = job_name(upgrade)
    green.write_items([ItemConfig(name, 0, job_config(green.identity().home))])
    green.add_nodes(NodeSet({}, {}, executors=1))
    item = QueueItem(0, name, 0, timer=False, actions=NO_ACTIONS, who="ci-upgrade", relay=None)
    submitted = green.submit(item, f"smoke-{upgrade}", "validation")
    if submitted.outcome != "submitted":
        raise Permanent(f"green does not take a job into its queue: {submitted.detail}")


def smoke_result(green: Jenkins, upgrade: str, clock: Clock, stop: Stop) -> str:
    """The build's result when it is saved, or in words why there is none."""
    name = job_name(upgrade)
    until = clock.now() + SECONDS
    while clock.now() < until:
        for build in green.builds(NEVER_MS, [BuildRef(name, 1)]).finished:
            if build.job == name:
                return build.result
        stop.wait(LOOK_SECONDS)
    return f"not built within {SECONDS:.0f} s"


def clear_smoke(green: Jenkins, upgrade: str) -> None:
    """A job that is deleted takes its queue item, its build and its history with it; a follower has no executors of its own."""
    green.delete_items([job_name(upgrade)])
    green.add_nodes(NodeSet({}, {}, executors=0))


def job_name(upgrade: str) -> str:
    """The guard script has the same rule."""
    return f"ci-upgrade-smoke-{upgrade}"


def job_config(home: str) -> str:
    """``config.xml`` of a freestyle job; the form of ``home`` tells which shell the controller has."""
    windows = re.match(r"[A-Za-z]:[\\/]", home) is not None
    builder = "hudson.tasks.BatchFile" if windows else "hudson.tasks.Shell"
    return (
        "<?xml version='1.1' encoding='UTF-8'?>\n"
        "<project><description>Made by ci-upgrade for its validation, and removed by it.</description>"
        '<keepDependencies>false</keepDependencies><properties/><scm class="hudson.scm.NullSCM"/>'
        f"<assignedNode>{LABEL}</assignedNode><canRoam>false</canRoam><disabled>false</disabled>"
        "<triggers/><concurrentBuild>false</concurrentBuild>"
        f"<builders><{builder}><command>echo ci-upgrade</command></{builder}></builders>"
        "<publishers/><buildWrappers/></project>"
    )
