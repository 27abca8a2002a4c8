"""What is done to a controller's plugins in an upgrade, as records. Stored with the upgrade as JSON. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from bot.plugins.records import Release

__all__ = ["AdvisoryLine", "Change", "PluginNote", "PluginPlan", "Stage", "from_document", "to_document"]


class Stage(StrEnum):
    """When a plugin is put into place, relative to the core. Stored values are stable."""

    BEFORE = "before"
    """An upgrade-guide rule wants it there before the new core starts."""
    WITH = "with"
    """Runs on the old core as well as on the new one."""
    AFTER = "after"
    """Needs the new core."""


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    current: str | None
    """The installed version; None: it is new."""
    release: Release
    """What is put into place."""
    stage: Stage
    reasons: tuple[str, ...]
    """Sentences without an end: "git 5.7.0 needs at least 6.1.0"."""
    enabled: bool = True

    @property
    def version(self) -> str:
        return self.release.version


@dataclass(frozen=True, slots=True)
class PluginNote:
    """Something to know or to do about a plugin that the plan does not do itself."""

    level: Literal["blocker", "warning", "ok"]
    plugin: str
    text: str
    """A sentence; for a blocker also what to do about it."""


@dataclass(frozen=True, slots=True)
class AdvisoryLine:
    id: str
    component: str
    message: str
    url: str
    fixable: bool = False
    """For one that is left: a newer release that runs on the target is not affected."""


@dataclass(frozen=True, slots=True)
class PluginPlan:
    changes: tuple[Change, ...] = ()
    """In the order in which they are put into place: by stage, but always what others need before those."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """Plugins that stay: name → version."""
    notes: tuple[PluginNote, ...] = ()
    fixed: tuple[AdvisoryLine, ...] = ()
    left: tuple[AdvisoryLine, ...] = ()
    known: bool = True
    """False: no update centre could be asked, so every plugin stays as it is and advisories are unknown."""
    older_wanted: tuple[str, ...] = ()
    """Plugins whose newest release asks for what cannot be had: an older one may do, where older ones are known."""

    def versions(self) -> dict[str, str]:
        """Name → version that every plugin should have afterwards."""
        return {**self.kept, **{change.name: change.version for change in self.changes}}

    @property
    def download_bytes(self) -> int:
        """Of the files whose size is known."""
        return sum(change.release.size or 0 for change in self.changes)


def to_document(plan: PluginPlan) -> dict[str, Any]:
    """A JSON object."""
    return dataclasses.asdict(plan)


def from_document(data: Mapping[str, Any]) -> PluginPlan:
    """The inverse of :func:`to_document`. Dependencies of releases are not kept."""
    return PluginPlan(
        changes=tuple(
            Change(
                one["name"],
                one["current"],
                Release(**{**one["release"], "dependencies": ()}),
                Stage(one["stage"]),
                tuple(one["reasons"]),
                one["enabled"],
            )
            for one in data["changes"]
        ),
        kept=dict(data["kept"]),
        notes=tuple(PluginNote(**one) for one in data["notes"]),
        fixed=tuple(AdvisoryLine(**one) for one in data["fixed"]),
        left=tuple(AdvisoryLine(**one) for one in data["left"]),
        known=data["known"],
        older_wanted=tuple(data.get("older_wanted", ())),  # plans of earlier versions have none
    )
