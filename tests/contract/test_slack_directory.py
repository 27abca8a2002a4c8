"""Members of user groups and channels, asked of the stand-in workspace; and what it means when Slack does not tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import slack_directory
from adapters.slack_directory import SlackDirectory
from adapters.slack_notifier import slack_client
from bot.errors import Permanent, Temporary
from rehearsal.slack import Manifest, RunningWorkspace, Settings, WorkspaceDriver
from rehearsal.slack.records import BOT_USER
from tests.handlers.web_api import Answer, running_web_api

MANIFEST = Path(__file__).parents[2] / "app.yaml"


@pytest.fixture
def workspace() -> Iterator[RunningWorkspace]:
    with RunningWorkspace(Settings(manifest=Manifest.read(MANIFEST))) as running:
        yield running


def directory_of(workspace: RunningWorkspace) -> SlackDirectory:
    return SlackDirectory(slack_client(Settings().bot_token, workspace.api_url))


def test_members_of_a_user_group(workspace: RunningWorkspace) -> None:
    assert directory_of(workspace).members("S0RELEASE") == {"U0ANN", "U0BOB"}


def test_members_of_a_channel_come_in_pages(
    workspace: RunningWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are; the bot is none that could approve."""
    whole = directory_of(workspace).members("C0CIOPS")
    assert {"U0ANN", "U0BOB"} < whole
    assert BOT_USER not in whole
    monkeypatch.setattr(slack_directory, "PAGE", 1)
    assert directory_of(workspace).members("C0CIOPS") == whole


@pytest.mark.parametrize("group", ["S0NOBODY", "C0NOBODY"])
def test_what_is_not_there_is_said_with_what_to_do(workspace: RunningWorkspace, group: str) -> None:
    with pytest.raises(Permanent, match=f"{group}.*correct the id"):
        directory_of(workspace).members(group)


def test_the_bot_speaks_where_it_was_invited(workspace: RunningWorkspace) -> None:
    """And in every conversation of its own; not in an archived channel, nor in one that it cannot see."""
    people, directory = WorkspaceDriver(workspace.address), directory_of(workspace)
    assert directory.speaks_in("C0CIOPS")
    assert directory.speaks_in("D0ANN")
    assert not directory.speaks_in("C0NOBODY")
    people.change_channel("C0CIOPS", bot_member=False)
    assert not directory.speaks_in("C0CIOPS")
    people.change_channel("C0CIOPS", bot_member=True, archived=True)
    assert not directory.speaks_in("C0CIOPS")


@pytest.mark.parametrize("conversation", ["D0ANNBOB", "G0TRIO"])
def test_the_bot_does_not_speak_between_people(workspace: RunningWorkspace, conversation: str) -> None:
    """Commands can be typed there, and nobody would see what comes of them."""
    assert not directory_of(workspace).speaks_in(conversation)


@pytest.mark.parametrize(
    "answer",
    [Answer(status=503), Answer(status=0), Answer("ratelimited"), Answer("unknown_method"), Answer()],
)
def test_where_slack_does_not_tell_the_bot_is_taken_to_speak(answer: Answer) -> None:
    """A start must not depend on an answer that only warns; the outbox tells what is wrong."""
    with running_web_api() as api:
        api.fail("conversations.info", answer)
        api.fail("conversations.history", answer)
        directory = SlackDirectory(slack_client("xoxb-test", api.api_url))
        assert directory.speaks_in("C0CIOPS")
        assert directory.speaks_in("D0ANN")


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("usergroups.users.list", Answer(status=503)),
        ("usergroups.users.list", Answer("ratelimited", status=429, retry_after="1")),
        ("usergroups.users.list", Answer(status=0)),
    ],
)
def test_an_outage_is_temporary(method: str, answer: Answer) -> None:
    """Nobody's right to approve follows from silence."""
    with running_web_api() as api:
        api.fail(method, answer)
        with pytest.raises(Temporary):
            SlackDirectory(slack_client("xoxb-test", api.api_url)).members("S0RELEASE")
