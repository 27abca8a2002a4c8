"""Plugins: how Jenkins compares versions, what an update centre offers, and what an upgrade therefore changes. Pure."""

from bot.plugins.plan import Change, PluginNote, PluginPlan, Stage
from bot.plugins.records import Advisory, Catalogue, Release
from bot.plugins.resolver import Demand, Policy, resolve

__all__ = [
    "Advisory",
    "Catalogue",
    "Change",
    "Demand",
    "PluginNote",
    "PluginPlan",
    "Policy",
    "Release",
    "Stage",
    "resolve",
]
