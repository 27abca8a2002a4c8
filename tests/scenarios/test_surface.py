"""People do an upgrade through forms, the thread and the home tab: the real commands on virtual time, the real handlers and outbox on the
stand-in workspace, which allows what the manifest declares."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from adapters.clock import SystemClock
from adapters.slack_notifier import SlackNotifier, slack_client
from adapters.slack_pace import Pace
from adapters.sqlite_store import SqliteStore
from bot.upgrade import Status
from handlers import home
from handlers.credentials import Credentials
from handlers.serving import build_serving
from handlers.views import render
from rehearsal.slack import Manifest, RunningWorkspace, WorkspaceDriver
from tests.fakes.world import Bot, World, make_config
from tests.patience import PATIENT

MANIFEST = Path(__file__).parents[2] / "app.yaml"
ANN, BOB, CHANNEL = "U0ANN", "U0BOB", "C0CIOPS"


class Scene:
    """A bot in its world and the people around it."""

    def __init__(self, bot: Bot, people: WorkspaceDriver) -> None:
        self.bot = bot
        self.people = people

    def form(self, user: str, submit: str) -> Any:
        """The filled form that this person looks at."""

        def look() -> Any:
            view = self.people.modal(user)
            return view if view and (view.get("submit") or {}).get("text") == submit else None

        return self.people.wait_for(look)

    def fill(self, user: str, submit: str, **fields: str | int) -> Any:
        """Type into fields by name and submit."""
        view = self.form(user, submit)
        blocks = {
            block["element"]["action_id"]: block for block in view["blocks"] if block["type"] == "input"
        }
        values = {blocks[name]["block_id"]: {name: text} for name, text in fields.items()}
        return self.people.submit(user, view["id"], values)

    def message(self, words: str, seen_by: str | None = None) -> Any:
        """The newest message with these words, once it is there."""

        def look() -> Any:
            found = [m for m in self.people.messages(CHANNEL, seen_by=seen_by) if words in m["text"]]
            return found[-1] if found else None

        return self.people.wait_for(look)

    def tab(self, user: str, words: str, *, there: bool = True) -> Any:
        """The home tab, once it says this, or does not any more."""
        return self.people.wait_for(lambda: (words in str(self.people.home(user))) is there)

    def until(self, status: Status) -> None:
        for _ in range(600):
            if self.bot.upgrade().status is status:
                return
            self.bot.settle(1.0)
        raise AssertionError(f"it is {self.bot.upgrade().status}")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(home, "REFRESH_SECONDS", 0.1)
    settings = dataclasses.replace(PATIENT, manifest=Manifest.read(MANIFEST))
    bot = Bot(World(tmp_path), make_config(tmp_path))
    stop = threading.Event()
    with ExitStack() as stack:
        workspace = stack.enter_context(RunningWorkspace(settings))
        people = WorkspaceDriver(workspace.address)
        credentials = Credentials(
            settings.bot_token, settings.app_token, settings.signing_secret, workspace.api_url
        )
        serving = stack.enter_context(closing(build_serving(bot.commands, credentials, None)))
        client = slack_client(settings.bot_token, workspace.api_url)
        outbox = SqliteStore(tmp_path / "state.db")
        notifier = SlackNotifier(client, outbox, render, SystemClock(), Pace(0.0, 0.0))
        delivery = threading.Thread(target=notifier.run, args=(stop, threading.Event()), daemon=True)
        serving.start()
        delivery.start()
        stack.callback(delivery.join, 60)
        stack.callback(stop.set)
        people.wait_connected()
        yield Scene(bot, people)
        assert [call for call in people.calls() if call["error"] == "missing_scope"] == []


def test_an_upgrade_by_forms_thread_and_home_tab(scene: Scene) -> None:
    """Started by the form after a fault was mended, approved by a button, held by a mention, rolled back by the message's menu; the home tab
    follows; every message stands there once.
    """
    people, bot = scene.people, scene.bot
    people.say(ANN, CHANNEL, "/ci-upgrade start")
    refused = scene.fill(ANN, "Start", other_version="latest", traffic="50, handover, 100")
    assert list(refused["errors"]) == ["other_version.main"]
    assert scene.fill(ANN, "Start", other_version="2.516.3", traffic="50, handover, 100") == {"ok": True}
    scene.message("Upgrading main", seen_by=ANN)
    scene.until(Status.WAITING)

    card = scene.message("Send 50% of sessions to green?")
    people.open_home(BOB)
    scene.tab(BOB, "Send 50% of sessions to green?")
    people.click(BOB, CHANNEL, card["ts"], "ci_upgrade.approve")
    scene.message("Approved")
    scene.tab(BOB, "Send 50% of sessions to green?", there=False)

    thread = card["thread_ts"]
    scene.until(Status.WAITING)
    people.say(BOB, CHANNEL, "@ci-upgrade hold until Monday", thread_ts=thread)
    scene.message("main is held", seen_by=BOB)
    hold = bot.upgrade().hold
    assert hold is not None
    assert hold.text == "until Monday"
    scene.tab(BOB, "until Monday")

    people.shortcut(ANN, "ci_upgrade.rollback", CHANNEL, card["ts"])
    assert scene.fill(ANN, "Roll back", reason="users complain") == {"ok": True}
    scene.message("Rolling main back", seen_by=ANN)
    scene.until(Status.ROLLED_BACK)
    scene.message("Rolled back")
    scene.tab(BOB, "rolled back")

    people.wait_for(lambda: bot.store.undelivered()[0] == 0)
    keys = [
        message.get("metadata", {}).get("event_payload", {}).get("key")
        for message in people.messages(CHANNEL)
    ]
    assert [key for key, count in Counter(keys).items() if key and count > 1] == []


def test_a_start_that_is_missed_and_a_lock_by_forms_buttons_and_home_tab(scene: Scene) -> None:
    """Scheduled by the form, missed, refused while locked, started by the button once unlocked; the home tab follows."""
    people, bot = scene.people, scene.bot
    at = int(bot.world.clock.now()) + 3600
    people.say(ANN, CHANNEL, "/ci-upgrade start")
    assert scene.fill(ANN, "Start", other_version="2.516.3", at=at) == {"ok": True}
    scene.message("Scheduled: main → 2.516.3")
    people.open_home(BOB)
    scene.tab(BOB, "Next: ")

    people.say(BOB, CHANNEL, "/ci-upgrade lock")
    assert scene.fill(BOB, "Lock", reason="release week") == {"ok": True}
    scene.message("locked main: release week")
    scene.tab(BOB, "release week")

    bot.world.clock.move(at + 1200)
    bot.settle()
    question = scene.message("did not start at")
    people.click(BOB, CHANNEL, question["ts"], "ci_upgrade.start-now")
    (start,) = bot.store.open_starts()
    tried = ["scheduled", "not started", "not started"]
    people.wait_for(lambda: [entry.name for entry in bot.store.journal(start.id)] == tried)
    assert bot.store.history("main", 1) == ()

    people.say(BOB, CHANNEL, "/ci-upgrade unlock main fixed")
    scene.message("unlocked main: fixed")
    people.click(BOB, CHANNEL, question["ts"], "ci_upgrade.start-now")
    scene.message("Started by")
    assert bot.upgrade().requested_by == BOB
    scene.tab(BOB, "Next: ", there=False)
