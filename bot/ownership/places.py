"""Where a controller keeps the builds of its jobs, and which numbers it has given out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.ports import Jenkins

__all__ = ["Places", "places_of"]


@dataclass(frozen=True, slots=True)
class Places:
    directories: Mapping[str, str]
    """Directory of a job, relative to the home → its full name. Only the controller knows it: branches, cells of a matrix and Maven
    modules are kept where their names do not tell."""
    numbers: Mapping[str, int]
    """Full name → next build number. Parts of a job (cells, modules) are not among them: they are numbered like the whole."""

    def has_given_out(self, job: str, number: int) -> bool:
        """Whether a build of that number was begun here."""
        whole = job if job in self.numbers else job.rpartition("/")[0]
        return number < self.numbers.get(whole, 1)


def places_of(jenkins: Jenkins) -> Places:
    """:raises Temporary, Permanent: when the controller does not tell."""
    return Places(jenkins.job_directories(), jenkins.numbers({}))
