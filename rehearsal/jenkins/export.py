"""Stapler's export of objects to JSON: ``depth=`` shows by visibility, ``tree=`` by name with ranges."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = [
    "ALWAYS",
    "Bean",
    "ByDepth",
    "ByTree",
    "Property",
    "constants",
    "parse_tree",
    "python_literal",
    "render",
]

ALWAYS = 999
"""Visibility of what is shown at any depth."""


@dataclass(frozen=True)
class Property:
    name: str
    value: Callable[[], Any]
    visibility: int = 1
    inline: bool = False
    """Its value is shown as if it stood one level higher."""


@dataclass(frozen=True)
class Bean:
    java_class: str | None
    """None: written without ``_class``, where the declared type tells it already."""
    properties: tuple[Property, ...] = ()


def constants(visibility: int, fields: Mapping[str, Any]) -> tuple[Property, ...]:
    """Properties with values that are known already."""
    return tuple(
        Property(name, functools.partial(_same, value), visibility) for name, value in fields.items()
    )


def _same(value: Any) -> Any:
    return value


class Pruner(Protocol):
    def enter(self, prop: Property) -> Pruner | None:
        """How to go on below the property, None when it is not shown."""

    def cut(self, values: list[Any]) -> list[Any]:
        """The part of a list that was asked for."""


@dataclass(frozen=True)
class ByDepth:
    level: int
    """1 - depth for the root."""

    def enter(self, prop: Property) -> Pruner | None:
        if prop.visibility < self.level:
            return None
        return self if prop.inline else ByDepth(self.level + 1)

    def cut(self, values: list[Any]) -> list[Any]:
        return values


@dataclass(frozen=True)
class ByTree:
    children: dict[str, ByTree]
    first: int = 0
    end: int | None = None

    def enter(self, prop: Property) -> Pruner | None:
        return self.children.get(prop.name) or self.children.get("*")

    def cut(self, values: list[Any]) -> list[Any]:
        return values[self.first : self.end]


def render(value: Any, pruner: Pruner) -> Any:
    """A JSON value."""
    if isinstance(value, Bean):
        shown: dict[str, Any] = {} if value.java_class is None else {"_class": value.java_class}
        for prop in value.properties:
            below = pruner.enter(prop)
            if below is not None:
                shown[prop.name] = render(prop.value(), below)
        return shown
    if isinstance(value, list):
        return [render(one, pruner) for one in pruner.cut(value)]
    return value


_TOKEN = re.compile(r"\s*([^\[\]{},\s]+|[\[\]{},])")


def parse_tree(text: str) -> ByTree:
    """``jobs[name,builds[number]{0,5}],mode``

    :raises ValueError: when the brackets do not match.
    """
    tokens = _TOKEN.findall(text)
    tree, rest = _parse_children(tokens)
    if rest:
        raise ValueError(f"unexpected {rest[0]!r} in tree {text!r}")
    return ByTree(tree)


def _parse_children(tokens: list[str]) -> tuple[dict[str, ByTree], list[str]]:
    children: dict[str, ByTree] = {}
    while tokens and tokens[0] not in "[]{}":
        name, tokens = tokens[0], tokens[1:]
        first, end = 0, None
        below: dict[str, ByTree] = {}
        if tokens[:1] == ["["]:
            below, tokens = _parse_children(tokens[1:])
            if tokens[:1] != ["]"]:
                raise ValueError("a bracket is not closed")
            tokens = tokens[1:]
        if tokens[:1] == ["{"]:
            first, end, tokens = _parse_range(tokens)
        children[name] = ByTree(below, first, end)
        if tokens[:1] == [","]:
            tokens = tokens[1:]
    return children, tokens


def _parse_range(tokens: list[str]) -> tuple[int, int | None, list[str]]:
    """``{m,n}`` from m up to but without n; ``{m}`` one; ``{m,}`` and ``{,n}`` are open."""
    if "}" not in tokens:
        raise ValueError("a brace is not closed")
    close = tokens.index("}")
    inside = tokens[1:close]
    text = "".join(inside)
    if "," not in text:
        return int(text), int(text) + 1, tokens[close + 1 :]
    first, end = text.split(",")
    return int(first or 0), int(end) if end else None, tokens[close + 1 :]


def python_literal(data: Any) -> str:
    """As ``api/python`` writes it: JSON with Python's words for true, false and null."""
    if isinstance(data, dict):
        return (
            "{" + ",".join(f"{json.dumps(key)}:{python_literal(value)}" for key, value in data.items()) + "}"
        )
    if isinstance(data, list):
        return "[" + ",".join(python_literal(value) for value in data) + "]"
    return json.dumps(data, ensure_ascii=False) if isinstance(data, str) else repr(data)
