"""An upgrade on Docker behind HAProxy that a test follows by hand, and breaks."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import requests

from rehearsal.human import Human
from rehearsal.stage import Stage, StageOptions
from tests.docker.rig import made_of

__all__ = ["Upgrade", "upgrade"]

STEP_SECONDS = 240.0
REASON = "the engine was restarted"


class Upgrade:
    """Started, with nobody who approves unless the test lets them."""

    def __init__(self, stage: Stage, client: docker.DockerClient) -> None:
        self.stage = stage
        self.client = client
        self.told: list[str] = []
        self.human = Human(stage.people, self.told.append)

    @property
    def green(self) -> Any:
        """Its container."""
        return self.client.containers.list(
            all=True, filters={"label": ["ci-upgrade.instance", f"ci-upgrade-rehearsal={self.prefix}"]}
        )[0]

    def blue(self) -> Mapping[str, Any]:
        """What it is made of: no upgrade may change that."""
        name = f"{self.prefix}-blue"
        return made_of(self.client, name, f"{name}-home", self.prefix)

    def assert_only_green_is_left(self) -> None:
        """Of all that the bot made: it is the running instance now, or is kept for the retention time."""
        names = {f"{self.prefix}-blue", self.green.name}
        for label in ("instance", "attendant"):
            for name in names:
                own = {"label": f"ci-upgrade.{label}={name}"}
                kept = [name] if (label, name) == ("instance", self.green.name) else []
                assert [one.name for one in self.client.containers.list(all=True, filters=own)] == kept
                assert [one.name for one in self.client.volumes.list(filters=own)] == kept
                assert self.client.networks.list(filters=own) == []

    @property
    def prefix(self) -> str:
        name: str = self.stage.host.environment()["blue"]["container"]
        return name.removesuffix("-blue")

    def step(self) -> str:
        """Where the bot has noted that it is; empty before it has noted anything."""
        database = self.stage.config.parent / "state" / "ci-upgrade.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT record FROM upgrades WHERE live = 1").fetchall()
        return str(json.loads(rows[0][0])["step"]) if rows else ""

    def start(self) -> None:
        self.human.start(self.stage.to_version)

    def approve_until(self, step: str) -> None:
        """Approve every gate before the one that asks for this step."""

        def there() -> bool:
            self.human.look()
            if self.human.is_asked_for([step]):
                return True
            self.human.approve()
            return False

        self.wait(there)

    def insist_until(self, step: str) -> None:
        """The same, also past holds and failed comparisons: a green that comes back later than blue looks like a bad one."""

        def there() -> bool:
            held = self.human.look() == "held"
            if not held and self.human.is_asked_for([step]):
                return True
            if held:
                self.human.resume(REASON)
            else:
                self.human.insist(REASON)
            return False

        self.wait(there)

    def until_status(self, status: str) -> None:
        self.wait(lambda: self.human.look() == status)

    def roll_back(self) -> None:
        def ended() -> bool:
            status = self.human.look()
            if status not in ("rolling_back", "rolled_back"):
                self.human.roll_back()
            return status == "rolled_back"

        self.wait(ended)

    def wait(self, check: Callable[[], bool]) -> None:
        deadline = time.monotonic() + STEP_SECONDS
        while not check():
            assert time.monotonic() < deadline, (
                "\n".join(self.told[-10:]) + self.stage.bot_log.read_text()[-3000:]
            )
            time.sleep(0.2)

    def version_for_new_sessions(self) -> set[str]:
        """What ten new visitors are shown."""
        found = set()
        for _ in range(10):
            answer = requests.get(f"{self.stage.router_url}/login", timeout=30)
            found.add(answer.headers["X-Jenkins"])
        return found


@contextmanager
def upgrade(client: docker.DockerClient, directory: Path, **options: Any) -> Iterator[Upgrade]:
    """On a stage of its own."""
    settings = {"jobs": 6, "builds": 60, "minutes_scale": 0.01} | options
    with Stage(directory, StageOptions(environment="docker", router="haproxy", **settings)) as stage:
        yield Upgrade(stage, client)
