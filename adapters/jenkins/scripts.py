"""The Groovy resources: filled with arguments, and their results read. See scripts/README.md for what each takes and gives."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, TypeVar

__all__ = ["batches", "fill", "guard_script", "persisted_guard", "result_of"]

MARK = "CI-UPGRADE-RESULT:"
PLACE = "@ARGUMENTS@"
LITERAL_LIMIT = 60_000
"""A string literal of a class file holds at most 65,535 bytes (JVM specification, 4.4.7)."""
BATCH_CHARACTERS = 100_000
"""Of JSON, sent at once. Releases before 2.541.1 refuse forms above 200,000 bytes (jenkinsci/jenkins#25958), and base64 adds a third."""

_T = TypeVar("_T")


def fill(name: str, arguments: Mapping[str, Any]) -> str:
    """The script's text with its arguments in it, as base64: nothing is ever interpolated."""
    packed = _packed(json.dumps(arguments))
    if len(packed) <= LITERAL_LIMIT:
        return _text(name).replace(PLACE, packed)
    parts = [packed[start : start + LITERAL_LIMIT] for start in range(0, len(packed), LITERAL_LIMIT)]
    return _text(name).replace(f"'{PLACE}'", "[" + ",".join(f"'{part}'" for part in parts) + "].join('')")


def result_of(output: str) -> Any | None:
    """The JSON result in a script's output; None when there is none, and the output is an error text."""
    # Not splitlines(): inside of JSON strings its other line ends are ordinary characters.
    for line in reversed(output.split("\n")):
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    return None


def batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """The items (JSON values) in their order, in lists that each fit into one request; at least one list, which may be empty.

    A single item above the limit goes alone.
    """
    batch: list[_T] = []
    size = 0
    for item in items:
        length = len(json.dumps(item))
        if batch and size + length > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    yield batch


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
