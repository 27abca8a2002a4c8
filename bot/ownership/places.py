"""Where a controller keeps the builds of its jobs, which numbers it has given out, and which builds it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.context import Context
from bot.model import FinishedBuild, Side
from bot.ports import Jenkins

__all__ = ["Places", "given_out", "note_given_out", "places_of"]


@dataclass(frozen=True, slots=True)
class Places:
    directories: Mapping[str, str]
    """Directory of a job, relative to the home → its full name. Only the controller knows it: branches, cells of a matrix and Maven
    modules are kept where their names do not tell."""
    numbers: Mapping[str, int]
    """Full name → next build number. Parts of a job (cells, modules) are not among them: they are numbered like the whole."""
    there: Mapping[str, FinishedBuild] = field(default_factory=dict)
    """Directory of each build that is finished there → the build."""

    def has_given_out(self, job: str, number: int) -> bool:
        """Whether a build of that number was begun here."""
        whole = job if job in self.numbers else job.rpartition("/")[0]
        return number < self.numbers.get(whole, 1)


def places_of(jenkins: Jenkins, since_ms: int, numbers: Mapping[str, int] | None) -> Places:
    """``since_ms`` (its own clock): only builds that started later are looked for; ``numbers``: as noted before, None: as they are now.

    :raises Temporary, Permanent: when the controller does not tell.
    """
    there = {build.directory: build for build in jenkins.builds(since_ms, ()).finished}
    return Places(jenkins.job_directories(), jenkins.numbers({}) if numbers is None else numbers, there)


def note_given_out(ctx: Context, side: Side, numbers: Mapping[str, int]) -> None:
    """Keep the next numbers that a side had when it stopped being the owner: all later ones are the new owner's."""
    ctx.store.put_document(f"given-out:{ctx.id}:{side.value}", dict(numbers))


def given_out(ctx: Context, side: Side) -> Mapping[str, int] | None:
    """None: this side never stopped being the owner."""
    return ctx.store.document(f"given-out:{ctx.id}:{side.value}")
