"""Checks on JSON values that collect every fault in the words of Slack's Web API, with a JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "Check",
    "all_of",
    "anything",
    "array",
    "boolean",
    "fault",
    "matching",
    "number",
    "one_of",
    "record",
    "string",
    "typed",
]

Check = Callable[[Any, str, list[str]], None]
"""Takes a value, the JSON pointer to it and the list that faults are added to."""


def fault(problem: str, pointer: str) -> str:
    return f"{problem} [json-pointer:{pointer}]"


def anything(value: Any, pointer: str, faults: list[str]) -> None:
    """No restriction."""


def boolean(value: Any, pointer: str, faults: list[str]) -> None:
    if not isinstance(value, bool):
        faults.append(fault("must be a boolean", pointer))


def number(value: Any, pointer: str, faults: list[str]) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        faults.append(fault("must be a number", pointer))


def string(most: int, fewest: int = 1) -> Check:
    """Lengths are in characters, both inclusive."""

    def check(value: Any, pointer: str, faults: list[str]) -> None:
        if not isinstance(value, str):
            faults.append(fault("must be a string", pointer))
        elif len(value) > most:
            faults.append(fault(f"must be less than {most + 1} characters", pointer))
        elif len(value) < fewest:
            faults.append(fault(f"must be more than {fewest - 1} characters", pointer))

    return check


def matching(pattern: str, description: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: Any, pointer: str, faults: list[str]) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            faults.append(fault(f"must be {description}", pointer))

    return check


def one_of(*values: str) -> Check:
    def check(value: Any, pointer: str, faults: list[str]) -> None:
        if value not in values:
            faults.append(fault(f"must be one of {', '.join(values)}", pointer))

    return check


def array(item: Check, most: int, fewest: int = 1) -> Check:
    def check(value: Any, pointer: str, faults: list[str]) -> None:
        if not isinstance(value, list):
            faults.append(fault("must be an array", pointer))
            return
        if len(value) > most:
            faults.append(fault(f"no more than {most} items allowed", pointer))
        if len(value) < fewest:
            faults.append(fault(f"no fewer than {fewest} items allowed", pointer))
        for index, element in enumerate(value):
            item(element, f"{pointer}/{index}", faults)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys and no others; a key that is null counts as absent."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str, faults: list[str]) -> None:
        if not isinstance(value, dict):
            faults.append(fault("must be an object", pointer))
            return
        faults += [
            fault(f"missing required field: {key}", pointer) for key in required if value.get(key) is None
        ]
        for key, element in value.items():
            if key not in known:
                faults.append(fault(f"invalid additional property: {key}", pointer))
            elif element is not None:
                known[key](element, f"{pointer}/{key}", faults)

    return check


def typed(kinds: Mapping[str, Check]) -> Check:
    """An object whose ``type`` chooses the check."""

    def check(value: Any, pointer: str, faults: list[str]) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind is None:
            faults.append(fault("missing required field: type", pointer))
        elif kind not in kinds:
            faults.append(fault(f"unsupported type: {kind}", f"{pointer}/type"))
        else:
            kinds[kind](value, pointer, faults)

    return check


def all_of(*checks: Check) -> Check:
    def check(value: Any, pointer: str, faults: list[str]) -> None:
        for each in checks:
            each(value, pointer, faults)

    return check
