"""New releases: told once each, with what they fix and a button; silence where there is nothing to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bootstrap import build_bot
from bot.config import parse
from bot.content import Announcement, from_json, to_json
from bot.errors import Temporary
from bot.plugins import Advisory
from bot.release_watch import ReleaseWatch
from tests.fakes.updates import FakeUpdateCentre, offer
from tests.fakes.world import ANN, Bot, World, make_config


class Rig:
    def __init__(self, directory: Path) -> None:
        self.world = World(directory)
        self.blue = self.world.instances["main-first"]
        self.blue.files["plugins/git.jpi"] = b"5.2.1"
        self.updates = FakeUpdateCentre(
            directory,
            (offer("git", "5.7.0"),),
            (
                Advisory("CORE-1", "core", "core", "Path traversal", "http://c", (r"2[.]426.*",)),
                Advisory("GIT-1", "plugin", "git", "Injection", "http://g", (r"5[.]2.*",)),
                Advisory("OPEN", "plugin", "git", "Not fixed", "http://o"),
            ),
        )
        self.bot = Bot(self.world, make_config(directory))
        self.woken = 0

    def look(self, channel: str | None = "C0CIOPS") -> None:
        """As a bot that was started again: nothing is remembered but what is stored."""

        def wake() -> None:
            self.woken += 1

        ReleaseWatch("main", channel, self.bot.store, self.updates, lambda: self.blue, wake).look()

    def told(self) -> list[Announcement]:
        rows = self.bot.store.due(self.world.clock.now())
        return [row.content for row in rows if isinstance(row.content, Announcement)]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_release_is_told_once(rig: Rig) -> None:
    """With both versions, what it fixes and a button; the next release is told again."""
    for _ in range(3):
        rig.look()
    [told] = rig.told()
    assert "main runs 2.426.2; the newest LTS is 2.516.3" in told.text
    assert "2 published advisories" in told.text
    assert [line.split()[0] for line in told.lines] == ["CORE-1", "GIT-1"]
    assert [button.label for button in told.buttons] == ["Plan upgrade"]
    assert rig.woken == 1
    rig.updates.newest = "2.528.1"
    rig.look()
    assert len(rig.told()) == 2


def test_without_a_channel_nobody_is_told_and_everything_is_known(rig: Rig) -> None:
    """The home tab shows the version of a controller that was never upgraded, and the form of a start offers each newer line."""
    (state,) = rig.bot.commands.overview(ANN).controllers
    assert (state.version, state.behind, state.advisories) == ("", "", "")
    rig.look(channel=None)
    assert rig.told() == []
    (state,) = rig.bot.commands.overview(ANN).controllers
    assert state.version == "2.426.2"
    assert state.behind == "the newest LTS is 2.516.3"
    assert "2 published advisories" in state.advisories
    assert rig.bot.commands.start_choices("main").versions == ("2.516.3", "2.479.2", "2.440.3")
    rig.look()
    assert len(rig.told()) == 1


def test_without_a_list_of_releases_the_newest_is_offered(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror may lack that file; what was known before stays known."""

    def missing() -> tuple[str, ...]:
        raise Temporary("no such file")

    monkeypatch.setattr(rig.updates, "lts_releases", missing)
    rig.look()
    assert len(rig.told()) == 1
    assert rig.bot.commands.start_choices("main").versions == ("2.516.3",)


def test_what_runs_is_noted_also_when_no_update_centre_answers(rig: Rig) -> None:
    """And a controller that was brought up by hand is not shown as behind any more."""
    rig.look()
    rig.blue.version = "2.516.3"
    rig.updates.failure = Temporary("silent")
    rig.look()
    (state,) = rig.bot.commands.overview(ANN).controllers
    assert (state.version, state.behind, state.advisories) == ("2.516.3", "", "")


def test_button_plans_that_upgrade(rig: Rig) -> None:
    """The click answers with the plan, as if it had been typed."""
    rig.look()
    [told] = rig.told()
    button = told.buttons[0]
    notice = rig.bot.commands.click(button.action, button.value, ANN)
    assert notice is not None
    assert notice == rig.bot.commands.run("plan main 2.516.3", ANN)
    assert "2.516.3" in notice.text


@pytest.mark.parametrize("running", ["2.516.3", "2.520", "2.528.1"])
def test_nothing_to_tell(rig: Rig, running: str) -> None:
    """A controller on the newest LTS or past it is left in peace."""
    rig.blue.version = running
    rig.look()
    assert rig.told() == []


def test_not_during_an_upgrade(rig: Rig) -> None:
    """People have enough to read then; afterwards it is told."""
    rig.bot.commands.run("start main 2.516.3", ANN)
    rig.look()
    assert rig.told() == []


def test_what_cannot_be_asked_is_asked_the_next_time(rig: Rig) -> None:
    """An outage is no message and no crash."""
    rig.updates.failure = Temporary("silent")
    rig.look()
    assert rig.told() == []
    rig.updates.failure = None
    rig.look()
    assert len(rig.told()) == 1


def test_announcement_is_stored_whole(rig: Rig) -> None:
    """What comes back from the outbox is what was put."""
    rig.look()
    [told] = rig.told()
    assert from_json(to_json(told)) == told


@pytest.mark.parametrize(
    ("changes", "watched"),
    [({}, {"main"}), ({"slack": {}}, {"main"}), ({"updates": {"watch_hours": 0}}, set())],
    ids=["as configured", "no channel", "turned off"],
)
def test_who_is_watched(tmp_path: Path, changes: dict[str, object], watched: set[str]) -> None:
    """Every controller, unless it is turned off: also where there is no channel to tell, for what the home tab and forms show."""
    settings = make_config(tmp_path).model_dump(mode="json")
    settings |= {"slack": {"channel": "C0CIOPS"}, "updates": {}} | changes
    bot = build_bot(parse(settings, "test"), {"MAIN_TOKEN": "token"})
    assert set(bot.watches) == watched
