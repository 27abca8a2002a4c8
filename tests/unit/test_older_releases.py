"""Older releases of a plugin are asked of the update centre when the offered one asks for what cannot be had."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.errors import Temporary
from bot.model import Dependency, Plugin
from bot.plugins import Catalogue, Policy, Release
from bot.upgrade_plan import making
from tests.fakes.updates import FakeUpdateCentre, offer


@dataclass
class WithHistory(FakeUpdateCentre):
    older: Mapping[str, tuple[Release, ...]] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)

    def catalogue(self, core: str, versions_of: Collection[str] = ()) -> Catalogue:
        if versions_of:
            self.asked.append(set(versions_of))
        known = {name: self.older[name] for name in versions_of if name in self.older}
        return replace(super().catalogue(core), history=known)


def resolved(updates: WithHistory) -> tuple[dict[str, str], set[str]]:
    """The plan's versions, and the plugins whose other releases are known in the end."""
    services: Any = SimpleNamespace(updates=updates, plugin_policy=Policy("latest"))
    plugins = [Plugin(name, "1", True, True, "2.400") for name in ("app", "lib", "base")]
    plan, catalogue = making._resolved(
        services, updates.catalogue("2.516.3"), plugins, "2.426.2", "2.516.3", ()
    )
    return plan.versions(), set(catalogue.history)


OFFERED = (
    offer("app", "3", "2.400", Dependency("lib", "3", False)),
    offer("lib", "3", "2.400", Dependency("base", "9", False)),
    offer("base", "2"),
)


def test_they_are_asked_for_until_nothing_new_is_known(tmp_path: Path) -> None:
    """Of the plugin whose need cannot be met, and of what needs that one."""
    older = {"lib": (offer("lib", "2"),), "app": (offer("app", "2", "2.400", Dependency("lib", "2", False)),)}
    updates = WithHistory(tmp_path, OFFERED, older=older)
    assert resolved(updates) == ({"app": "2", "lib": "2", "base": "2"}, {"app", "lib"})
    assert updates.asked == [{"app", "lib"}]


def test_without_them_what_is_installed_stays(tmp_path: Path) -> None:
    """No data of versions is no failure, and it is asked for once; nor is one that does not answer."""
    updates = WithHistory(tmp_path, OFFERED)
    assert resolved(updates)[0] == {"app": "1", "lib": "1", "base": "2"}
    assert len(updates.asked) == 1

    @dataclass
    class Silent(WithHistory):
        def catalogue(self, core: str, versions_of: Collection[str] = ()) -> Catalogue:
            if versions_of:
                raise Temporary("silent")
            return super().catalogue(core)

    assert resolved(Silent(tmp_path, OFFERED))[0] == {"app": "1", "lib": "1", "base": "2"}
