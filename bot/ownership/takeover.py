"""Blue takes over from a green that cannot be worked with: what it finished is read from its disk, what was cut off is named.

The ordinary way back is a handover, which asks both sides. This is for an incident: green is stopped first, so that there is
never a second owner, whatever state it was in. What cannot be had of it is named; nobody waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.context import Context
from bot.errors import BotError, Permanent, Temporary
from bot.home_rules import BUILD, SYNC_LAST, never_synced
from bot.model import NodeSet, Role, Side
from bot.ownership.owned import owned_by
from bot.ownership.places import Places, given_out, places_of
from bot.ownership.roles import release_begun_at, take_role
from bot.ports import Selection
from bot.tar_stream import members, unfinished_builds
from bot.traffic import send_back

__all__ = ["take_over"]

SALVAGE_ATTEMPTS = 6
"""For failures that may pass; after that what is on green's disk is left to a human."""
CLOCK_MARGIN_MS = 600_000
"""Clocks of two controllers differ."""
_NODE = re.compile(r"^nodes/([^/]+)/config\.xml$")


def take_over(ctx: Context) -> str:
    """Make blue the owner without green's help; returns a note that names what a human has to look at.

    :raises Temporary, Permanent: when blue does not do its part, or green cannot be stopped.
    """
    green, blue = ctx.upgrade.instance(Side.GREEN), ctx.jenkins(Side.BLUE)
    # Blue is asked first: if it is silent as well, stopping green would leave people with nothing.
    released_at = ctx.upgrade.facts.get("released_at") or release_begun_at(ctx, Side.GREEN) or ctx.clock.now()
    known = places_of(blue, int(released_at * 1000) - CLOCK_MARGIN_MS, given_out(ctx, Side.BLUE))
    ctx.change("stop-silent-green", lambda: ctx.services.environment.stop(green), again=True)
    lines = _salvaged(ctx, known)
    nodes = _nodes(ctx, lines)
    try:
        ctx.change("nodes", lambda: blue.add_nodes(nodes), again=True)
    except Permanent as error:
        lines.append(f"Agents could not be given to blue: {error}")
    ctx.change("owner-route", lambda: send_back(ctx, owner=Side.BLUE), again=True)
    ctx.change("release", lambda: take_role(ctx, Side.BLUE, Role.OWNER), again=True)
    lines.append(
        "What waited in green's queue could not be asked for; clouds, if there were any, have to be added again from the backup."
    )
    ctx.say(
        "Green could not be worked with, so blue took over without it.",
        *lines[:20],
        tone="bad",
        key="takeover",
    )
    return "green could not be worked with and was stopped; blue took over; the thread names what was cut off"


def _salvaged(ctx: Context, known: Places) -> list[str]:
    """Bring over what green has finished, and raise blue's numbers; returns what a human has to look at."""
    blue, home = ctx.jenkins(Side.BLUE), ctx.upgrade.instance(Side.GREEN).home
    numbers = {build.job: build.number + 1 for build in sorted(known.there.values(), key=lambda b: b.number)}
    ctx.change("numbers", lambda: blue.numbers(numbers), again=True)
    stranded: set[str] = set()
    try:
        cut_off = unfinished_builds(_stream(ctx, known, stranded=stranded))
        highest = _highest(ctx, known)
    except (Permanent, Temporary) as error:
        _raise_if_it_may_pass(ctx, error)
        return [
            f"Green's home {home} could not be read ({error}): builds that it ended last are only there, and blue may give out "
            "their numbers again."
        ]
    ctx.change("more-numbers", lambda: blue.numbers(highest), again=True)
    lines = [f"`{path}` was cut off on green: start it again if it is needed." for path in sorted(cut_off)]
    lines += [
        f"`{path}` belongs to no job of blue: its builds are only in green's home, {home}."
        for path in sorted(stranded)
    ]
    try:
        ctx.change("salvage", lambda: _salvage(ctx, known, cut_off, sorted(highest)), again=True)
    except (Permanent, Temporary) as error:
        _raise_if_it_may_pass(ctx, error)
        lines.insert(0, f"Builds that green ended last are only in its home {home}: {error}")
    return lines


def _salvage(ctx: Context, known: Places, cut_off: frozenset[str], jobs: list[str]) -> None:
    """Copy the builds that green finished since the handover and that blue does not have."""
    ctx.services.environment.write_home(ctx.upgrade.blue, _stream(ctx, known, cut_off))
    ctx.jenkins(Side.BLUE).reload(jobs)


def _raise_if_it_may_pass(ctx: Context, error: BotError) -> None:
    if isinstance(error, Temporary) and ctx.attempt < SALVAGE_ATTEMPTS:
        raise error


def _highest(ctx: Context, known: Places) -> dict[str, int]:
    """Job → the number after the last one on green's disk that blue does not have."""
    highest: dict[str, int] = {}
    for member, _ in members(_stream(ctx, known)):
        match = BUILD.match(member.name)
        if match:
            job = known.directories[match["job"]]
            highest[job] = max(highest.get(job, 0), int(match["number"]) + 1)
    return highest


def _stream(
    ctx: Context, known: Places, left_out: frozenset[str] = frozenset(), stranded: set[str] | None = None
) -> Iterator[bytes]:
    """Builds on green's disk with numbers that blue has not given out, and that it does not have yet.

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
        ours = known.has_given_out(job, int(match["number"])) or match["directory"] in known.there
        return not ours and match["directory"] not in left_out and not never_synced(path)

    selection = Selection(keep=keep, last=SYNC_LAST)
    return ctx.services.environment.read_home(
        ctx.upgrade.instance(Side.GREEN), selection, lambda _path, _why: None
    )


def _nodes(ctx: Context, lines: list[str]) -> NodeSet:
    """Agents as green's disk has them; blue's own were withdrawn when it stopped being the owner."""
    selection = Selection(keep=lambda _path, _is_directory: True, roots=("nodes",))
    nodes = {}
    try:
        stream = ctx.services.environment.read_home(
            ctx.upgrade.instance(Side.GREEN), selection, lambda _path, _why: None
        )
        for member, content in members(stream):
            match = _NODE.match(member.name)
            if match:
                nodes[match.group(1)] = b"".join(content()).decode()
    except (Permanent, Temporary) as error:
        _raise_if_it_may_pass(ctx, error)
        lines.append(f"Agents have to be added again from the backup: {error}")
    executors = ctx.jenkins(Side.BLUE).nodes().executors
    return owned_by(ctx, Side.BLUE, NodeSet(nodes, {}, executors))
