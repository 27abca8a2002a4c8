"""A tour through everything that people can do in Slack and everything that the outbox does there, on the stand-in workspace."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from adapters.clock import SystemClock
from adapters.slack_directory import SlackDirectory
from adapters.slack_notifier import SlackNotifier, slack_client
from adapters.slack_pace import Pace
from bot.content import Entry, Notice, Picture
from handlers.credentials import Credentials
from handlers.serving import build_serving
from handlers.views import render
from handlers.views.home import OPEN_START
from rehearsal.slack import RunningWorkspace, WorkspaceDriver
from rehearsal.slack.settings import Settings
from tests.fakes.outbox import MemoryOutbox
from tests.handlers.conftest import RecordingCommands

__all__ = ["tour"]

CHANNEL, DIRECT, GROUP, ANN = "C0CIOPS", "D0ANN", "S0RELEASE", "U0ANN"


def tour(workspace: RunningWorkspace, directory: Path) -> set[str]:
    """The Web API methods that were called, by Slack's own names.

    :raises AssertionError: when a call was refused for want of a scope, or a thing did not happen.
    """
    people, settings = WorkspaceDriver(workspace.address), Settings()
    credentials = Credentials(
        settings.bot_token, settings.app_token, settings.signing_secret, workspace.api_url
    )
    commands = RecordingCommands(answer=lambda: Notice("Done.", public=len(commands.asked) % 2 == 0))
    serving = build_serving(commands, credentials, None)
    with closing(serving):
        serving.start()
        people.wait_connected()
        parent = _outbox(workspace, people, settings, directory)
        _people(people, commands, parent)
    directory_of_people = SlackDirectory(slack_client(settings.bot_token, workspace.api_url))
    assert ANN in directory_of_people.members(CHANNEL)
    assert directory_of_people.members(GROUP)
    assert directory_of_people.speaks_in(CHANNEL)
    calls = people.calls()
    assert [call for call in calls if call["error"] == "missing_scope"] == []
    return {call["method"] for call in calls}


def _outbox(workspace: RunningWorkspace, people: WorkspaceDriver, settings: Settings, directory: Path) -> str:
    """Posts, updates, pictures, and posts whose answer was lost, in a channel and in a direct message. Returns a thread's ts."""
    outbox, stop, wake = MemoryOutbox(), threading.Event(), threading.Event()
    client = slack_client(settings.bot_token, workspace.api_url)
    notifier = SlackNotifier(client, outbox, render, SystemClock(), Pace(0.0, 0.0))
    picture = directory / "u1-gate-10-1.png"
    picture.write_bytes(b"picture")
    delivery = threading.Thread(target=notifier.run, args=(stop, wake), daemon=True)
    delivery.start()

    def show(channel: str, key: str, content: Any) -> None:
        outbox.put(channel, key, channel, content)
        wake.set()
        people.wait_for(lambda: outbox.undelivered()[0] == 0)

    try:
        for channel in (CHANNEL, DIRECT):
            for key in ("dashboard", "event-1"):
                people.faults(fail=[{"error": "", "method": "chat.postMessage", "done_first": True}])
                show(channel, key, Entry(f"{key} begins"))
                show(channel, key, Entry(f"{key} goes on"))
        show(CHANNEL, "picture-1", Picture("Blue and green so far", "Blue: 14 ms.", str(picture)))
    finally:
        stop.set()
        wake.set()
        delivery.join(60)
    begun = [message for message in people.messages(CHANNEL) if not message["text"].startswith("event-1")]
    assert [message["text"] for message in begun[:1]] == ["dashboard goes on"]
    assert len(begun) == 2, "the dashboard and the picture, nothing twice"
    return str(begun[0]["ts"])


def _people(people: WorkspaceDriver, commands: RecordingCommands, parent: str) -> None:
    """Command, form, mention in channel and thread, words to the bot, shortcut, home tab and its button."""
    people.say(ANN, CHANNEL, "/ci-upgrade status")
    people.say(ANN, CHANNEL, "/ci-upgrade start")
    form = people.wait_for(lambda: _filled(people))
    people.submit(ANN, form["id"])
    for text in ("@ci-upgrade status", "@ci-upgrade status"):
        people.say(ANN, CHANNEL, text, thread_ts=parent)
    people.say(ANN, DIRECT, "status")
    people.shortcut(ANN, "ci_upgrade.rollback", CHANNEL, parent)
    form = people.wait_for(lambda: _filled(people, "Roll back"))
    people.submit(ANN, form["id"])
    people.open_home(ANN)
    home = people.wait_for(lambda: people.home(ANN))
    people.click_view(ANN, home["id"], OPEN_START)
    people.wait_for(lambda: _filled(people, "Start"))
    people.wait_for(lambda: len(commands.asked) == 6)
    people.wait_for(lambda: {"chat.postEphemeral", "views.publish"} <= {c["method"] for c in people.calls()})


def _filled(people: WorkspaceDriver, submit: str = "Start") -> Any:
    view = people.modal(ANN)
    return view if view and (view.get("submit") or {}).get("text") == submit else None
