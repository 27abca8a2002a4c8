"""What a build does, read out of its job's shell command or pipeline script. Nothing is ever executed.

A build that goes on until it is told waits for a file: ``until [ -e FILE ]; do sleep 1; done`` in a shell, ``waitUntil {
fileExists('FILE') }`` in a pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Step", "pipeline_steps", "shell_steps"]

_SHELL_STATEMENT = re.compile(r"[;\n]|&&")
_SLEEP = re.compile(r"\bsleep\s*(?:\(\s*)?(?:time:\s*)?['\"]?(\d+(?:\.\d+)?)")
_ECHO = re.compile(r"^\s*echo\s*\(?\s*(.*?)\)?\s*$")
_EXIT = re.compile(r"^\s*exit\s+(\d+)")
_UNTIL = re.compile(r"^until\s*\[\s*-e\s+['\"]?([^'\"\s\]]+)|^fileExists\s*\(?\s*['\"]([^'\"]+)")
_ERROR = re.compile(r"^\s*error\b")


@dataclass(frozen=True)
class Step:
    text: str
    """As the log shows it."""
    seconds: float = 0.0
    """How long it takes."""
    until: Path | None = None
    """It takes until this file exists."""
    output: str = ""
    exit_code: int | None = None
    """Ends the build when given."""


def shell_steps(command: str, environment: Mapping[str, str]) -> list[Step]:
    """``sleep``, ``until``, ``echo`` and ``exit`` of a shell command; other statements take no time and say nothing."""
    steps: list[Step] = []
    for raw in _SHELL_STATEMENT.split(command):
        text = _expand(raw.strip(), environment)
        if not text or text.startswith("#"):
            continue
        leave, wait, say = _EXIT.match(text), _SLEEP.match(text), _ECHO.match(text)
        file = _awaited(text)
        if file:
            steps.append(Step(text, until=file))
        elif leave:
            steps.append(Step(text, exit_code=int(leave[1])))
            break
        if wait:
            steps.append(Step(text, seconds=float(wait[1])))
        else:
            steps.append(Step(text, output=say[1].strip("'\"") if say else ""))
    return steps


def pipeline_steps(script: str, environment: Mapping[str, str]) -> list[Step]:
    """``sleep``, ``fileExists``, ``echo`` and ``error`` of a pipeline script, wherever they stand in it."""
    steps: list[Step] = []
    for raw in re.split(r"[;\n{}]", _expand(script, environment)):
        text = raw.strip()
        wait, say = _SLEEP.match(text), _ECHO.match(text)
        file = _awaited(text)
        if file:
            steps.append(Step("waitUntil", until=file))
        elif _ERROR.match(text):
            steps.append(Step(text, exit_code=1))
            break
        if wait:
            steps.append(Step(text, seconds=float(wait[1])))
        elif say:
            steps.append(Step("echo", output=say[1].strip("'\"")))
    return steps


def _awaited(text: str) -> Path | None:
    found = _UNTIL.match(text)
    return Path(found[1] or found[2]) if found else None


def _expand(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{?(?:params\.)?(\w+)\}?", lambda found: environment.get(found[1], found[0]), text)
