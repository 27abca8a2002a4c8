"""What a script works with."""

from __future__ import annotations

from dataclasses import dataclass

from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.secret_files import SecretFiles

__all__ = ["ScriptFailed", "Session"]


class ScriptFailed(Exception):
    """The script ended with an exception; the text is its first line."""


@dataclass(frozen=True)
class Session:
    controller: Controller
    secrets: SecretFiles
    user: str

    def job(self, name: str) -> Job | None:
        """A job by its full name; None for folders and unknown names."""
        found = self.controller.root.find(name)
        return found if isinstance(found, Job) else None
