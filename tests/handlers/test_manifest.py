"""The app's manifest declares exactly what the code calls and takes: scopes, commands, interactivity, nothing else."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from bot.content import Button
from handlers import buttons, slash
from handlers.modals.reasons import FORMS
from handlers.views.buttons import ACTION_PREFIX, actions
from rehearsal.slack import Manifest, RunningWorkspace
from tests.handlers.tour import tour
from tests.patience import PATIENT

ROOT = Path(__file__).parents[2]
SOURCES = ("bot", "handlers", "adapters")

# Bot scopes of each method's page in https://docs.slack.dev/reference/methods, empty where it needs none. Of a method that reads
# conversations they are those for channels, private channels and direct messages: an upgrade may speak in any of these. A method that
# the code begins to call is looked up there and added here.
HISTORY = frozenset({"channels:history", "groups:history", "im:history"})
WRITING, FILES = frozenset({"chat:write"}), frozenset({"files:write"})
NONE: frozenset[str] = frozenset()
SCOPES: dict[str, frozenset[str]] = {
    "auth.test": NONE,
    "chat.postEphemeral": WRITING,
    "chat.postMessage": WRITING,
    "chat.update": WRITING,
    "conversations.history": HISTORY,
    # Of direct messages only the history is asked, so not im:read.
    "conversations.info": frozenset({"channels:read", "groups:read"}),
    "conversations.members": frozenset({"channels:read", "groups:read"}),
    "conversations.replies": HISTORY,
    "files.completeUploadExternal": FILES,
    "files.getUploadURLExternal": FILES,
    "usergroups.users.list": frozenset({"usergroups:read"}),
    "views.open": NONE,
    "views.publish": NONE,
    "views.update": NONE,
}
# Those of the pages in https://docs.slack.dev/reference/events.
EVENTS: dict[str, frozenset[str]] = {
    "app_home_opened": NONE,
    "app_mention": frozenset({"app_mentions:read"}),
    "message.im": frozenset({"im:history"}),
}
NOT_BY_THE_BOT_TOKEN = {"apps.connections.open", "response_url"}
"""Calls with the app token, and those that need none."""
LISTENERS = {"command", "action", "event", "message", "view", "shortcut", "options", "function", "step"}
"""Methods of Bolt's App that make the app take something."""


@pytest.fixture(scope="module")
def manifest() -> Any:
    return yaml.safe_load((ROOT / "app.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def workspace() -> Iterator[RunningWorkspace]:
    with RunningWorkspace(dataclasses.replace(PATIENT, manifest=Manifest.read(ROOT / "app.yaml"))) as running:
        yield running


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every method call in the product's source, by the method's name."""
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield node.func.attr, node


def web_api_methods() -> set[str]:
    """Methods of the SDK's client that the source calls, told by their names, which nothing else has."""
    own = {name for name in vars(WebClient) if "_" in name and not name.startswith("_")} - {"api_call"}
    return {name for name, _ in calls() if name in own}


def listeners() -> set[str]:
    """Kinds of listeners that are registered on the Bolt app."""
    return {
        name
        for name, node in calls()
        if name in LISTENERS
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "app"
    }


def test_every_web_api_method_in_the_source_is_known() -> None:
    """A new call needs its scope looked up; a call that is gone leaves no row behind."""
    # files_upload_v2 is the two methods in one.
    rows = {name.replace(".", "_") for name in SCOPES if not name.startswith("files.")} | {"files_upload_v2"}
    assert web_api_methods() == rows


def test_the_scopes_are_exactly_those_of_what_is_called_and_heard(
    manifest: Any, tmp_path: Path, workspace: RunningWorkspace
) -> None:
    """The stand-in, which refuses what the manifest does not grant, records every call of a tour through all that people can do and
    all that the outbox does; the scopes of those methods and events, and ``commands``, are those of the manifest. None is spare.
    """
    called = tour(workspace, tmp_path) - NOT_BY_THE_BOT_TOKEN
    assert called == set(SCOPES)
    needed = frozenset({"commands"}).union(*SCOPES.values(), *EVENTS.values())
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(needed)
    assert "user" not in manifest["oauth_config"]["scopes"]


def test_what_is_declared_is_listened_to_and_the_other_way_round(manifest: Any) -> None:
    """Commands, buttons, forms, shortcuts and events; nothing goes unanswered, nothing is subscribed to in vain."""
    features, settings = manifest["features"], manifest["settings"]
    assert listeners() == {"command", "action", "view", "shortcut", "event"}
    assert [command["command"] for command in features["slash_commands"]] == [slash.COMMAND]
    assert settings["interactivity"]["is_enabled"] is True
    assert set(settings["event_subscriptions"]["bot_events"]) == set(EVENTS)
    assert features["app_home"]["home_tab_enabled"] is True
    declared = [(shortcut["type"], shortcut["callback_id"]) for shortcut in features["shortcuts"]]
    assert declared == [("message", f"ci_upgrade.{name}") for name in FORMS]
    assert all(len(shortcut["name"]) <= 24 for shortcut in features["shortcuts"])


def test_every_button_that_is_drawn_is_listened_to() -> None:
    """The action ids of the views match the pattern of the listener and come back as the action's name."""
    drawn = {
        str(node.args[0].value)
        for path in (ROOT / "bot").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Button"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert {"approve", "hold", "rollback", "resume"} <= drawn
    blocks = [actions([Button(name, "label", "{}")]) for name in sorted(drawn)]
    ids = [element["action_id"] for block in blocks if block for element in block["elements"]]
    assert all(id.startswith(ACTION_PREFIX) for id in ids)
    assert {match["name"] for id in ids if (match := buttons.ACTION.match(id))} == drawn


def test_socket_mode_needs_no_address_and_names_a_bot(manifest: Any) -> None:
    """The manifest can be pasted as it is: no request URLs to fill in, a bot user, texts within Slack's limits."""
    features, shown = manifest["features"], manifest["display_information"]
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in manifest["settings"]["interactivity"]
    assert all("url" not in command for command in features["slash_commands"])
    assert 0 < len(features["bot_user"]["display_name"]) <= 80
    assert 0 < len(shown["name"]) <= 35
    assert 0 < len(shown["description"]) <= 140
    assert all(0 < len(command["description"]) <= 2000 for command in features["slash_commands"])
