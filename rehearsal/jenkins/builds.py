"""One build, in memory and in its directory ``builds/<number>``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins.actions import Actions
from rehearsal.jenkins.documents import Element, ParseError, child, text_of

__all__ = ["Build", "read_build", "write_build", "write_permalinks"]

WORKFLOW_PLUGIN = "workflow-job@1400.v7fd111b_ec82f"


@dataclass
class Build:
    number: int
    directory: Path
    pipeline: bool
    queue_id: int = -1
    timestamp: int = 0
    """When it was scheduled to run, milliseconds since the epoch."""
    start_time: int = 0
    duration: int = 0
    """Milliseconds; 0 while it runs."""
    result: str | None = None
    built_on: str = ""
    version: str = ""
    """The Jenkins that ran it."""
    actions: Actions = field(default_factory=Actions)
    building: bool = False
    script: str = ""
    """Of a pipeline."""
    completed: bool = True
    """False on disk: a pipeline that has to be resumed."""

    def log_text(self) -> str:
        path = self.directory / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def append_log(self, text: str) -> None:
        with (self.directory / "log").open("a", encoding="utf-8") as file:
            file.write(text)


def read_build(directory: Path) -> Build | None:
    """Load a build as a real one does: no readable ``build.xml`` → no build; no result → FAILURE, unless it is a pipeline."""
    if not directory.name.isdigit():
        return None
    try:
        root = documents.read(directory / "build.xml")
    except (OSError, ParseError):
        return None
    pipeline = root.tag == "flow-build"
    completed = not pipeline or text_of(root, "completed", "true") == "true"
    result = text_of(root, "result") or None
    return Build(
        number=int(directory.name),
        directory=directory,
        pipeline=pipeline,
        queue_id=int(text_of(root, "queueId", "-1")),
        timestamp=int(text_of(root, "timestamp", "0")),
        start_time=int(text_of(root, "startTime", "0")),
        duration=int(text_of(root, "duration", "0")),
        result=result if result or not completed else "FAILURE",
        built_on=text_of(root, "builtOn"),
        version=text_of(root, "hudsonVersion"),
        actions=Actions.from_element(root.find("actions")),
        script=text_of(root, "execution/script"),
        completed=completed,
    )


def write_build(build: Build, workspace: str) -> None:
    """Write ``build.xml`` in one step."""
    root = Element("flow-build", plugin=WORKFLOW_PLUGIN) if build.pipeline else Element("build")
    build.actions.append_to(child(root, "actions"), definitions=True)
    child(root, "queueId", str(build.queue_id))
    child(root, "timestamp", str(build.timestamp))
    child(root, "startTime", str(build.start_time))
    if build.result is not None:
        child(root, "result", build.result)
    child(root, "duration", str(build.duration))
    child(root, "charset", "UTF-8")
    child(root, "keepLog", "false")
    if build.pipeline:
        _execution(root, build)
        child(root, "completed", "true" if build.completed else "false")
        child(root, "checkouts", **{"class": "hudson.util.PersistedList"})
    else:
        child(root, "builtOn", build.built_on)
        child(root, "workspace", workspace)
        child(root, "hudsonVersion", build.version)
        child(root, "scm", **{"class": "hudson.scm.NullChangeLogParser"})
        culprits = child(root, "culprits", **{"class": "java.util.Collections$UnmodifiableSet"})
        child(culprits, "c", **{"class": "sorted-set"})
    documents.write(build.directory / "build.xml", root)


def write_permalinks(
    builds_directory: Path, successful: int | None, failed: int | None, completed: int | None
) -> None:
    """``builds/permalinks``: which build each permalink means, -1 for none."""
    lines = [
        f"lastCompletedBuild {_or_none(completed)}",
        f"lastFailedBuild {_or_none(failed)}",
        f"lastStableBuild {_or_none(successful)}",
        f"lastSuccessfulBuild {_or_none(successful)}",
        "lastUnstableBuild -1",
        f"lastUnsuccessfulBuild {_or_none(failed)}",
    ]
    documents.write_text(builds_directory / "permalinks", "\n".join(lines) + "\n")


def _or_none(number: int | None) -> int:
    return -1 if number is None else number


def _execution(root: Element, build: Build) -> None:
    # The execution carries a <result> of its own, SUCCESS from the start, as in a real one: a trap for readers.
    execution = child(root, "execution", **{"class": "org.jenkinsci.plugins.workflow.cps.CpsFlowExecution"})
    child(execution, "result", build.result or "SUCCESS")
    child(execution, "script", build.script)
    child(execution, "loadedScripts", **{"class": "map"})
    child(execution, "durabilityHint", "MAX_SURVIVABILITY")
    child(execution, "timings", **{"class": "map"})
    child(execution, "sandbox", "true")
    child(execution, "iota", "4" if build.completed else "3")
    child(execution, "head", "1:4" if build.completed else "1:3")
    child(execution, "done", "true" if build.completed else "false")
    child(execution, "resumeBlocked", "false")
