"""Builds and their numbers: builds, reload, numbers, job-directories."""

from __future__ import annotations

from typing import Any

from rehearsal.jenkins.builds import Build
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.queue import now_ms
from rehearsal.jenkins.scripts.session import Session

__all__ = ["SCRIPTS"]


def builds(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    finished: dict[tuple[str, int], dict[str, Any]] = {}
    for job in controller.root.all_jobs():
        for build in job.newest_builds(controller.version):
            if build.timestamp < arguments["sinceMs"]:
                break
            if _is_over(session, job, build):
                finished[(job.full_name, build.number)] = _finished(session, job, build)
    for watched in arguments["watched"]:
        job_or_none = session.job(watched["job"])
        found = job_or_none and job_or_none.build(watched["number"], controller.version)
        if job_or_none is not None and found and _is_over(session, job_or_none, found):
            finished[(job_or_none.full_name, found.number)] = _finished(session, job_or_none, found)
    return {"nowMs": now_ms(), "finished": list(finished.values()), "running": _running(session)}


def _is_over(session: Session, job: Job, build: Build) -> bool:
    return not build.building and (job.full_name, build.number) not in session.controller.executing


def _running(session: Session) -> list[dict[str, Any]]:
    return [
        {
            "job": one.job.full_name,
            "number": one.build.number,
            "startedMs": one.build.start_time,
            "serial": not one.job.concurrent,
        }
        for one in session.controller.executing.values()
    ]


def _finished(session: Session, job: Job, build: Build) -> dict[str, Any]:
    return {
        "job": job.full_name,
        "number": build.number,
        "directory": str(build.directory.relative_to(session.controller.home)),
        "result": build.result,
        "startedMs": build.start_time,
        "endedMs": build.start_time + build.duration,
    }


def reload(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    missing: list[str] = []
    for name in arguments["jobs"]:
        item = session.controller.root.find(name)
        saving = any(
            one.job is item and not one.build.building for one in session.controller.executing.values()
        )
        if item is None or saving:
            missing.append(name)
        else:
            session.controller.reload_item(item)
    return {"missing": missing}


def numbers(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    for name, number in arguments["atLeast"].items():
        job = session.job(name)
        if job is not None:
            job.raise_number(number)
    return {"numbers": {job.full_name: job.next_number for job in session.controller.root.all_jobs()}}


def job_directories(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    return {
        "directories": {
            str(job.directory.relative_to(controller.home)): job.full_name
            for job in controller.root.all_jobs()
        }
    }


SCRIPTS = {"builds": builds, "reload": reload, "numbers": numbers, "job-directories": job_directories}
