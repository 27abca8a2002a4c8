"""Builds that blue was cut off in, such as by a kill: they have no result and never will, and no copy of the home takes them along."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.context import Context
from bot.home_rules import BUILD
from bot.model import Side
from bot.ownership.sync import in_flight

__all__ = ["cut_off", "note_cut_off"]


def note_cut_off(ctx: Context, unfinished: Collection[str]) -> None:
    """``unfinished``: directories that the clone leaves out. Those whose build blue still ran, or has finished since, come by the sync."""
    noted: dict[str, str] = {}
    if unfinished:
        jobs = ctx.jenkins(Side.BLUE).job_directories()
        coming = {(ref.job, ref.number) for ref in in_flight(ctx, Side.BLUE)}
        for directory in sorted(unfinished):
            match = BUILD.match(directory)
            job = jobs.get(match["job"]) if match else None
            if match and job and (job, int(match["number"])) not in coming:
                noted[directory] = job
    ctx.store.put_document(_key(ctx), noted)


def cut_off(ctx: Context) -> Mapping[str, str]:
    """Directory of each, relative to the home → its job."""
    return ctx.store.document(_key(ctx)) or {}


def _key(ctx: Context) -> str:
    return f"cut-off:{ctx.id}"
