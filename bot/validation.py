"""What makes green as good as blue: checks of what both hold, and the report about them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.model import InstanceState, Inventory, LogRecord

__all__ = ["Check", "blockers", "card", "compare", "new_records", "report", "restarted", "withheld"]

Level = Literal["ok", "warning", "blocker"]

SHOWN_NAMES = 5
"""Names in a sentence; the report has more."""
LISTED_NAMES = 200
"""Names of one check in the report: a file that people read."""
MARKS: Mapping[Level, str] = {"ok": "✓", "warning": "⚠", "blocker": "✗"}

NOISE = ("UpdateCenter", "UpdateSite", "DownloadService", "DailyCheck")
"""Loggers that complain at every start of a controller without a way to the internet."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    level: Level
    blue: str
    """What blue has, in a few words; a dash where the question does not arise."""
    green: str
    text: str
    """One sentence."""
    details: tuple[str, ...] = ()
    """Every name behind the sentence."""
    seconds: float = 0.0
    """How long it took to measure."""


def blockers(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.level == "blocker"]


def compare(
    blue: Inventory,
    green: Inventory,
    running: Collection[str],
    cut_off: Mapping[str, str],
    configured: Collection[str] | None = None,
    users_before: Collection[str] | None = None,
) -> Iterator[Check]:
    """Everything blue has is on green and loads.

    ``running`` names the job of each build that blue runs now; ``cut_off`` is directory → job of builds that the clone left out because
    they never got a result; ``configured`` the jobs and folders that are made by people, not by a folder that finds them (branches),
    None for all; ``users_before`` the users that blue had before the backup, None for all.
    """
    people = None if configured is None else set(configured)
    yield _all_there("Jobs", [job.name for job in blue.jobs], [job.name for job in green.jobs], people)
    yield _all_there("Folders", blue.folders, green.folders, people)
    found = set() if people is None else set(blue.folders) - set(green.folders) - people
    views = [view for view in blue.views if view.rpartition("/")[0] not in found]
    yield _all_there("Views", views, green.views)
    yield withheld("Nodes", blue.nodes, green.nodes)
    yield _all_there("Credentials", blue.credentials, green.credentials)
    # Who signs in for the first time while an upgrade goes on does so on green as well.
    late = "they came after the backup: signing in makes them there, their tokens and settings have to be made again"
    yield _all_there("Users", blue.users, green.users, users_before, late)
    yield _all_there("Plugins", [one.name for one in blue.plugins], [one.name for one in green.plugins])
    yield _nothing_new("Failed plugins", blue.failed_plugins, green.failed_plugins, "blocker")
    yield _nothing_new("Administrative monitors", blue.monitors, green.monitors, "warning")
    yield Check(
        "Old data",
        "ok" if green.old_data <= blue.old_data else "warning",
        str(blue.old_data),
        str(green.old_data),
        "no more than on blue" if green.old_data <= blue.old_data else "green reads more old data than blue",
    )
    yield _disabled(blue, green)
    yield _history(blue, green, running, cut_off)


def withheld(name: str, blue: Sequence[str], green: Sequence[str]) -> Check:
    """Nodes and clouds come with the handover: until then green's would take blue's agents away from it."""
    early = sorted(green)
    text = (
        f"on green before the handover: {_some(early)}" if early else "withheld from green until the handover"
    )
    return Check(name, "blocker" if early else "ok", str(len(blue)), str(len(green)), text, tuple(early))


def restarted(green: InstanceState) -> Check:
    """Green was started once; a second start means that it ended by itself."""
    why = " for lack of memory" if green.oom_killed else ""
    text = f"green ended by itself{why}" if green.restarts else "green runs since it was started"
    return Check("Restarts", "blocker" if green.restarts else "ok", "–", str(green.restarts or 0), text)


def new_records(blue: Sequence[LogRecord], green: Sequence[LogRecord], whole: bool = True) -> Check:
    """SEVERE records of green that blue does not have as well; numbers in them (times, ids) do not make a difference.

    ``whole``: they are all since green's start.
    """
    known = {_shape(record) for record in blue}
    fresh = {
        _shape(record): f"{record.logger}: {record.message[:300]}"
        for record in green
        if _shape(record) not in known and not any(noise in record.logger for noise in NOISE)
    }
    details = tuple(fresh.values())
    text = "new on green: " + "; ".join(line[:120] for line in details[:3]) if details else "nothing new"
    if not whole:
        text += "; the beginning of green's log is gone and was not looked at"
    level: Level = "warning" if details or not whole else "ok"
    return Check("Log (SEVERE)", level, str(len(blue)), str(len(green)), text, details)


def card(checks: Sequence[Check]) -> tuple[str, ...]:
    """The lines for the thread: figures, then only what is not in order."""
    counts = Counter(check.level for check in checks)
    figures = f"{counts['ok']} ok, {counts['warning']} warnings, {counts['blocker']} blockers"
    wrong = [check for level in ("blocker", "warning") for check in checks if check.level == level]
    return (figures, *(f"{MARKS[check.level]} {check.name}: {check.text}" for check in wrong))


def report(title: str, checks: Sequence[Check]) -> str:
    """The whole report as Markdown."""
    rows = [
        f"| {MARKS[check.level]} {check.level} | {_cell(check.name)} | {_cell(check.blue)} | {_cell(check.green)} "
        f"| {_cell(check.text)} | {check.seconds:.2f} s |"
        for check in checks
    ]
    lines = [
        f"# {title}",
        "",
        card(checks)[0],
        "",
        "| | check | blue | green | result | took |",
        "|---|---|---|---|---|---|",
    ]
    lines += rows
    for check in checks:
        if check.details:
            lines += ["", f"## {check.name}", ""]
            lines += [f"- {_cell(detail)}" for detail in check.details[:LISTED_NAMES]]
            if len(check.details) > LISTED_NAMES:
                lines.append(f"- … and {len(check.details) - LISTED_NAMES} more")
    return "\n".join(lines) + "\n"


def _all_there(
    name: str,
    blue: Sequence[str],
    green: Sequence[str],
    required: Collection[str] | None = None,
    otherwise: str = "its folder finds it when green owns the builds",
) -> Check:
    """Only what is ``required`` (None: everything) must be there; of the rest ``otherwise`` says why it need not."""
    missing = sorted(set(blue) - set(green))
    grave = missing if required is None else [one for one in missing if one in required]
    text = f"missing on green: {_some(grave or missing)}" if missing else "all there"
    if missing and not grave:
        text += f" ({otherwise})"
    level: Level = "blocker" if grave else "warning" if missing else "ok"
    return Check(name, level, str(len(set(blue))), str(len(set(green))), text, tuple(missing))


def _nothing_new(name: str, blue: Mapping[str, str], green: Mapping[str, str], level: Level) -> Check:
    """Only what blue does not have as well: old troubles must not drown new ones."""
    fresh = [f"{green[key]} ({key})" for key in sorted(set(green) - set(blue))]
    text = f"new on green: {_some(fresh)}" if fresh else "nothing new"
    return Check(name, level if fresh else "ok", str(len(blue)), str(len(green)), text, tuple(fresh))


def _disabled(blue: Inventory, green: Inventory) -> Check:
    """A job that can't be built any more has loaded, but lost something (a broken definition, a missing plugin)."""
    before = {job.name for job in blue.jobs if job.disabled}
    after = {job.name for job in green.jobs if job.disabled}
    known = {job.name for job in blue.jobs}
    fresh = sorted((after - before) & known)
    text = f"can't be built on green: {_some(fresh)}" if fresh else "nothing new"
    return Check(
        "Disabled jobs",
        "warning" if fresh else "ok",
        str(len(before)),
        str(len(after)),
        text,
        tuple(fresh),
    )


def _history(
    blue: Inventory, green: Inventory, running: Collection[str], cut_off: Mapping[str, str]
) -> Check:
    counts = {job.name: job.builds for job in green.jobs}
    # Builds are counted by their directories. A running one is carried over when it has finished; one that was cut off never is.
    excused = Counter((*running, *cut_off.values()))
    # Of a job that green lacks the check of jobs tells.
    behind = tuple(
        f"{job.name} {counts[job.name]}/{job.builds}"
        for job in blue.jobs
        if job.name in counts and counts[job.name] < job.builds - excused[job.name]
    )
    text, details = "all finished builds are there", behind
    if behind:
        text = f"missing on green: {_some(behind)}"
    elif cut_off:
        text += f"; left out, because they never ended: {_some(sorted(cut_off))}"
        details = tuple(f"{directory} of {job} has no result" for directory, job in sorted(cut_off.items()))
    return Check(
        "Build history",
        "blocker" if behind else "warning" if cut_off else "ok",
        str(sum(job.builds for job in blue.jobs)),
        str(sum(counts.values())),
        text,
        details,
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _shape(record: LogRecord) -> tuple[str, str]:
    return record.logger, re.sub(r"\d+", "#", record.message)


def _cell(text: str) -> str:
    """One line that cannot break out of a table."""
    return " ".join(text.split()).replace("|", "\\|")
