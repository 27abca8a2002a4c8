"""Published security warnings before and after: "fixes N advisories, leaves M". Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bot.plugins.plan import AdvisoryLine
from bot.plugins.records import Advisory, Catalogue
from bot.plugins.version_number import older

__all__ = ["advisory_lines"]


def advisory_lines(
    before: Mapping[str, str],
    after: Mapping[str, str],
    source: str,
    target: str,
    catalogue: Catalogue,
) -> tuple[tuple[AdvisoryLine, ...], tuple[AdvisoryLine, ...]]:
    """(fixed, left): those that apply to what is installed and not to the result, and those that apply to the result.

    ``before`` and ``after`` tell the plugins' versions, ``source`` and ``target`` the core's. An advisory of a plugin that is
    neither before nor after is none of the controller's.
    """
    fixed, left = [], []
    for advisory in catalogue.advisories:
        was = source if advisory.kind == "core" else before.get(advisory.name)
        will = target if advisory.kind == "core" else after.get(advisory.name)
        if will is not None and advisory.affects(will):
            left.append(_line(advisory, _has_fix(advisory, will, target, catalogue)))
        elif was is not None and advisory.affects(was):
            fixed.append(_line(advisory, fixable=False))
    return tuple(fixed), tuple(left)


def _has_fix(advisory: Advisory, version: str, target: str, catalogue: Catalogue) -> bool:
    if advisory.kind == "core":
        return older(target, catalogue.core) and not advisory.affects(catalogue.core)
    offered = catalogue.releases.get(advisory.name)
    return (
        offered is not None
        and older(version, offered.version)
        and not advisory.affects(offered.version)
        and not older(target, offered.required_core)
    )


def _line(advisory: Advisory, fixable: bool) -> AdvisoryLine:
    return AdvisoryLine(advisory.id, advisory.name, advisory.message, advisory.url, fixable)
