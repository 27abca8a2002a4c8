"""What the upgrade guide asks for when an upgrade crosses a release: rules as data, and which of them count here. Pure."""

from bot.upgrade_guide.rules import (
    NEWEST,
    Hit,
    PluginNeed,
    Rule,
    Situation,
    load_rules,
    options_of_interest,
    rules_hit,
)

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
