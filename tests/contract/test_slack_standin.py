"""The Slack stand-in answers the real SDK as Slack does: methods, errors, limits."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError

from rehearsal.slack import Manifest, RunningWorkspace, Settings, WorkspaceDriver

CHANNEL = "C0CIOPS"


@pytest.fixture
def workspace() -> Iterator[RunningWorkspace]:
    with RunningWorkspace() as running:
        yield running


@pytest.fixture
def people(workspace: RunningWorkspace) -> WorkspaceDriver:
    return WorkspaceDriver(workspace.address)


@pytest.fixture
def client(workspace: RunningWorkspace) -> WebClient:
    return WebClient("xoxb-rehearsal", base_url=workspace.api_url)


def error_of(refused: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(refused.value.response["error"])


def button(action_id: str = "go", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Go"}, **more}


def section(text: str = "x") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


# ---- tokens and scopes -------------------------------------------------------------------------------------------


def test_tokens_are_checked(workspace: RunningWorkspace, client: WebClient) -> None:
    """No token, a wrong one and one of the wrong kind are three different errors."""
    assert client.auth_test()["user_id"] == "U0CIBOT"
    for token, error in (
        ("", "not_authed"),
        ("xoxb-wrong", "invalid_auth"),
        ("xapp-rehearsal", "not_allowed_token_type"),
    ):
        with pytest.raises(SlackApiError) as refused:
            WebClient(token, base_url=workspace.api_url).chat_postMessage(channel=CHANNEL, text="x")
        assert error_of(refused) == error
    with pytest.raises(SlackApiError) as refused:
        client.apps_connections_open(app_token="xoxb-rehearsal")
    assert error_of(refused) == "not_allowed_token_type"


def test_a_scope_that_the_manifest_does_not_grant_is_missing(tmp_path: Path) -> None:
    """The manifest file decides what the token may do, and the error names the scope."""
    manifest = tmp_path / "app.yaml"
    manifest.write_text(
        "display_information: {name: ci-upgrade}\n"
        "features: {slash_commands: [{command: /ci-upgrade, description: Upgrade}]}\n"
        "oauth_config: {scopes: {bot: [chat:write]}}\n"
        "settings: {event_subscriptions: {bot_events: [app_mention]}}\n"
    )
    with RunningWorkspace(Settings(manifest=Manifest.read(manifest))) as running:
        client = WebClient("xoxb-rehearsal", base_url=running.api_url)
        client.chat_postMessage(channel=CHANNEL, text="x")
        with pytest.raises(SlackApiError) as refused:
            client.users_info(user="U0ANN")
    assert (error_of(refused), refused.value.response["needed"]) == ("missing_scope", "users:read")


# ---- messages ----------------------------------------------------------------------------------------------------


def test_a_message_is_posted_updated_threaded_and_deleted(client: WebClient, people: WorkspaceDriver) -> None:
    """The life of a message, as the app and as people see it."""
    ts = client.chat_postMessage(channel=CHANNEL, text="one", blocks=[section()])["ts"]
    reply = client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=ts)
    client.chat_update(channel=CHANNEL, ts=ts, text="two")
    client.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")
    parent, child = client.conversations_replies(channel=CHANNEL, ts=ts)["messages"]
    assert (parent["text"], parent["reply_count"], child["ts"]) == ("two", 1, reply["ts"])
    assert "blocks" not in parent  # text without blocks replaces them
    assert [message["ts"] for message in client.conversations_history(channel=CHANNEL)["messages"]] == [ts]
    client.chat_delete(channel=CHANNEL, ts=reply["ts"])
    assert [message["ts"] for message in people.messages(CHANNEL)] == [ts]
    assert people.counters()["updates"] == 1


def test_an_ephemeral_message_is_seen_by_one_person_only(client: WebClient, people: WorkspaceDriver) -> None:
    """Nobody else sees it, and it cannot be updated through the Web API."""
    ts = client.chat_postEphemeral(channel=CHANNEL, user="U0ANN", text="psst")["message_ts"]
    assert [message["ts"] for message in people.messages(CHANNEL, seen_by="U0ANN")] == [ts]
    assert people.messages(CHANNEL, seen_by="U0BOB") == []
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel=CHANNEL, ts=ts, text="x")
    assert error_of(refused) == "message_not_found"


def test_channels_refuse_with_slacks_names(client: WebClient, people: WorkspaceDriver) -> None:
    """Unknown, not a member, archived and frozen are told apart."""
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]

    def refusal(**arguments: Any) -> str:
        with pytest.raises(SlackApiError) as refused:
            # Not chat_postMessage: the SDK itself warns of an empty text.
            client.api_call("chat.postMessage", json={"channel": CHANNEL, "text": "x", **arguments})
        return error_of(refused)

    assert refusal(channel="C0NOWHERE") == "channel_not_found"
    assert refusal(channel="C0GENERAL") == "not_in_channel"
    assert refusal(text=" ") == "no_text"
    assert refusal(text="x" * 40_001) == "msg_too_long"
    assert refusal(thread_ts="1.000000") == "cannot_reply_to_message"
    people.change_channel(CHANNEL, bot_member=False)
    assert refusal() == "not_in_channel"
    people.change_channel(CHANNEL, archived=True)
    assert refusal() == "is_archived"
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel=CHANNEL, ts=ts, text="y")
    assert error_of(refused) == "is_inactive"


def test_form_and_json_bodies_are_alike(workspace: RunningWorkspace, people: WorkspaceDriver) -> None:
    """Blocks may come as JSON or as JSON text in a form."""
    for kind, body in (
        ("application/json", json.dumps({"channel": CHANNEL, "text": "a", "blocks": [section()]})),
        ("application/x-www-form-urlencoded", f"channel={CHANNEL}&text=b&blocks={json.dumps([section()])}"),
    ):
        headers = {"Authorization": "Bearer xoxb-rehearsal", "Content-Type": kind}
        request = urllib.request.Request(f"{workspace.api_url}chat.postMessage", body.encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["ok"] is True
    assert [message["blocks"][0]["type"] for message in people.messages(CHANNEL)] == ["section", "section"]


# ---- limits of blocks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ([{"type": "section"}], "missing required field: text or fields [json-pointer:/blocks/0]"),
        ([{**section(), "txt": 1}], "invalid additional property: txt [json-pointer:/blocks/0]"),
        (
            [{"type": "section", "fields": [section()["text"]] * 11}],
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        (
            [{"type": "context", "elements": [section()["text"]] * 11}],
            "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            [{"type": "actions", "elements": [button(), button()]}],
            "`action_id` go already exists [json-pointer:/blocks/0/elements/1/action_id]",
        ),
        (
            [{"type": "actions", "elements": [button(value="x" * 2001)]}],
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        (
            [
                {
                    "type": "actions",
                    "elements": [button(confirm={"title": {"type": "plain_text", "text": "?"}})],
                }
            ],
            "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
        ),
        (
            [{"type": "image", "image_url": "https://example.com/x.png"}],
            "missing required field: alt_text [json-pointer:/blocks/0]",
        ),
        (
            [{"type": "data_visualization"}],
            "unsupported type: data_visualization [json-pointer:/blocks/0/type]",
        ),
        (
            [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
            "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
        ),
    ],
)
def test_wrong_blocks_are_named_with_a_pointer(
    client: WebClient, people: WorkspaceDriver, blocks: list[dict[str, Any]], fault: str
) -> None:
    """Each documented limit is held, in the words and places that Slack uses, and nothing is posted."""
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks)
    answer = refused.value.response
    assert answer["error"] == "invalid_blocks"
    assert fault in answer["errors"]
    assert f"[ERROR] {fault}" in answer["response_metadata"]["messages"]
    assert people.messages(CHANNEL) == []


def test_all_texts_of_a_message_together_are_limited(client: WebClient) -> None:
    """Blocks that are each within their limit can still be too long together."""
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("x" * 2500)] * 5)
    assert error_of(refused) == "msg_blocks_too_long"


def test_a_view_with_faults_is_refused(client: WebClient) -> None:
    """Views answer invalid_arguments, with pointers below /view."""
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": [section()]}
    with pytest.raises(SlackApiError) as refused:
        client.views_open(trigger_id="1.2.3", view=view)
    assert error_of(refused) == "invalid_arguments"
    fault = "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    assert fault in refused.value.response["response_metadata"]["messages"]


# ---- lookups, files ----------------------------------------------------------------------------------------------


def test_people_groups_and_channels_are_found(client: WebClient) -> None:
    """The read methods that a bot needs for names, groups and membership."""
    assert client.users_info(user="U0BOB")["user"]["real_name"] == "Bob Approver"
    assert client.usergroups_users_list(usergroup="S0RELEASE")["users"] == ["U0ANN", "U0BOB"]
    assert client.conversations_info(channel=CHANNEL)["channel"]["is_member"] is True
    first = client.conversations_members(channel=CHANNEL, limit=2)
    second = client.conversations_members(channel=CHANNEL, cursor=first["response_metadata"]["next_cursor"])
    assert first["members"] + second["members"] == ["U0ANN", "U0BOB", "U0CY", "U0CIBOT"]


def test_a_picture_is_uploaded_into_a_thread(
    client: WebClient, people: WorkspaceDriver, workspace: RunningWorkspace
) -> None:
    """files_upload_v2 with alt text: the thread shows it, files.info says where, and the bytes come back."""
    ts = client.chat_postMessage(channel=CHANNEL, text="card")["ts"]
    upload = client.files_upload_v2(
        channel=CHANNEL,
        thread_ts=ts,
        file=b"\x89PNG",
        filename="a.png",
        title="Latency",
        alt_txt="Green is faster",
    )
    shown = people.messages(CHANNEL, thread_ts=ts)[-1]["files"][0]
    assert (shown["title"], shown["alt_txt"]) == ("Latency", "Green is faster")
    shares = client.files_info(file=upload["file"]["id"])["file"]["shares"]["public"]
    assert shares[CHANNEL][0]["thread_ts"] == ts
    with urllib.request.urlopen(f"{workspace.address}/files/{shown['id']}", timeout=60) as answer:
        assert answer.read() == b"\x89PNG"


# ---- faults ------------------------------------------------------------------------------------------------------


def test_rate_limits_answer_429(client: WebClient, people: WorkspaceDriver) -> None:
    """The next calls of one method are limited; Slack's own rates can be enforced too."""
    people.rate_limit(1, retry_after=7, method="chat.update")
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel=CHANNEL, ts=ts, text="y")
    response = refused.value.response
    assert (response.status_code, response.headers["Retry-After"], response["error"]) == (
        429,
        "7",
        "ratelimited",
    )
    people.faults(enforce_rates=True)
    with pytest.raises(SlackApiError) as refused:
        for _ in range(10):
            client.chat_postMessage(channel=CHANNEL, text="x")
    assert error_of(refused) == "ratelimited"


def test_an_outage_answers_503_and_ends(client: WebClient, people: WorkspaceDriver) -> None:
    """While it lasts nothing works; afterwards everything does."""
    people.faults(outage=True)
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert refused.value.response.status_code == 503
    people.faults(outage=False)
    assert client.chat_postMessage(channel=CHANNEL, text="x")["ok"]


def test_an_answer_can_be_lost_after_the_call_took_effect(
    workspace: RunningWorkspace, people: WorkspaceDriver
) -> None:
    """The message is there although the app saw its connection break. (By default the SDK would send it again.)"""
    client = WebClient("xoxb-rehearsal", base_url=workspace.api_url, retry_handlers=[])
    people.faults(fail=[{"error": "lost", "method": "chat.postMessage", "done_first": True}])
    with pytest.raises(OSError):
        client.chat_postMessage(channel=CHANNEL, text="posted once")
    assert [message["text"] for message in people.messages(CHANNEL)] == ["posted once"]


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    """With a state file the workspace comes back with its messages and pictures."""
    settings = Settings(state_file=tmp_path / "workspace.json")
    with RunningWorkspace(settings) as running:
        client = WebClient("xoxb-rehearsal", base_url=running.api_url)
        ts = client.chat_postMessage(channel=CHANNEL, text="kept")["ts"]
        client.files_upload_v2(channel=CHANNEL, thread_ts=ts, file=b"png", filename="a.png")
    with RunningWorkspace(settings) as running:
        parent, picture = WorkspaceDriver(running.address).messages(CHANNEL, thread_ts=ts)
        assert (parent["text"], parent["reply_count"]) == ("kept", 1)
        with urllib.request.urlopen(
            f"{running.address}/files/{picture['files'][0]['id']}", timeout=60
        ) as answer:
            assert answer.read() == b"png"


def test_calls_are_listed_without_tokens(client: WebClient, people: WorkspaceDriver) -> None:
    """A test can ask what the app called, with which arguments and outcome."""
    client.chat_postMessage(channel=CHANNEL, text="hello")
    with pytest.raises(SlackApiError):
        client.chat_postMessage(channel="C0NOWHERE", text="hello")
    calls = people.calls("chat.postMessage")
    assert [(call["arguments"]["text"], call["error"]) for call in calls] == [
        ("hello", None),
        ("hello", "channel_not_found"),
    ]
    assert "xoxb-rehearsal" not in json.dumps(calls)
    assert calls[0]["at"] <= time.time()


def test_an_unknown_response_url_has_expired(workspace: RunningWorkspace) -> None:
    """404 with the error in the body, as the SDK's webhook client reports it."""
    answer = WebhookClient(f"{workspace.address}/respond/unknown").send(text="x")
    assert (answer.status_code, json.loads(answer.body)["error"]) == (404, "expired_url")
