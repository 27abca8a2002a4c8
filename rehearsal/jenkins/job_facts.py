"""What is derived from a job's builds: permalinks, the ball's colour, the estimate, the weather."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from rehearsal.jenkins.builds import Build
from rehearsal.jenkins.items import Job

__all__ = ["PERMALINKS", "color", "estimated_duration", "last_build", "weather"]

_MEANINGS: dict[str, Callable[[Build], bool]] = {
    "lastBuild": lambda _: True,
    "lastCompletedBuild": lambda build: not build.building,
    "lastFailedBuild": lambda build: build.result == "FAILURE",
    "lastStableBuild": lambda build: build.result == "SUCCESS",
    "lastSuccessfulBuild": lambda build: build.result in ("SUCCESS", "UNSTABLE"),
    "lastUnstableBuild": lambda build: build.result == "UNSTABLE",
    "lastUnsuccessfulBuild": lambda build: build.result not in ("SUCCESS", None),
}
PERMALINKS = tuple(_MEANINGS)


def last_build(job: Job, permalink: str, version: str) -> Build | None:
    """The build that a permalink such as ``lastSuccessfulBuild`` means.

    :raises KeyError: when there is no such permalink.
    """
    meaning = _MEANINGS[permalink]
    return next((build for build in job.newest_builds(version) if meaning(build)), None)


def color(job: Job, version: str) -> str:
    """The colour of a job's ball: of its last completed build, ``_anime`` while one runs."""
    last = last_build(job, "lastCompletedBuild", version)
    colors = {"SUCCESS": "blue", "UNSTABLE": "yellow", "FAILURE": "red", "ABORTED": "aborted"}
    base = "disabled" if job.disabled else colors.get(last.result or "", "notbuilt") if last else "notbuilt"
    return base + ("_anime" if job.running() else "")


def estimated_duration(job: Job, version: str) -> int:
    """Mean duration in milliseconds of up to three builds that ended well, else of any that ended; -1 when there are none."""
    done = [build for build in itertools.islice(job.newest_builds(version), 6) if not build.building]
    durations = [build.duration for build in done if build.result == "SUCCESS"] or [
        build.duration for build in done
    ]
    return sum(durations[:3]) // len(durations[:3]) if durations else -1


def weather(job: Job, version: str) -> dict[str, Any] | None:
    """Stability over the last five completed builds, as a health report shows it; None when there are none."""
    done = list(itertools.islice((build for build in job.newest_builds(version) if not build.building), 5))
    if not done:
        return None
    failed = sum(build.result != "SUCCESS" for build in done)
    score = 100 * (len(done) - failed) // len(done)
    text = f"{failed} out of the last {len(done)} builds failed." if failed else "No recent builds failed."
    band = min(score // 20 * 20, 80)
    icon = f"health-{band:02d}" + ("plus" if band == 80 else f"to{band + 19:02d}")
    return {
        "description": f"Build stability: {text}",
        "iconClassName": f"icon-{icon}",
        "iconUrl": f"{icon}.png",
        "score": score,
    }
