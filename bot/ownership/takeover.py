"""Blue takes over from a green that no longer answers: what it finished is read from its disk, what was cut off is named.

The ordinary way back is a handover, which asks both sides. This is for an incident: green is stopped first, so that there is
never a second owner, whatever state it was in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.context import Context
from bot.home_rules import BUILD, SYNC_LAST, never_synced
from bot.model import NodeSet, Role, Side
from bot.ownership.owned import owned_by
from bot.ownership.places import Places, places_of
from bot.ports import Selection
from bot.tar_stream import members, unfinished_builds
from bot.traffic import send_back

__all__ = ["take_over"]

_NODE = re.compile(r"^nodes/([^/]+)/config\.xml$")


def take_over(ctx: Context) -> str:
    """Make blue the owner without green's help; returns a note that names what a human has to look at."""
    green = ctx.upgrade.instance(Side.GREEN)
    ctx.change("stop-silent-green", lambda: ctx.services.environment.stop(green), again=True)
    known = places_of(ctx.jenkins(Side.BLUE))
    stranded: set[str] = set()
    cut_off = unfinished_builds(_stream(ctx, known, stranded=stranded))
    ctx.change("salvage", lambda: _salvage(ctx, known, cut_off), again=True)
    ctx.change("nodes", lambda: ctx.jenkins(Side.BLUE).add_nodes(_nodes(ctx)), again=True)
    ctx.change("owner-route", lambda: send_back(ctx, owner=Side.BLUE), again=True)
    ctx.change("release", lambda: ctx.jenkins(Side.BLUE).take_role(Role.OWNER, ctx.id), again=True)
    lines = [f"`{path}` was cut off on green: start it again if it is needed." for path in sorted(cut_off)]
    lines += [
        f"`{path}` belongs to no job of blue: its builds are only in green's home, {green.home}."
        for path in sorted(stranded)
    ]
    lines.append(
        "What waited in green's queue could not be asked for; clouds, if there were any, have to be added again from the backup."
    )
    ctx.say("Green did not answer, so blue took over without it.", *lines[:20], tone="bad", key="takeover")
    return f"green did not answer and was stopped; blue took over; {len(cut_off)} builds were cut off"


def _salvage(ctx: Context, known: Places, cut_off: frozenset[str]) -> None:
    """Copy the builds that green finished since the handover, and raise blue's numbers above all that green gave out."""
    highest: dict[str, int] = {}
    for member, _ in members(_stream(ctx, known)):
        match = BUILD.match(member.name)
        if match:
            job = known.directories[match["job"]]
            highest[job] = max(highest.get(job, 0), int(match["number"]))
    ctx.services.environment.write_home(ctx.upgrade.blue, _stream(ctx, known, cut_off))
    blue = ctx.jenkins(Side.BLUE)
    blue.reload(sorted(highest))
    blue.numbers({job: number + 1 for job, number in highest.items()})


def _stream(
    ctx: Context, known: Places, left_out: frozenset[str] = frozenset(), stranded: set[str] | None = None
) -> Iterator[bytes]:
    """Builds on green's disk with numbers that blue has not given out.

    Jobs that blue does not have get into ``stranded``: builds without their job would be in the way of it when it comes.
    """

    def keep(path: str, is_directory: bool) -> bool:
        match = BUILD.match(path)
        if match is None:
            return is_directory and f"{path}/".startswith("jobs/")
        job = known.directories.get(match["job"])
        if job is None:
            if stranded is not None:
                stranded.add(match["job"])
            return False
        ours = known.has_given_out(job, int(match["number"]))
        return not ours and match["directory"] not in left_out and not never_synced(path)

    selection = Selection(keep=keep, last=SYNC_LAST)
    return ctx.services.environment.read_home(
        ctx.upgrade.instance(Side.GREEN), selection, lambda _path, _why: None
    )


def _nodes(ctx: Context) -> NodeSet:
    """Agents as green's disk has them; blue's own were withdrawn when it stopped being the owner."""
    selection = Selection(keep=lambda _path, _is_directory: True, roots=("nodes",))
    stream = ctx.services.environment.read_home(
        ctx.upgrade.instance(Side.GREEN), selection, lambda _path, _why: None
    )
    nodes = {}
    for member, content in members(stream):
        match = _NODE.match(member.name)
        if match:
            nodes[match.group(1)] = b"".join(content()).decode()
    executors = ctx.jenkins(Side.BLUE).nodes().executors
    return owned_by(ctx, Side.BLUE, NodeSet(nodes, {}, executors))
