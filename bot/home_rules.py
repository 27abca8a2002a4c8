"""Which files of a JENKINS_HOME travel where. Pure. Paths are relative to the home, with ``/``."""

from __future__ import annotations

import re

__all__ = [
    "BUILD",
    "GUARD_FILE",
    "REBUILT",
    "SYNC_LAST",
    "in_backup",
    "in_clone",
    "is_essential",
    "never_synced",
]

GUARD_FILE = "init.groovy.d/ci-upgrade-guard.groovy"
"""The follower's guard; it belongs to an instance, never to a copy of its home."""

SYNC_LAST = ("build.xml",)
"""A build is finished for Jenkins once its build.xml is there: it is copied after everything else of the build."""

BUILD = re.compile(r"^(?P<directory>(?P<job>jobs/.+?)/builds/(?P<number>\d+))(?:/(?P<within>.*))?$")
"""A build's directory, or what is in it. The outermost one counts: an archived artifact may have a path like it."""

REBUILT = frozenset({"war", "caches", "tools", "updates", "workspace", "logs", "lost+found"})
"""Top-level directories that Jenkins makes again or that only serve running builds."""
_TEMPORARY = re.compile(r"(^|/)(([^/]*-)?atomic\d+tmp|[^/]*\.tmp|\.nfs[^/]*)$")
"""Names of files that are being written: by Jenkins (``hudson.util.AtomicFileWriter``), by its update centre and by this bot."""
_LEGACY_WORKSPACE = re.compile(r"^(jobs/[^/]+/)+workspace$")
_EXPLODED_PLUGIN = re.compile(r"^plugins/[^/]+$")
_OF_ONE_INSTANCE = frozenset(
    {
        "queue.xml",
        "queue.xml.bak",
        ".lastStarted",
        ".owner",
        "org.jenkinsci.plugins.workflow.flow.FlowExecutionList.xml",
        GUARD_FILE,
    }
)
_ESSENTIAL = frozenset({"config.xml", "credentials.xml", "identity.key.enc", "secret.key", "secrets"})
_WITHHELD = frozenset({"nodes", "queue"})
"""Agents and clouds of a copy would take or kill the owner's; its queue would start twice."""
_NEVER_SYNCED = _OF_ONE_INSTANCE | {
    "jenkins.install.InstallUtil.lastExecVersion",
    "jenkins.install.UpgradeWizard.state",
}


def in_backup(path: str, is_directory: bool) -> bool:
    """Everything but what Jenkins makes again. A directory that is left out is left out with all below it."""
    if is_directory:
        return path not in REBUILT and not _LEGACY_WORKSPACE.match(path) and not _EXPLODED_PLUGIN.match(path)
    return not _is_temporary(path)


def is_essential(path: str) -> bool:
    """Without it a copy of the home cannot read its credentials, or is another Jenkins."""
    return path.split("/", 1)[0] in _ESSENTIAL


def in_clone(path: str) -> bool:
    """What of a backup goes into green's home; unfinished builds are left out beside this rule."""
    return path not in _OF_ONE_INSTANCE and path.split("/", 1)[0] not in _WITHHELD


def never_synced(path: str) -> bool:
    """What must not reach a running follower."""
    top = path.split("/", 1)[0]
    return path in _NEVER_SYNCED or top in {"nodes", "plugins", "queue", "secrets"} or _is_temporary(path)


def _is_temporary(path: str) -> bool:
    """What a build keeps in directories of its own, such as artifacts, may have any name."""
    build = BUILD.match(path)
    kept = build is not None and "/" in (build["within"] or "")
    return not kept and _TEMPORARY.search(path) is not None
