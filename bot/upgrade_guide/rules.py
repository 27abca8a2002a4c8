"""The rules of ``rules.yaml``, typed, and the question which of them an upgrade hits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from bot.model import Plugin
from bot.plugins.version_number import older

__all__ = [
    "NEWEST",
    "Hit",
    "PluginNeed",
    "Rule",
    "Situation",
    "load_rules",
    "options_of_interest",
    "rules_hit",
]


NEWEST = "newest"
"""Instead of a version: where the guide names none but the newest of its day."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class PluginNeed(_Model):
    plugin: str
    minimum: str
    """A version, or :data:`NEWEST`."""
    order: Literal["before", "with"] = "with"
    """Whether it must stand before the core starts, or may change with it."""


class _When(_Model):
    """All given conditions hold."""

    plugins: tuple[str, ...] = ()
    """Any of these is installed and enabled."""
    and_plugins: tuple[str, ...] = ()
    """And any of these."""
    options: tuple[str, ...] = ()
    """Any of these is given to the controller's process."""
    java_below: int | None = None
    """The controller's Java is older."""
    agents: bool | None = None
    """There are agents."""
    source_below: str | None = None
    """The running core is older."""
    plugins_kept: bool = False
    """Plugins are updated only where something asks for it."""


class Rule(_Model):
    id: str
    since: str
    """The first release with the change."""
    severity: Literal["info", "warning", "blocker"]
    when: _When = _When()
    needs: tuple[PluginNeed, ...] = ()
    through: str | None = None
    """A release that the upgrade must stop at."""
    text: str = Field(min_length=1)
    link: HttpUrl

    @model_validator(mode="after")
    def _needs_have_one_condition(self) -> Rule:
        if self.needs and self.when.plugins:
            raise ValueError("needs name the plugins; when must not")
        return self


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules are asked about."""

    source: str
    target: str
    plugins: Mapping[str, Plugin]
    """Installed ones by name."""
    java: int | None
    """The controller's Java feature version; None: unknown, and then rules about it count."""
    options: Collection[str]
    """Which of :func:`options_of_interest` are set."""
    agents: bool
    plugins_kept: bool = True
    """False: the upgrade takes every plugin to its newest release."""


@dataclass(frozen=True, slots=True)
class Hit:
    rule: Rule
    subjects: tuple[str, ...] = ()
    """The plugins or options that it is about."""


@cache
def load_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the file."""
    text = (resources.files("bot.upgrade_guide") / "rules.yaml").read_text(encoding="utf-8")
    return tuple(Rule.model_validate(one) for one in yaml.safe_load(text)["rules"])


def options_of_interest(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Names of all options that rules ask for."""
    return tuple(sorted({option for rule in rules for option in rule.when.options}))


def rules_hit(rules: Iterable[Rule], situation: Situation) -> tuple[Hit, ...]:
    """Those that this upgrade crosses and whose conditions hold."""
    hits = (_hit(rule, situation) for rule in rules if _crossed(rule, situation))
    return tuple(hit for hit in hits if hit is not None)


def _crossed(rule: Rule, situation: Situation) -> bool:
    return older(situation.source, rule.since) and not older(situation.target, rule.since)


def _hit(rule: Rule, situation: Situation) -> Hit | None:
    when = rule.when
    enabled = [name for name, plugin in situation.plugins.items() if plugin.enabled]
    plugins = [name for name in when.plugins if name in enabled]
    options = [option for option in when.options if option in situation.options]
    needed = [need.plugin for need in rule.needs if _lacking(need, situation)]
    missed = (
        (when.plugins and not plugins)
        or (when.and_plugins and not set(when.and_plugins) & set(enabled))
        or (when.options and not options)
        or (when.java_below is not None and situation.java is not None and situation.java >= when.java_below)
        or (when.agents is not None and situation.agents != when.agents)
        or (when.source_below is not None and not older(situation.source, when.source_below))
        or (when.plugins_kept and not situation.plugins_kept)
        or (rule.needs and not needed)
    )
    return None if missed else Hit(rule, (*plugins, *options, *needed))


def _lacking(need: PluginNeed, situation: Situation) -> bool:
    plugin = situation.plugins.get(need.plugin)
    if plugin is None or not plugin.enabled:
        return False
    return need.minimum == NEWEST or older(plugin.version, need.minimum)
