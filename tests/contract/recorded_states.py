"""The recordings of a real Jenkins, and how to bring a controller into the state in which each was made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.contract.standin import Standin, wait_until

__all__ = ["PREPARE", "RECORDINGS", "job", "ran", "recording", "release"]

RECORDINGS = Path(__file__).parent / "recordings" / "jenkins-2.426.2"
JOB = (
    "<?xml version='1.1' encoding='UTF-8'?><project><description>demo</description><keepDependencies>false</keepDependencies><properties>"
    "<hudson.model.ParametersDefinitionProperty><parameterDefinitions><hudson.model.StringParameterDefinition><name>BRANCH</name>"
    "<defaultValue>main</defaultValue></hudson.model.StringParameterDefinition></parameterDefinitions></hudson.model.ParametersDefinitionProperty>"
    '</properties><scm class="hudson.scm.NullSCM"/><canRoam>true</canRoam><disabled>false</disabled><concurrentBuild>false</concurrentBuild>'
    "<triggers>{triggers}</triggers><builders><hudson.tasks.Shell><command>{command}</command></hudson.tasks.Shell></builders>"
    "<publishers/><buildWrappers/></project>"
)


def recording(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found


def job(
    jenkins: Standin, name: str, command: str = "echo building $BRANCH; sleep 1; exit 0", triggers: str = ""
) -> None:
    """Make the job unless it is there."""
    answer = jenkins.send(
        "POST",
        "/createItem",
        params={"name": name},
        data=JOB.format(command=command, triggers=triggers).encode(),
    )
    assert answer.status_code in (200, 400)


def no_job(jenkins: Standin, name: str) -> None:
    jenkins.send("POST", f"/job/{quote(name)}/doDelete")


def ran(jenkins: Standin, name: str, command: str) -> None:
    """The job has exactly one build, and it is over."""
    no_job(jenkins, name)
    job(jenkins, name, command)
    jenkins.send("POST", f"/job/{name}/buildWithParameters", params={"delay": "0sec", "BRANCH": "main"})
    jenkins.finished(name, 1)


def running(jenkins: Standin, name: str) -> None:
    no_job(jenkins, name)
    job(jenkins, name, "sleep 30")
    jenkins.send("POST", f"/job/{name}/buildWithParameters", params={"delay": "0sec", "BRANCH": "release-7"})
    wait_until(lambda: jenkins.send("GET", f"/job/{name}/1/api/json").status_code == 200, "it runs")


def in_queue_behind_busy_executors(jenkins: Standin) -> None:
    for name in ("busy-1", "busy-2"):
        running(jenkins, name)
    no_job(jenkins, "long")
    job(jenkins, "long")
    jenkins.send("POST", "/job/long/buildWithParameters", params={"delay": "0sec"})
    wait_until(
        lambda: jenkins.get("/job/long/api/json")["queueItem"]["_class"].endswith("BuildableItem"),
        "it waits for an executor",
    )


def queued(jenkins: Standin) -> str:
    """An item in its quiet period; returns the path that asks for it."""
    no_job(jenkins, "api-build")
    job(jenkins, "api-build")
    answer = jenkins.send("POST", "/job/api-build/buildWithParameters", params={"BRANCH": "release-7"})
    return "/queue/item/" + answer.headers["Location"].rstrip("/").rpartition("/")[2] + "/api/json"


def started_item(jenkins: Standin) -> str:
    no_job(jenkins, "api-build")
    job(jenkins, "api-build")
    answer = jenkins.send("POST", "/job/api-build/buildWithParameters", params={"delay": "0sec"})
    path = "/queue/item/" + answer.headers["Location"].rstrip("/").rpartition("/")[2] + "/api/json"
    wait_until(lambda: jenkins.get(path).get("executable"), "the item became a build")
    return path


def held(jenkins: Standin) -> str:
    """An item blocked by a dispatcher, of a job with a history; returns the path that cancels it."""
    release(jenkins)
    ran(jenkins, "api-build", "echo done")
    jenkins.send(
        "POST",
        "/scriptText",
        data={"script": json.loads(recording("script-hold")["request"]["data"])["script"]},
    )
    answer = jenkins.send(
        "POST", "/job/api-build/buildWithParameters", params={"delay": "0sec", "BRANCH": "held"}
    )
    number = answer.headers["Location"].rstrip("/").rpartition("/")[2]
    wait_until(lambda: jenkins.get(f"/queue/item/{number}/api/json")["blocked"], "the item is held")
    return f"/queue/cancelItem?id={number}"


def release(jenkins: Standin) -> None:
    jenkins.send(
        "POST",
        "/scriptText",
        data={"script": json.loads(recording("script-release")["request"]["data"])["script"]},
    )
    for item in jenkins.get("/queue/api/json")["items"]:
        jenkins.send("POST", f"/queue/cancelItem?id={item['id']}")


def cancelled(jenkins: Standin) -> str:
    path = held(jenkins)
    assert jenkins.send("POST", path).status_code == 204
    return path


def with_agent(jenkins: Standin) -> None:
    node = json.loads(recording("create-node")["request"]["data"])
    jenkins.send("POST", "/computer/agent-1/doDelete")
    assert (
        jenkins.send(
            "POST", "/computer/doCreateItem?name=agent-1&type=hudson.slaves.DumbSlave", data=node
        ).status_code
        == 302
    )
    running(jenkins, "busy-1")


def empty_queue(jenkins: Standin) -> None:
    release(jenkins)


def no_jobs(jenkins: Standin) -> None:
    for one in jenkins.get("/api/json")["jobs"]:
        no_job(jenkins, one["name"])


def no_agent(jenkins: Standin) -> None:
    jenkins.send("POST", "/computer/agent-1/doDelete")


def quiet(jenkins: Standin) -> None:
    jenkins.send("POST", "/quietDown?message=upgrade%20soon")


def held_in_queue(jenkins: Standin) -> None:
    held(jenkins)


Preparation = Callable[[Standin], str | None]
PREPARE: dict[str, Preparation] = {
    "create-item": lambda jenkins: no_job(jenkins, "api-build"),
    "create-item-exists": lambda jenkins: job(jenkins, "api-build"),
    "create-item-unicode": lambda jenkins: no_job(jenkins, "web ü +"),
    "root": no_jobs,
    "build-with-parameters": lambda jenkins: job(jenkins, "api-build"),
    "build-without-parameters": lambda jenkins: job(jenkins, "long"),
    "queue-item-quiet-period": queued,
    "queue-item-started": started_item,
    "build-running-or-done": lambda jenkins: running(jenkins, "api-build"),
    "computer-busy": lambda jenkins: running(jenkins, "api-build"),
    "computer-with-agent": with_agent,
    "create-node": no_agent,
    "node-toggle-offline": with_agent,
    "script-agents": with_agent,
    "job-depth1": in_queue_behind_busy_executors,
    "job-finished": lambda jenkins: ran(jenkins, "api-build", "echo done"),
    "job-reload": lambda jenkins: job(jenkins, "api-build"),
    "config-xml": lambda jenkins: job(jenkins, "api-build"),
    "build-failed": lambda jenkins: ran(jenkins, "failing", "echo building main; exit 3"),
    "console": lambda jenkins: ran(jenkins, "failing", "echo building main; sleep 1; exit 3"),
    "build-long-finished": lambda jenkins: ran(jenkins, "long", "echo done"),
    "job-nightly": lambda jenkins: ran(jenkins, "nightly", "echo done"),
    "queue-held": held_in_queue,
    "queue-held-tree": held_in_queue,
    "script-queue-params": held_in_queue,
    "script-release": held_in_queue,
    "queue-cancel": held,
    "queue-cancel-again": cancelled,
    "queue-quiet": empty_queue,
    "root-quiet": quiet,
}
