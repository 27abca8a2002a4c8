"""The plan of an upgrade: everything that can be known before it starts, what it will change, and what a human must do first."""

from bot.upgrade_plan.making import make_plan
from bot.upgrade_plan.records import Finding, UpgradePlan

__all__ = ["Finding", "UpgradePlan", "make_plan"]
