"""What is known of each named script besides its text: how long it may take, and what it needs there.

The other half, arguments and results, is in ``scripts/README.md``; a test holds both to the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["SCRIPTS", "Script"]

EVERY_JOB_SECONDS = 120.0
"""For scripts that touch every job, or load and save many."""
AGENTS_SECONDS = 20.0
"""Agents are given 5 s to answer; saving nodes and clouds waits for the queue's lock."""


@dataclass(frozen=True, slots=True)
class Script:
    """One file of ``scripts/``."""

    seconds: float = 0.0
    """How long it may be silent at least; the configured timeout where that is longer."""
    since: str = "2.346"
    """The oldest release that has everything it uses."""
    plugin_classes: tuple[str, ...] = ()
    """Classes of plugins that it knows; each is only looked up by its name, and may be missing."""


SCRIPTS: Mapping[str, Script] = {
    "add-nodes": Script(AGENTS_SECONDS),
    "agents": Script(AGENTS_SECONDS),
    "builds": Script(EVERY_JOB_SECONDS),
    "cancel": Script(),
    "delete-items": Script(EVERY_JOB_SECONDS),
    "ensure-secret-key": Script(),
    "guard": Script(
        plugin_classes=("hudson.matrix.MatrixConfiguration", "org.jenkinsci.lib.xtrigger.XTriggerCause")
    ),
    "identity": Script(),
    "inventory": Script(
        EVERY_JOB_SECONDS,
        plugin_classes=("com.cloudbees.plugins.credentials.CredentialsProvider",),
    ),
    "item-configs": Script(EVERY_JOB_SECONDS),
    "job-directories": Script(EVERY_JOB_SECONDS),
    "log": Script(),
    "nodes": Script(),
    "numbers": Script(EVERY_JOB_SECONDS),
    "options": Script(),
    "plugins": Script(),
    "queue": Script(
        plugin_classes=(
            "hudson.matrix.MatrixConfiguration",
            "org.jenkinsci.lib.xtrigger.XTriggerCause",
            "org.jenkinsci.plugins.workflow.support.steps.build.BuildTriggerAction",
        )
    ),
    "reload": Script(EVERY_JOB_SECONDS),
    "submit": Script(),
    "withdraw-nodes": Script(AGENTS_SECONDS),
    "write-items": Script(EVERY_JOB_SECONDS),
}
