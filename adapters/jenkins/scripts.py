"""The Groovy resources: filled with arguments, and their results read. See scripts/README.md for what each takes and gives."""

from __future__ import annotations

import base64
import json
from functools import cache
from importlib import resources
from typing import Any

from bot.errors import Permanent

__all__ = ["fill", "guard_script", "persisted_guard", "result_of"]

MARK = "CI-UPGRADE-RESULT:"
PLACE = "@ARGUMENTS@"
LITERAL_LIMIT = 60_000
"""A string literal of a class file holds at most 65,535 bytes (JVM specification, 4.4.7)."""


def fill(name: str, arguments: dict[str, Any]) -> str:
    """The script's text with its arguments in it, as base64: nothing is ever interpolated."""
    packed = _packed(json.dumps(arguments))
    if len(packed) <= LITERAL_LIMIT:
        return _text(name).replace(PLACE, packed)
    parts = [packed[start : start + LITERAL_LIMIT] for start in range(0, len(packed), LITERAL_LIMIT)]
    return _text(name).replace(f"'{PLACE}'", "[" + ",".join(f"'{part}'" for part in parts) + "].join('')")


def result_of(name: str, output: str) -> Any:
    """The JSON result in a script's output.

    :raises Permanent: when there is none: ``/scriptText`` answers 200 also when a script fails, with the error as text.
    """
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    first = next((line for line in output.splitlines() if line.strip()), "no output")
    raise Permanent(f"script {name} failed on the controller: {first[:300]}")


def guard_script(upgrade: str) -> str:
    """The self-contained guard for ``init.groovy.d`` that makes a starting instance a follower of this upgrade."""
    return fill("guard", {"role": "follower", "upgrade": upgrade, "busy": [], "source": None})


def persisted_guard(upgrade: str) -> str:
    """The same as base64, for a running instance to write it there itself."""
    return _packed(guard_script(upgrade))


@cache
def _text(name: str) -> str:
    return (resources.files("adapters.jenkins") / "scripts" / f"{name}.groovy").read_text(encoding="utf-8")


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
