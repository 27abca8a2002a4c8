"""Which plugins an upgrade changes: the installed set and the target core in, a consistent set out. Pure.

Versions only ever go up, and a plugin that has to change goes to the newest release that runs on the target core (or to its
pin). So the search ends, and the order in which needs are found does not matter. What was changed for a need that the end
result no longer has is taken back. A release that asks for what cannot be had is passed over, and the search begins again
without it: an older release, or the installed one, may do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.model import Dependency, Plugin
from bot.plugins.advisories import advisory_lines
from bot.plugins.detached import implied_dependencies, split_between, war_brings_plugins
from bot.plugins.plan import Change, PluginNote, PluginPlan, Stage
from bot.plugins.records import Catalogue, Release
from bot.plugins.version_number import VersionNumber, older

__all__ = ["Demand", "Policy", "resolve"]


@dataclass(frozen=True, slots=True)
class Policy:
    mode: Literal["minimal", "latest"] = "minimal"
    """``minimal`` changes what has to change; ``latest`` takes every plugin to the newest release for the target core."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """Plugin → the version that it must have. Nothing is downgraded: a pin below the installed version keeps what is installed."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A least version that something outside of the dependencies asks for, such as an upgrade-guide rule."""

    plugin: str
    minimum: str
    reason: str
    before_core: bool = False


@dataclass(frozen=True, slots=True)
class _Need:
    plugin: str
    minimum: str
    reason: str
    changed: bool = True
    """False: it was just as unmet before the upgrade."""
    asker: str | None = None
    """The plugin that needs it; None: something outside."""


@dataclass(frozen=True, slots=True)
class _State:
    """A plugin as it is or will be."""

    version: str
    required_core: str
    dependencies: tuple[Dependency, ...]
    enabled: bool
    release: Release | None = None
    """None: as installed."""


def resolve(
    installed: Sequence[Plugin],
    source: str,
    target: str,
    catalogue: Catalogue,
    policy: Policy,
    demands: Sequence[Demand] = (),
) -> PluginPlan:
    """``source`` and ``target`` are core versions; ``catalogue`` is what the update centre offers to the target."""
    return _Resolution(installed, source, target, catalogue, policy, demands).plan()


class _Resolution:
    def __init__(
        self,
        installed: Sequence[Plugin],
        source: str,
        target: str,
        catalogue: Catalogue,
        policy: Policy,
        demands: Sequence[Demand],
    ) -> None:
        self._source, self._target = source, target
        self._catalogue, self._policy = catalogue, policy
        self._before = {
            plugin.name: _State(plugin.version, plugin.required_core, self._needs_of(plugin), plugin.enabled)
            for plugin in installed
        }
        self._now = dict(self._before)
        self._demands = list(demands)
        self._passed_over: dict[tuple[str, str], str] = {}
        """Plugin and version → why that release cannot be taken."""

    def plan(self) -> PluginPlan:
        self._settle()
        self._take_back()
        older_wanted = self._step_down()
        changes = _ordered([self._change(name) for name in self._changed()])
        after = {name: state.version for name, state in self._now.items()}
        before = {name: state.version for name, state in self._before.items()}
        fixed, left = advisory_lines(before, after, self._source, self._target, self._catalogue)
        notes = sorted(
            (*self._unmet(), *self._remarks(), *self._stepped_down()),
            key=lambda note: (("blocker", "warning", "ok").index(note.level), note.plugin),
        )
        return PluginPlan(
            changes=changes,
            kept={name: after[name] for name in sorted(after) if self._now[name].release is None},
            notes=tuple(notes),
            fixed=fixed,
            left=left,
            older_wanted=older_wanted,
        )

    # ---- finding what must change

    def _settle(self) -> None:
        for name, state in self._before.items():
            if name in self._policy.pins or (self._policy.mode == "latest" and state.enabled):
                self._raise(name)
        for one in split_between(self._source, self._target):
            self._raise(one.name)
        before: dict[str, _State] = {}
        while before != self._now:
            before = dict(self._now)
            for need in list(self._needs()):
                self._raise(need.plugin)

    def _needs(self) -> Iterator[_Need]:
        """What the present choice asks for and does not have."""
        for demand in self._demands:
            # A rule speaks of plugins that are there; one that only comes along as a dependency is there too.
            state = self._now.get(demand.plugin)
            if state is not None and older(state.version, demand.minimum):
                yield _Need(demand.plugin, demand.minimum, demand.reason)
        for name, state in sorted(self._now.items()):
            for need in state.dependencies if state.enabled else ():
                other = self._now.get(need.name)
                changed = state.release is not None or (other is not None and other.release is not None)
                if other is None:
                    if not need.optional:
                        yield _Need(
                            need.name, need.version, f"{name} {state.version} needs it", changed, name
                        )
                elif other.enabled and older(other.version, need.version):
                    reason = f"{name} {state.version} needs at least {need.version}"
                    yield _Need(need.name, need.version, reason, changed, name)

    def _raise(self, name: str) -> None:
        """To the newest release that may be taken, if that is newer than what there is."""
        state = self._now.get(name)
        release = self._newest(name)
        if release is not None and (state is None or older(state.version, release.version)):
            enabled = state.enabled if state else True
            self._now[name] = _State(
                release.version, release.required_core, _with_implied(release), enabled, release
            )

    def _newest(self, name: str) -> Release | None:
        usable = [
            release
            for release in self._catalogue.usable(name, self._target)
            if (name, release.version) not in self._passed_over
        ]
        pin = self._policy.pins.get(name)
        if pin is not None:
            usable = [release for release in usable if release.version == pin]
        return max(usable, key=lambda release: VersionNumber(release.version), default=None)

    # ---- stepping down

    def _step_down(self) -> tuple[str, ...]:
        """Do without releases that ask for what cannot be had, unless as much is in the way then; returns what was tried."""
        first, blockers = dict(self._now), self._blockers()
        while blockers and (found := self._dead_end()) is not None:
            name, why = found
            self._passed_over[name, self._now[name].version] = why
            self._now = dict(self._before)
            self._settle()
            self._take_back()
        tried = tuple(sorted({name for name, _ in self._passed_over}))
        if tried and self._blockers() >= blockers:
            self._now = first
            self._passed_over.clear()
        return tried

    def _blockers(self) -> int:
        return sum(note.level == "blocker" for note in self._unmet())

    def _dead_end(self) -> tuple[str, str] | None:
        """A plugin whose new release asks for what cannot be had, and why. A pin is somebody's wish: it is kept."""
        for need in self._needs():
            if need.asker and self._now[need.asker].release and need.asker not in self._policy.pins:
                return need.asker, f"{need.plugin} {need.minimum} cannot be had: {self._why_not(need)}"
        for name, dependency in self._disabled_needs():
            if name not in self._policy.pins:
                return name, f"{dependency} is disabled."
        return None

    def _disabled_needs(self) -> Iterator[tuple[str, str]]:
        """Changed plugins with something that they need and that is disabled."""
        for name, state in sorted(self._now.items()):
            for dependency in state.dependencies if state.enabled and state.release else ():
                other = self._now.get(dependency.name)
                if other is not None and not other.enabled and not dependency.optional:
                    yield name, dependency.name

    def _stepped_down(self) -> Iterator[PluginNote]:
        for (name, version), why in self._passed_over.items():
            state = self._now.get(name)
            if state is not None and older(state.version, version):
                how = f"{state.version} is taken" if state.release else f"it stays at {state.version}"
                yield PluginNote("warning", name, f"{name} {version} is passed over and {how}, because {why}")

    # ---- what cannot be had

    def _unmet(self) -> Iterator[PluginNote]:
        for need in self._needs():
            text = f"{need.reason}, but {self._why_not(need)}"
            if need.changed:
                yield PluginNote("blocker", need.plugin, text)
            else:
                yield PluginNote("warning", need.plugin, f"{text} It does not load today either.")
        for name, dependency in self._disabled_needs():
            text = f"{name} {self._now[name].version} needs it, but it is disabled: enable it."
            yield PluginNote("blocker", dependency, text)

    def _why_not(self, need: _Need) -> str:
        pin = self._policy.pins.get(need.plugin)
        if pin is not None:
            return f"it is pinned to {pin}: pin it to {need.minimum} or newer, or remove the pin."
        for (name, version), why in self._passed_over.items():
            if name == need.plugin and not older(version, need.minimum):
                return f"{name} {version} cannot be taken, because {why}"
        offered = self._catalogue.releases.get(need.plugin)
        if offered is None:
            return (
                f"{self._catalogue.origin} does not offer it: install {need.minimum} or newer on the running "
                "controller, or uninstall what needs it."
            )
        if offered.required_core and older(self._target, offered.required_core):
            return (
                f"the release that is offered ({offered.version}) needs Jenkins {offered.required_core}: "
                f"choose a newer target than {self._target}."
            )
        if not offered.sha256 and not older(offered.version, need.minimum):
            return (
                f"{self._catalogue.origin} names no SHA-256 for {offered.version}, and what cannot be checked is not taken: "
                f"install {need.minimum} or newer on the running controller, or uninstall what needs it."
            )
        return f"{offered.version} is the newest that is offered: uninstall what needs it, or wait for a newer release."

    # ---- taking back what is not needed

    def _take_back(self) -> None:
        """Everything else only went up, so putting a plugin back to its installed version breaks no other need."""
        while True:
            idle = [name for name in self._changed() if not self._reasons(name)]
            if not idle:
                return
            for name in idle:
                if name in self._before:
                    self._now[name] = self._before[name]
                else:
                    del self._now[name]

    def _changed(self) -> list[str]:
        return [name for name, state in sorted(self._now.items()) if state.release is not None]

    def _reasons(self, name: str) -> tuple[str, ...]:
        """Why the end result cannot have the plugin as it was."""
        was = self._before.get(name)
        reasons = []
        if name in self._policy.pins:
            reasons.append("pinned")
        if was is None:
            reasons += [
                f"part of Jenkins until {one.last_core}"
                for one in split_between(self._source, self._target)
                if one.name == name
            ]
        elif self._policy.mode == "latest" and was.enabled:
            reasons.append("the newest release for this core is wanted")
        reasons += [
            demand.reason
            for demand in self._demands
            if demand.plugin == name and was is not None and older(was.version, demand.minimum)
        ]
        for other, state in sorted(self._now.items()):
            for need in state.dependencies if state.enabled else ():
                if need.name != name:
                    continue
                if was is None and not need.optional:
                    reasons.append(f"{other} {state.version} needs it")
                elif was is not None and was.enabled and older(was.version, need.version):
                    reasons.append(f"{other} {state.version} needs at least {need.version}")
        return tuple(reasons)

    # ---- putting the answer together

    def _change(self, name: str) -> Change:
        state, was = self._now[name], self._before.get(name)
        assert state.release is not None, "only changed plugins are asked for"
        if any(demand.plugin == name and demand.before_core for demand in self._demands):
            stage = Stage.BEFORE
        elif state.required_core and older(self._source, state.required_core):
            stage = Stage.AFTER
        else:
            stage = Stage.WITH
        return Change(
            name, was.version if was else None, state.release, stage, self._reasons(name), state.enabled
        )

    def _remarks(self) -> Iterator[PluginNote]:
        known = self._catalogue
        public = {advisory.name for advisory in known.advisories} | set(known.deprecations)
        for name, state in sorted(self._before.items()):
            if name not in known.releases:
                if name in public:
                    text = "is not distributed any more (removed or suspended); it is kept as it is"
                else:
                    text = f"is not in {known.origin}: taken as your own; it is kept as it is"
                yield PluginNote("warning", name, f"{name} {state.version} {text}.")
            if name in known.deprecations:
                yield PluginNote("warning", name, f"{name} is deprecated: {known.deprecations[name]}")
            if not state.enabled:
                yield PluginNote("ok", name, f"{name} is disabled and stays so.")
            yield from self._pin_remark(name, state)
        for one in split_between(self._source, self._target):
            if one.name not in self._now:
                instead = (
                    "the new core adds its own copy."
                    if war_brings_plugins(self._target)
                    else f"{self._target} brings none along, so install it where something needs it."
                )
                text = f"{one.name} was part of Jenkins until {one.last_core} and is not offered: {instead}"
                yield PluginNote("warning", one.name, text)

    def _pin_remark(self, name: str, state: _State) -> Iterator[PluginNote]:
        pin = self._policy.pins.get(name)
        if pin is None or pin == state.version:
            return
        if older(pin, state.version):
            text = f"{name} is pinned to {pin} but {state.version} is installed; nothing is downgraded, it stays."
            yield PluginNote("warning", name, text)
        elif self._now[name].version != pin:
            text = f"{name} is pinned to {pin}, which is not offered for Jenkins {self._target}: correct the pin."
            yield PluginNote("blocker", name, text)

    def _needs_of(self, plugin: Plugin) -> tuple[Dependency, ...]:
        """What the installed file says; where the controller did not tell, what the update centre says of that version."""
        if plugin.required_core or plugin.dependencies:
            return _unique((*plugin.dependencies, *implied_dependencies(plugin.name, plugin.required_core)))
        for release in self._catalogue.candidates(plugin.name):
            if release.version == plugin.version:
                return _with_implied(release)
        return ()


def _with_implied(release: Release) -> tuple[Dependency, ...]:
    return _unique((*release.dependencies, *implied_dependencies(release.name, release.required_core)))


def _unique(needs: Collection[Dependency]) -> tuple[Dependency, ...]:
    """What a plugin says itself counts before what it implies."""
    found: dict[str, Dependency] = {}
    for need in needs:
        found.setdefault(need.name, need)
    return tuple(found.values())


def _ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """By stage, but always what others need before those; circles are broken by name."""
    by_name = {change.name: change for change in changes}
    placed: dict[str, Change] = {}

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in placed or name in path:
            return
        for need in by_name[name].release.dependencies:
            if need.name in by_name:
                place(need.name, (*path, name))
        placed[name] = by_name[name]

    stages = list(Stage)
    for change in sorted(changes, key=lambda change: (stages.index(change.stage), change.name)):
        place(change.name, ())
    return tuple(placed.values())
