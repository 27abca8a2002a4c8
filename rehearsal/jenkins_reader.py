"""Reads builds, queue and executors of one Jenkins by REST. Works on a stand-in and on a real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from rehearsal.catalogue import job_path
from rehearsal.sightings import Build

__all__ = ["JenkinsReader", "NoAnswer"]

TIMEOUT_SECONDS = 20.0
FOLDERS = 2
"""Levels of jobs that are looked at."""
_BUILD = "number,timestamp,duration,building,inProgress,result,actions[parameters[name,value],causes[_class]]"
_TIMER = "hudson.triggers.TimerTrigger$TimerTriggerCause"


class NoAnswer(Exception):
    """The instance is not there, is starting, or answered something else than asked."""


@dataclass(frozen=True, slots=True)
class _Answer:
    body: Any
    version: str | None


class JenkinsReader:
    """Every verb raises :class:`NoAnswer`. For one thread."""

    def __init__(self, address: str, user: str, token: str) -> None:
        """``address`` without a trailing slash, of an instance or of the router."""
        self.address = address
        self._session = requests.Session()
        self._session.auth = (user, token)
        self._session.trust_env = False

    def version(self, path: str = "/api/json?tree=mode") -> str | None:
        """The release that answers at the path."""
        return self._get(path).version

    def jobs(self) -> list[str]:
        """Full names of all jobs."""
        fields = "fullName,buildable"
        return [
            job["fullName"]
            for job in _flat(self._get(f"/api/json?tree={_jobs(fields)}").body)
            if "buildable" in job
        ]

    def newest(self, count: int) -> dict[str, list[Build]]:
        """Job → its newest builds, newest first."""
        fields = f"fullName,builds[{_BUILD}]{{0,{count}}}"
        jobs = _flat(self._get(f"/api/json?tree={_jobs(fields)}").body)
        return {job["fullName"]: _builds(job, "builds") for job in jobs if "builds" in job}

    def of_job(self, job: str, count: int) -> list[Build]:
        """One job's newest builds; more than the hundred that ``builds`` alone would show."""
        tree = f"fullName,allBuilds[{_BUILD}]{{0,{count}}}"
        return _builds(self._get(f"{job_path(job)}api/json?tree={tree}").body, "allBuilds")

    def history(self) -> list[Build]:
        """Every build of every job."""
        fields = f"fullName,allBuilds[{_BUILD}]"
        jobs = _flat(self._get(f"/api/json?tree={_jobs(fields)}").body)
        return [build for job in jobs if "allBuilds" in job for build in _builds(job, "allBuilds")]

    def idle(self) -> bool:
        """Nothing is queued and no executor is busy, one-off executors included."""
        if self._get("/queue/api/json?tree=items[id]").body["items"]:
            return False
        executor = "[currentExecutable[number]]"
        tree = f"computer[executors{executor},oneOffExecutors{executor}]"
        computers = self._get(f"/computer/api/json?tree={tree}").body["computer"]
        return not any(
            one.get("currentExecutable")
            for computer in computers
            for one in (*computer.get("executors", ()), *computer.get("oneOffExecutors", ()))
        )

    def resumed(self) -> set[tuple[str, int]]:
        """Builds (job, number) that this instance went on with when it started. Only the stand-in tells; others: empty."""
        try:
            executions = self._get("/rehearsal/executions").body
        except NoAnswer:
            return set()
        return {(one["job"], one["number"]) for one in executions if one["resumed"]}

    def close(self) -> None:
        self._session.close()

    def _get(self, path: str) -> _Answer:
        try:
            answer = self._session.get(self.address + path, timeout=TIMEOUT_SECONDS)
            if answer.status_code != 200:
                raise NoAnswer(f"{self.address}{path.partition('?')[0]} answered {answer.status_code}")
            return _Answer(answer.json(), answer.headers.get("X-Jenkins"))
        except (requests.RequestException, ValueError) as error:
            raise NoAnswer(f"{self.address}: {error}") from error


def _jobs(fields: str) -> str:
    """A ``tree`` of the fields of all jobs, also of those in folders."""
    tree = f"jobs[{fields}]"
    for _ in range(FOLDERS - 1):
        tree = f"jobs[{fields},{tree}]"
    return tree


def _flat(folder: Any) -> Iterator[Any]:
    for item in folder.get("jobs", ()):
        yield item
        yield from _flat(item)


def _builds(job: Any, key: str) -> list[Build]:
    return [_build(job["fullName"], build) for build in job.get(key) or ()]


def _build(job: str, data: Any) -> Build:
    actions = [action for action in data.get("actions", ()) if action]
    parameters = [one for action in actions for one in action.get("parameters", ())]
    causes = [cause["_class"] for action in actions for cause in action.get("causes", ())]
    return Build(
        job=job,
        number=data["number"],
        started_ms=data["timestamp"],
        duration_ms=data["duration"],
        # Before its first step a build is not yet "inProgress", after its last one no longer "building" though not all is written.
        running=bool(data["building"] or data.get("inProgress")),
        result=data["result"],
        ticket=next((str(one.get("value")) for one in parameters if one["name"] == "TICKET"), None),
        timer=_TIMER in causes,
    )
