"""Plugins that were once part of the core, and what an old plugin therefore relies on without saying so. Data: ``detached.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from bot.model import Dependency
from bot.plugins.version_number import older

__all__ = ["Detached", "implied_dependencies", "is_detached", "split_between", "war_brings_plugins"]

FIRST_WITHOUT_PLUGINS = "2.577"
"""The first release whose war has no ``WEB-INF/detached-plugins`` (war/pom.xml)."""


@dataclass(frozen=True, slots=True)
class Detached:
    name: str
    last_core: str
    """The last core release that still contained it."""
    version: str
    """The least version that replaces it."""


def implied_dependencies(plugin: str, required_core: str) -> tuple[Dependency, ...]:
    """What a plugin built for that core relies on without saying so; an unknown core counts as the oldest.

    They are optional in Jenkins' sense: one that is installed must be new enough, one that is missing stops nothing.
    """
    split, cycles = _data()
    return tuple(
        Dependency(one.name, one.version, True)
        for one in split
        if one.name != plugin
        and one.name not in cycles.get(plugin, ())
        and (not required_core or not older(one.last_core, required_core))
    )


def split_between(source: str, target: str) -> tuple[Detached, ...]:
    """What ``source`` still contains and ``target`` does not: Jenkins adds these plugins when it is upgraded."""
    return tuple(
        one for one in _data()[0] if not older(one.last_core, source) and older(one.last_core, target)
    )


def is_detached(plugin: str) -> bool:
    """Whether it was once part of the core."""
    return any(one.name == plugin for one in _data()[0])


def war_brings_plugins(core: str) -> bool:
    """Whether that release puts newer copies of detached plugins, and of what those need, over older ones when it first starts."""
    return older(core, FIRST_WITHOUT_PLUGINS)


@cache
def _data() -> tuple[tuple[Detached, ...], Mapping[str, tuple[str, ...]]]:
    text = (resources.files("bot.plugins") / "detached.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return (
        tuple(Detached(**one) for one in data["split"]),
        {name: tuple(others) for name, others in data["cycles"].items()},
    )
