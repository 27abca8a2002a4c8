"""Running one build in a thread: the log grows, time passes, the result is written when it ends."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.jenkins import documents
from rehearsal.jenkins.actions import TIMER, USER, Actions
from rehearsal.jenkins.builds import Build, write_build
from rehearsal.jenkins.computers import Computer
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.queue import QueueItem, now_ms
from rehearsal.jenkins.release import WITHOUT_LEGACY_IDS, at_least
from rehearsal.jenkins.steps import Step, pipeline_steps, shell_steps

if TYPE_CHECKING:
    from rehearsal.jenkins.controller import Controller

__all__ = ["Execution", "listed_pipelines", "resume", "start"]

_PROGRAM = "program.dat"
_RUNNING_PIPELINES = "org.jenkinsci.plugins.workflow.flow.FlowExecutionList.xml"
"""The saved state of a running pipeline: here when it ends and how, as JSON."""
_LOOK_SECONDS = 0.05


@dataclass
class Execution:
    """A build that runs now."""

    job: Job
    build: Build
    computer: Computer
    executor: int | None
    """None: a one-off executor."""
    steps: list[Step]
    wake: threading.Event = field(default_factory=threading.Event)
    """Set to make it look up: it was aborted, or the controller stops."""
    aborted: bool = False
    over: bool = False


def start(controller: Controller, item: QueueItem, computer: Computer, executor: int | None) -> None:
    """Run a pending item in a thread of its own."""
    threading.Thread(
        target=_run,
        args=(controller, item, computer, executor),
        name=f"Executor for {item.job.full_name}",
        daemon=True,
    ).start()


def resume(controller: Controller, job: Job, build: Build) -> None:
    """Go on with a pipeline that was running when its controller ended."""
    computer = controller.computers.built_in
    build.building = True
    computer.one_off.append(job)
    execution = Execution(job, build, computer, None, [])
    controller.executing[(job.full_name, build.number)] = execution
    controller.record_execution(job, build, resumed=True)
    build.append_log(f"Resuming build at {time.ctime()} after Jenkins restart\n")
    threading.Thread(
        target=_resume, args=(controller, execution), name=f"Resumed {job.full_name}", daemon=True
    ).start()


def finish(controller: Controller, execution: Execution, result: str) -> None:
    """Write the result and free the executor; a second call changes nothing. Takes the controller's lock."""
    build, job = execution.build, execution.job
    with controller.lock:
        if execution.over:
            return
        execution.over = True
        build.append_log(f"Finished: {result}\n")
        build.result = result
        build.duration = max(now_ms() - build.start_time, 1)
        build.completed = True
        build.building = False
    # It has ended, but is neither on disk yet nor off its executor.
    time.sleep(controller.options.seconds("rehearsal.save.seconds", 0))
    with controller.lock:
        if build.directory.is_dir():  # The job may have been deleted meanwhile.
            if not build.pipeline:
                documents.write_text(build.directory / "changelog.xml", "<log/>")
            write_build(build, controller.workspace(job))
            job.save_permalinks(controller.version)
        (build.directory / _PROGRAM).unlink(missing_ok=True)
        controller.executing.pop((job.full_name, build.number), None)
        _free(execution)
        if build.pipeline:
            save_running_pipelines(controller)
        controller.changed.notify_all()


def listed_pipelines(home: Path) -> frozenset[str]:
    """Jobs whose pipelines ran when the home was left: these are loaded, and so resumed, without anybody looking."""
    file = home / _RUNNING_PIPELINES
    if not file.exists():
        return frozenset()
    return frozenset(owner.findtext("job", "") for owner in documents.read(file))


def save_running_pipelines(controller: Controller) -> None:
    root = documents.Element("list")
    for execution in controller.executing.values():
        if execution.build.pipeline:
            owner = documents.child(
                root, "org.jenkinsci.plugins.workflow.job.WorkflowRun_-Owner", plugin="workflow-job"
            )
            documents.child(owner, "job", execution.job.full_name)
            documents.child(owner, "id", str(execution.build.number))
    documents.write(controller.home / _RUNNING_PIPELINES, root)


def _free(execution: Execution) -> None:
    if execution.executor is None:
        execution.computer.one_off.remove(execution.job)
    else:
        execution.computer.occupied.pop(execution.executor, None)


def _run(controller: Controller, item: QueueItem, computer: Computer, executor: int | None) -> None:
    with controller.lock:
        if controller.stopping:
            return
        execution = _begin(controller, item, computer, executor)
        controller.changed.notify_all()
    if execution.build.pipeline:
        _run_pipeline(controller, execution)
    else:
        _run_freestyle(controller, execution)


def _begin(controller: Controller, item: QueueItem, computer: Computer, executor: int | None) -> Execution:
    job = item.job
    number = job.take_number()
    build = Build(
        number=number,
        directory=job.builds_directory / str(number),
        pipeline=job.pipeline,
        queue_id=item.id,
        timestamp=now_ms(),
        start_time=now_ms(),
        built_on=computer.name,
        version=controller.version,
        actions=item.actions,
        building=True,
        script=job.command if job.pipeline else "",
        completed=False,
    )
    build.directory.mkdir(parents=True, exist_ok=True)
    if not at_least(controller.version, WITHOUT_LEGACY_IDS):
        (job.builds_directory / "legacyIds").touch()
    job.builds[number] = build
    controller.queue.started(item, number)
    steps = (pipeline_steps if job.pipeline else shell_steps)(job.command, _environment(job, build))
    execution = Execution(job, build, computer, executor, steps)
    controller.executing[(job.full_name, number)] = execution
    controller.record_execution(job, build, resumed=False)
    build.append_log(f"{_started_by(item.actions)}\n")
    if job.pipeline:
        ends = now_ms() + int(sum(step.seconds for step in steps) * 1000)
        until = [str(step.until) for step in steps if step.until]
        result = "FAILURE" if any(step.exit_code for step in steps) else "SUCCESS"
        (build.directory / "workflow").mkdir(exist_ok=True)
        documents.write_text(
            build.directory / _PROGRAM, json.dumps({"endsMs": ends, "until": until, "result": result})
        )
        write_build(build, controller.workspace(job))
        save_running_pipelines(controller)
    return execution


def _run_freestyle(controller: Controller, execution: Execution) -> None:
    build, job = execution.build, execution.job
    where = f"remotely on {execution.computer.name} " if execution.computer.name else ""
    build.append_log(f"Running as SYSTEM\nBuilding {where}in workspace {controller.workspace(job)}\n")
    if execution.steps:
        build.append_log(f"[{job.name}] $ /bin/sh -xe /tmp/jenkins{build.queue_id}{build.number}.sh\n")
    result = "SUCCESS"
    for step in execution.steps:
        build.append_log(f"+ {step.text}\n" + (f"{step.output}\n" if step.output else ""))
        if not _pass(execution, step.seconds, step.until):
            break
        if step.exit_code:
            build.append_log("Build step 'Execute shell' marked build as failure\n")
            result = "FAILURE"
    if execution.aborted:
        build.append_log("Build was aborted\n")
        result = "ABORTED"
    elif execution.wake.is_set():
        # The controller is being stopped: its executors are interrupted and the builds fail.
        result = "FAILURE"
    finish(controller, execution, result)


def _run_pipeline(controller: Controller, execution: Execution) -> None:
    execution.build.append_log("[Pipeline] Start of Pipeline\n")
    for step in execution.steps:
        execution.build.append_log(f"[Pipeline] {step.text}\n" + (f"{step.output}\n" if step.output else ""))
        if not _pass(execution, step.seconds, step.until):
            break
    _end_pipeline(controller, execution)


def _resume(controller: Controller, execution: Execution) -> None:
    try:
        program = json.loads((execution.build.directory / _PROGRAM).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A pipeline whose program is lost cannot go on.
        finish(controller, execution, "FAILURE")
        return
    _pass(execution, program["endsMs"] / 1000 - time.time(), *(Path(file) for file in program["until"]))
    _end_pipeline(controller, execution)


def _pass(execution: Execution, seconds: float, *files: Path | None) -> bool:
    """Let time pass and files appear; False as soon as the execution is told to look up."""
    execution.wake.wait(max(0.0, seconds))
    while not execution.wake.is_set() and not all(file.exists() for file in files if file):
        execution.wake.wait(_LOOK_SECONDS)
    return not execution.wake.is_set()


def _end_pipeline(controller: Controller, execution: Execution) -> None:
    while controller.quieting_down and not execution.wake.is_set():
        execution.wake.wait(0.2)  # Quiet-down pauses running pipelines.
    if execution.aborted:
        finish(controller, execution, "ABORTED")
    elif not execution.wake.is_set():
        program = json.loads((execution.build.directory / _PROGRAM).read_text(encoding="utf-8"))
        execution.build.append_log("[Pipeline] End of Pipeline\n")
        finish(controller, execution, program["result"])
    # Otherwise the controller is being stopped: what is on disk is what another start resumes from.


def _environment(job: Job, build: Build) -> dict[str, str]:
    values = {
        parameter.value("name") or "": parameter.value("value") or ""
        for parameter in build.actions.parameters or ()
    }
    return {**values, "BUILD_NUMBER": str(build.number), "JOB_NAME": job.full_name}


def _started_by(actions: Actions) -> str:
    for cause in actions.causes:
        if cause.java_class == USER:
            return f"Started by user {cause.value('userId')}"
        if cause.java_class == TIMER:
            return "Started by timer"
    return "Started by remote host" if actions.causes else "Started"
