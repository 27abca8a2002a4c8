"""Dying on purpose, for the rehearsal: every journalled intent is a place where the process may be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

from bot.context import CrashPoint

__all__ = ["MOMENTS_VARIABLE", "VARIABLE", "crash_point"]

VARIABLE = "CI_UPGRADE_KILL_ONCE_DIRECTORY"
MOMENTS_VARIABLE = "CI_UPGRADE_KILL_MOMENTS"
_MARKS = {"before": "before", "acted": "after"}
"""Before an intent is journalled, and after the act but before its outcome is: the two moments with the most to go wrong.
That the moment between intent and act is safe as well is shown on virtual time, where it costs nothing."""


def crash_point(environ: Mapping[str, str]) -> CrashPoint:
    """Without the variable: does nothing. With it: the process kills itself once at each point and leaves a marker file there.

    When the other variable says ``either``, the point's name decides at which of the two moments: half as many deaths.
    """
    directory = environ.get(VARIABLE)
    if not directory:
        return lambda _moment, _point: None
    either = environ.get(MOMENTS_VARIABLE) == "either"

    def crash_once(moment: str, point: str) -> None:
        if moment not in _MARKS or (either and moment != sorted(_MARKS)[crc32(point.encode()) % 2]):
            return
        marker = Path(directory) / f"{_MARKS[moment]}:{point}"
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    return crash_once
