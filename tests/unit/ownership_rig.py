"""Blue and green in memory, and what the modules of ``bot/ownership`` are given: for tests of one of them alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.model import Side
from tests.fakes.jenkins import FakeJenkins
from tests.fakes.timing import VirtualClock
from tests.fakes.world import World

__all__ = ["Scene"]


@dataclass
class Scene:
    """Blue owns; ``ctx`` is the context of a tick."""

    blue: FakeJenkins
    green: FakeJenkins
    ctx: Any
    clock: VirtualClock
    said: list[str] = field(default_factory=list)
    """Texts and lines of the thread."""
    changes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, directory: Path, **facts: object) -> Scene:
        world = World(directory)
        instances = {
            Side.BLUE: world.blue,
            Side.GREEN: world.environment.create("green", world.blue, "2.440.1", "u1"),
        }
        sides = {side: world.instances[instance.name] for side, instance in instances.items()}
        sides[Side.GREEN].files.update(sides[Side.BLUE].files)
        sides[Side.GREEN].start()
        documents: dict[str, Any] = {}
        scene = cls(sides[Side.BLUE], sides[Side.GREEN], None, world.clock)

        def change(name: str, act: Any, **_: object) -> Any:
            scene.changes.append(name)
            return act()

        scene.ctx = SimpleNamespace(
            id="u1",
            clock=world.clock,
            stop=SimpleNamespace(check=lambda: None, wait=world.clock.move),
            upgrade=SimpleNamespace(instance=instances.__getitem__, facts=facts, owner=Side.BLUE),
            services=SimpleNamespace(environment=world.environment),
            store=SimpleNamespace(document=documents.get, put_document=documents.__setitem__),
            jenkins=sides.__getitem__,
            change=change,
            say=lambda text, *lines, **_: scene.said.extend([text, *lines]),
        )
        return scene
