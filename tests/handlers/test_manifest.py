"""The app's manifest declares exactly what the code calls and takes: scopes, commands, interactivity, nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from bot.content import Button
from handlers import buttons, slash
from handlers.views.buttons import ACTION_PREFIX, actions

ROOT = Path(__file__).parents[2]
SOURCES = ("bot", "handlers", "adapters")

# Bot scopes of each method's page in https://docs.slack.dev/reference/methods; None: the method needs no bot scope. A method that
# the code begins to call is looked up there and added here.
SCOPES: dict[str, str | None] = {
    "auth_test": None,
    "chat_postMessage": "chat:write",
    "chat_update": "chat:write",
    # files_upload_v2 is files.getUploadURLExternal and files.completeUploadExternal.
    "files_upload_v2": "files:write",
}
LISTENERS = {"command", "action", "event", "message", "view", "shortcut", "options", "function", "step"}
"""Methods of Bolt's App that make the app take something."""


@pytest.fixture(scope="module")
def manifest() -> Any:
    return yaml.safe_load((ROOT / "app.yaml").read_text(encoding="utf-8"))


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
    assert web_api_methods() == set(SCOPES)


def test_the_scopes_are_exactly_those_that_the_code_needs(manifest: Any) -> None:
    """Those of the called methods, and ``commands`` for the slash command."""
    needed = {scope for scope in SCOPES.values() if scope} | {"commands"}
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(needed)
    assert "user" not in manifest["oauth_config"]["scopes"]


def test_what_is_declared_is_listened_to_and_the_other_way_round(manifest: Any) -> None:
    """Commands and buttons; no events, shortcuts or modals, which would go unanswered."""
    assert listeners() == {"command", "action"}
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == [slash.COMMAND]
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert "event_subscriptions" not in manifest["settings"]
    assert "shortcuts" not in manifest["features"]


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
