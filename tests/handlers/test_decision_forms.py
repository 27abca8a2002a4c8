"""Forms that decide a gate: about what was shown, with a reason where one is needed. Signed payloads through the real Bolt app."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_bolt import App

from tests.handlers.block_rules import view_faults
from tests.handlers.conftest import RecordingCommands
from tests.handlers.forms import GATES, gate
from tests.handlers.payloads import click, request, slash
from tests.handlers.test_forms import ANN, drawn, submit, typed, words
from tests.handlers.web_api import WebApi


@pytest.mark.parametrize("name", ["approve", "break-glass"])
def test_a_decision_without_arguments_shows_the_open_question_and_decides_about_it(
    app: App, commands: RecordingCommands, api: WebApi, name: str
) -> None:
    """With its figures; what was shown comes back with the decision."""
    app.dispatch(request(slash(name, f"{api.address}/respond/1")))
    form = drawn(api)
    assert "main: Hand builds over to green?" in words(form)
    assert "Errors: 0 of 412" in words(form)
    submit(app, form, {"reason": typed("everybody has looked at it")})
    api.wait_for("respond")
    asked = "override" if name == "approve" else name
    assert commands.asked == [(asked, GATES[0].card, "everybody has looked at it")]


def test_an_approval_needs_no_reason_in_its_form(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """As with the button; where the comparison failed, the bot asks for one."""
    app.dispatch(request(slash("approve", f"{api.address}/respond/1")))
    submit(app, drawn(api), {})
    api.wait_for("respond")
    assert commands.asked == [("override", GATES[0].card, "")]


def test_among_several_open_questions_one_is_chosen(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """However many there are, the form remembers what it showed within Slack's limit; the others are named."""
    commands.gates = tuple(gate(f"ci-{number:02}", f"u{number:06}") for number in range(30))
    app.dispatch(request(slash("approve", f"{api.address}/respond/{'x' * 80}")))
    form = drawn(api)
    assert view_faults(form) == []
    assert len(form["private_metadata"]) <= 3000
    assert "and 24 more: name the controller" in words(form)
    one = {"type": "static_select", "selected_option": {"value": commands.gates[3].id}}
    submit(app, form, {"subject": one})
    api.wait_for("respond")
    assert commands.asked == [("override", commands.gates[3].card, "")]


@pytest.mark.parametrize("name", ["approve", "break-glass"])
def test_where_nothing_waits_the_form_says_so(
    app: App, commands: RecordingCommands, api: WebApi, name: str
) -> None:
    commands.gates = ()
    app.dispatch(request(slash(name, f"{api.address}/respond/1")))
    form = drawn(api)
    assert "Nothing waits for an approval" in words(form)
    assert "submit" not in form


INSISTENCES = ("override", "break-glass")


CARD = json.dumps({"upgrade": "u1", "gate": "g1", "evidence": "abc"})


def insist(app: App, api: WebApi, name: str) -> dict[str, Any]:
    app.dispatch(request(click(f"ci_upgrade.{name}", CARD, f"{api.address}/respond/1")))
    return drawn(api)


@pytest.mark.parametrize("name", INSISTENCES)
def test_approving_against_the_verdict_or_the_rules_needs_a_reason_of_some_length(
    app: App, commands: RecordingCommands, api: WebApi, name: str
) -> None:
    """A word is refused in place; a sentence is taken with what the card showed that was clicked."""
    form = insist(app, api, name)
    answer = submit(app, form, {"reason": typed("because")})
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == ["reason"]
    assert commands.asked == []
    submit(app, form, {"reason": typed("the probe host was broken")})
    api.wait_for("respond")
    assert commands.asked == [(name, CARD, "the probe host was broken")]
    assert commands.actors == [ANN]


@pytest.mark.parametrize("name", INSISTENCES)
@pytest.mark.parametrize("value", ["", "{}", "[]", "no json"])
def test_insisting_on_a_card_of_another_release_is_explained(
    app: App, commands: RecordingCommands, api: WebApi, name: str, value: str
) -> None:
    """Nothing is opened, nothing is run."""
    app.dispatch(request(click(f"ci_upgrade.{name}", value, f"{api.address}/respond/1")))
    assert "another release" in api.wait_for("respond")[0]["text"]
    assert api.of("views.open") == []


@pytest.mark.parametrize("name", INSISTENCES)
def test_a_form_that_an_older_release_opened_decides_nothing(
    app: App, commands: RecordingCommands, api: WebApi, name: str
) -> None:
    """It remembers the gate and not what was shown: the bot is asked with nothing, and refuses that."""
    form = insist(app, api, name)
    kept = json.loads(form["private_metadata"])
    kept["gate"] = json.loads(kept.pop("card"))["gate"]
    submit(
        app, {**form, "private_metadata": json.dumps(kept)}, {"reason": typed("the probe host was broken")}
    )
    api.wait_for("respond")
    assert commands.asked == [(name, "", "the probe host was broken")]
