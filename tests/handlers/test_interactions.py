"""Signed payloads go through the real Bolt app; what it sends back is counted by a local Web API."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from slack_bolt import App, BoltRequest

from bot.commands import Actor
from bot.content import Notice
from handlers.app import LISTENERS
from tests.handlers.conftest import RecordingCommands
from tests.handlers.payloads import click, form, request, signed, slash
from tests.handlers.web_api import Answer, WebApi

ANN = Actor("U0ANN", "ann", "C1")


def test_a_slash_command_is_run_and_answered_to_the_person_alone(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """The text after the command reaches the bot with who asked where; the answer is ephemeral blocks with a text."""
    commands.answer = lambda: Notice("Status", ("main: nothing runs",))
    assert app.dispatch(request(slash("status main", f"{api.address}/respond/1"))).status == 200
    (sent,) = api.wait_for("respond")
    assert commands.asked == [("run", "status main")]
    assert commands.actors == [ANN]
    assert sent["response_type"] == "ephemeral"
    assert sent["replace_original"] is False
    assert "nothing runs" in sent["text"]
    assert sent["blocks"]


def test_a_public_notice_is_shown_to_the_channel(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Only a notice that says so is public."""
    commands.answer = lambda: Notice("Held.", public=True)
    app.dispatch(request(slash("hold main", f"{api.address}/respond/1")))
    assert api.wait_for("respond")[0]["response_type"] == "in_channel"


def test_typed_control_characters_arrive_as_typed(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Slack escapes three characters in the text; the bot's reasons hold what the person wrote."""
    app.dispatch(request(slash("hold main R&amp;D &lt;freeze&gt; &amp;lt;", f"{api.address}/respond/1")))
    api.wait_for("respond")
    assert commands.asked == [("run", "hold main R&D <freeze> &lt;")]


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("hold main ask <@U0BOB|bob>", "hold main ask <@U0BOB>"),
        ("hold main see <#C0OPS|ops>", "hold main see <#C0OPS>"),
        ("hold main ask <!subteam^S0SRE|@sre>", "hold main ask <!subteam^S0SRE>"),
        ("hold <http://ci.example.com|ci.example.com> R&amp;D", "hold ci.example.com R&D"),
        (
            "hold main <https://status.example.com/?a=1&amp;b=2>",
            "hold main https://status.example.com/?a=1&b=2",
        ),
        ("hold main &lt;b|c&gt;", "hold main <b|c>"),
    ],
)
def test_mentions_and_links_arrive_as_they_were_typed(
    app: App, commands: RecordingCommands, api: WebApi, sent: str, typed: str
) -> None:
    """Slack puts names beside ids, and makes links of what looks like an address, such as a controller's name."""
    app.dispatch(request(slash(sent, f"{api.address}/respond/1")))
    api.wait_for("respond")
    assert commands.asked == [("run", typed)]


def test_a_payload_with_no_more_than_slack_promises_is_taken(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """Of a user of an organisation only the id; nulls in the place of objects."""
    commands.answer = lambda: Notice("Held.")
    payload = click("ci_upgrade.hold", "{}", f"{api.address}/respond/1")
    payload |= {"user": {"id": "W0ANN"}, "team": None, "enterprise": {"id": "E1"}, "channel": None}
    assert app.dispatch(request(payload)).status == 200
    api.wait_for("respond")
    assert commands.actors == [Actor("W0ANN", "W0ANN", "C1")]


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("suffix", ["", ".2"])
def test_a_click_reaches_the_bot_with_its_value(
    app: App, commands: RecordingCommands, api: WebApi, suffix: str, confirmed: bool
) -> None:
    """With or without a confirm dialog, and where a message has several buttons of one action."""
    commands.answer = lambda: Notice("Rolling back.")
    payload = click(
        f"ci_upgrade.rollback{suffix}", '{"upgrade": "u1"}', f"{api.address}/respond/1", confirmed=confirmed
    )
    assert app.dispatch(request(payload)).status == 200
    api.wait_for("respond")
    assert commands.asked == [("click", "rollback", '{"upgrade": "u1"}')]
    assert commands.actors == [ANN]


def test_a_click_that_its_card_answers_says_nothing_more(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """None from the bot sends nothing: the redrawn card tells the outcome."""
    app.dispatch(request(click("ci_upgrade.approve", "{}", f"{api.address}/respond/1")))
    app.listener_runner.listener_executor.shutdown()
    assert commands.asked == [("click", "approve", "{}")]
    assert api.of("respond") == []


def test_an_answer_to_a_click_stays_in_the_thread_of_its_card(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """A refusal in the channel would be far from the card that was clicked."""
    commands.answer = lambda: Notice("This was already approved.", tone="warning")
    payload = click("ci_upgrade.approve", "{}", f"{api.address}/respond/1", thread_ts="1764000000.000001")
    app.dispatch(request(payload))
    assert api.wait_for("respond")[0]["thread_ts"] == "1764000000.000001"


@pytest.mark.parametrize("action_id", ["approve_upgrade", "ci_upgrade", "ci_upgrade.", "x"])
def test_a_button_of_another_release_is_answered_politely(
    app: App, commands: RecordingCommands, api: WebApi, action_id: str
) -> None:
    """Acknowledged, explained, and nothing is run."""
    assert app.dispatch(request(click(action_id, "v", f"{api.address}/respond/1"))).status == 200
    assert "another release" in api.wait_for("respond")[0]["text"]
    assert commands.asked == []


@pytest.mark.parametrize(
    "payload", [slash("plan", "http://127.0.0.1:9/"), click("ci_upgrade.hold", "{}", "http://127.0.0.1:9/")]
)
def test_slack_is_acknowledged_before_any_work(
    app: App, commands: RecordingCommands, api: WebApi, payload: dict[str, Any]
) -> None:
    """The acknowledgement comes while the command is still held inside, and the Web API does not answer."""
    commands.held.clear()
    api.answering.clear()
    assert app.dispatch(request(payload)).status == 200
    assert commands.asked == []
    api.answering.set()


def test_slow_commands_do_not_keep_a_rollback_waiting(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """With all but one listener busy, the next click is still acknowledged."""
    commands.held.clear()
    for _ in range(LISTENERS - 1):
        assert app.dispatch(request(slash("plan main 2.516.3", f"{api.address}/respond/1"))).status == 200
    assert app.dispatch(request(click("ci_upgrade.rollback", "{}", f"{api.address}/respond/1"))).status == 200


def test_an_error_inside_is_a_sentence_with_a_reference_that_finds_the_log(
    app: App, commands: RecordingCommands, api: WebApi, caplog: pytest.LogCaptureFixture
) -> None:
    """The person sees no trace, the log has it under the same reference."""

    def fail() -> None:
        raise RuntimeError("secret detail")

    commands.answer = fail
    # Bolt takes an acknowledgement back when its listener fails before it was seen, which is within a hundredth of a second.
    commands.held.clear()
    with caplog.at_level(logging.ERROR, "handlers.answering"):
        assert app.dispatch(request(slash("status", f"{api.address}/respond/1"))).status == 200
        commands.held.set()
        text = api.wait_for("respond")[0]["text"]
        app.listener_runner.listener_executor.shutdown()
    reference = re.search(r"`([0-9a-f]{8})`", text)
    assert reference is not None
    assert "secret detail" not in text
    assert reference[1] in caplog.text
    assert "secret detail" in caplog.text


def test_an_answer_that_slack_does_not_take_is_only_logged(
    app: App, commands: RecordingCommands, api: WebApi, caplog: pytest.LogCaptureFixture
) -> None:
    """A used-up response URL costs one line in the log."""
    api.fail("respond", Answer(error="used_url", status=404))
    commands.answer = lambda: Notice("Status")
    with caplog.at_level(logging.WARNING, "handlers.answering"):
        app.dispatch(request(slash("status", f"{api.address}/respond/1")))
        app.listener_runner.listener_executor.shutdown()
    assert len(api.of("respond")) == 1
    assert "used_url" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        lambda body: {},
        lambda body: signed(body, secret="another"),
        lambda body: signed(body, secret=""),
        lambda body: signed(body, at=1_600_000_000),
        lambda body: signed(body + "x"),
    ],
    ids=["unsigned", "another secret", "no secret", "replayed", "changed"],
)
def test_a_request_that_slack_did_not_sign_is_refused(
    app: App, commands: RecordingCommands, api: WebApi, headers: Any
) -> None:
    """Neither run nor answered."""
    body = form(slash("rollback main", f"{api.address}/respond/1"))
    assert app.dispatch(BoltRequest(body=body, headers=headers(body))).status == 401
    app.listener_runner.listener_executor.shutdown()
    assert commands.asked == []
    assert api.of("respond") == []
