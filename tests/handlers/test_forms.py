"""Forms are opened at once, filled afterwards, checked in place and sent once: signed payloads through the real Bolt app."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from slack_bolt import App

from bot.commands import Actor, Overview, StartRequest
from bot.content import Notice
from bot.when import moment_text
from handlers.modals.origin import Origin
from handlers.views.home import OPEN_LOCK, OPEN_ROLLBACK, OPEN_START, OPEN_UNLOCK, home
from handlers.views.start_form import start_form
from tests.handlers.block_rules import view_faults
from tests.handlers.conftest import RecordingCommands
from tests.handlers.forms import CHOICES, LIVE, OVERVIEW
from tests.handlers.payloads import click, click_in_view, request, shortcut, slash, submission
from tests.handlers.web_api import Answer, WebApi

ANN = Actor("U0ANN", "ann", "C1")
FILLED = {
    "controller": {"type": "static_select", "selected_option": {"value": "main"}},
    "version": {"type": "static_select", "selected_option": {"value": "2.440.1"}},
    "traffic": {"type": "plain_text_input", "value": "25%, handover 100"},
    "reason": {"type": "plain_text_input", "value": " release & more "},
}


def typed(text: str) -> dict[str, str]:
    return {"type": "plain_text_input", "value": text}


def submit(app: App, view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What the acknowledgement tells Slack to do with the form."""
    response = app.dispatch(request(submission(view, values)))
    assert response.status == 200
    answer: dict[str, Any] = json.loads(response.body or "{}")
    return answer


def drawn(api: WebApi) -> dict[str, Any]:
    """What the form shows at last."""
    view: dict[str, Any] = api.wait_for("views.update")[-1]["view"]
    assert view_faults(view) == []
    return view


def words(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


# ---- opening -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "start",
        "plan",
        "approve",
        "break-glass",
        "rollback",
        "hold",
        "resume",
        "abort",
        "lock",
        "unlock",
        " Rollback ",
    ],
)
def test_a_command_without_arguments_opens_its_form(
    app: App, commands: RecordingCommands, api: WebApi, text: str
) -> None:
    """Opened with the trigger id before the bot has looked, filled afterwards; nothing is run."""
    assert app.dispatch(request(slash(text, f"{api.address}/respond/1"))).status == 200
    (opened,) = api.wait_for("views.open")
    assert opened["trigger_id"] == "1.2.3"
    assert view_faults(opened["view"]) == []
    assert "submit" in drawn(api)
    assert commands.asked == []


def test_plan_opens_the_form_that_only_looks(app: App, api: WebApi) -> None:
    """The box is ticked there, and not for start."""
    app.dispatch(request(slash("plan", f"{api.address}/respond/1")))
    ticked = next(each for each in drawn(api)["blocks"] if each.get("block_id") == "dry_run")
    assert ticked["element"]["initial_options"]


def test_a_command_with_arguments_opens_nothing(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """It is run."""
    app.dispatch(request(slash("rollback main", f"{api.address}/respond/1")))
    api.wait_for("respond")
    assert commands.asked == [("run", "rollback main")]
    assert api.of("views.open") == []


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id"])
def test_a_trigger_that_expired_is_explained(
    app: App, commands: RecordingCommands, api: WebApi, error: str
) -> None:
    """Slack was slow: the person learns what to do, in words."""
    api.fail("views.open", Answer(error=error))
    app.dispatch(request(slash("rollback", f"{api.address}/respond/1")))
    assert "Try again" in api.wait_for("respond")[0]["text"]
    assert commands.asked == []


def test_a_form_that_was_closed_before_it_was_filled_is_no_error(
    app: App, api: WebApi, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is told anything, and the log has no error."""
    api.fail("views.update", Answer(error="not_found"))
    app.dispatch(request(slash("start", f"{api.address}/respond/1")))
    api.wait_for("views.update")
    app.listener_runner.listener_executor.shutdown()
    assert api.of("respond") == []
    assert caplog.records == []


def test_a_form_that_cannot_be_filled_says_so_with_a_reference(
    app: App, commands: RecordingCommands, api: WebApi, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not stay at "Looking…" for ever."""

    def fail(controller: str | None) -> Any:
        raise RuntimeError("secret detail")

    commands.start_choices = fail  # type: ignore[method-assign]  # the defect
    app.dispatch(request(slash("start", f"{api.address}/respond/1")))
    shown = words(drawn(api))
    assert "Something went wrong" in shown
    assert "secret detail" not in shown
    assert "secret detail" in caplog.text


def test_the_command_alone_opens_the_form_for_a_start(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """What most people come for; help has a word of its own."""
    app.dispatch(request(slash("", f"{api.address}/respond/1")))
    assert drawn(api)["callback_id"] == "ci_upgrade.start"
    assert commands.asked == []


# ---- locks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "able"), [("lock", ["main", "other"]), ("unlock", ["staging", "third"])])
def test_a_lock_form_offers_the_controllers_that_can_be(
    app: App, commands: RecordingCommands, api: WebApi, name: str, able: list[str]
) -> None:
    """What was chosen is done with its reason, and said where it was asked for."""
    other = dataclasses.replace(OVERVIEW.controllers[0], name="other")
    third = dataclasses.replace(OVERVIEW.controllers[1], name="third")
    commands.seen = Overview((), (*OVERVIEW.controllers, other, third))
    app.dispatch(request(slash(name, f"{api.address}/respond/1")))
    form = drawn(api)
    menu = next(each["element"] for each in form["blocks"] if each.get("block_id") == "subject")
    assert [option["value"] for option in menu["options"]] == able
    chosen = {"type": "static_select", "selected_option": {"value": able[1]}}
    assert submit(app, form, {"subject": chosen, "reason": typed("release week")}) == {}
    api.wait_for("respond")
    assert commands.asked == [(name, able[1], "release week")]
    assert commands.actors[-1] == ANN


def test_a_lock_form_of_the_home_tab_is_for_its_controller(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """It says why it is locked now, and asks no more than a reason."""
    view = home(OVERVIEW, "D1")
    app.dispatch(request(click_in_view(view, OPEN_UNLOCK, "staging")))
    form = drawn(api)
    assert "release week" in words(form)
    assert submit(app, form, {"reason": typed("done")}) == {}
    api.wait_for("chat.postMessage")
    assert commands.asked == [("unlock", "staging", "done")]


def test_what_is_locked_already_is_not_locked_again(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """Somebody else was faster than the click."""
    app.dispatch(request(click_in_view(home(OVERVIEW, "D1"), OPEN_LOCK, "staging")))
    assert "submit" not in drawn(api)


@pytest.mark.parametrize("action", ["start-now", "cancel-start"])
def test_a_button_of_a_start_that_did_not_come_is_taken(
    app: App, commands: RecordingCommands, api: WebApi, action: str
) -> None:
    """A signed click reaches the command with the start's id, and the answer goes to who clicked."""
    commands.answer = lambda: Notice("Taken.")
    value = json.dumps({"start": "s1f2a3"})
    app.dispatch(request(click(f"ci_upgrade.{action}", value, f"{api.address}/respond/1", confirmed=True)))
    assert "Taken." in api.wait_for("respond")[0]["text"]
    assert commands.asked == [("click", action, value)]


# ---- start ---------------------------------------------------------------------------------------------------


def start_form_of(api: WebApi) -> dict[str, Any]:
    """As it was asked for in the channel."""
    return start_form(CHOICES, Origin("C1", None, f"{api.address}/respond/1").remember())


def test_a_filled_start_form_starts_once_with_all_that_was_asked(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """The form closes at once; the outcome is said where it was asked for, and there the upgrade speaks."""
    commands.answer = lambda: Notice("Upgrading main.")
    assert submit(app, start_form_of(api), FILLED) == {}
    assert "Upgrading main." in api.wait_for("respond")[0]["text"]
    assert commands.asked == [("start", "main", "2.440.1")]
    assert commands.actors == [ANN]
    assert commands.requests == [StartRequest("main", "2.440.1", (25, "handover", 100), "release & more")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (None, "", "")),
        ({"window": {"selected_option": {"value": "-"}}}, (None, "", "")),
        ({"window": {"selected_option": {"value": "nightly"}}}, (None, "nightly", "")),
        ({"at": {"type": "datetimepicker", "selected_date_time": 1764000000}}, (1764000000.0, "", "")),
        ({"plugins": {"selected_option": {"value": "latest"}}}, (None, "", "latest")),
    ],
)
def test_when_and_with_which_plugins_is_asked(
    app: App,
    commands: RecordingCommands,
    api: WebApi,
    values: dict[str, Any],
    expected: tuple[float | None, str, str],
) -> None:
    """Now, in a window, or at a time that Slack sends in epoch seconds."""
    submit(app, start_form_of(api), FILLED | values)
    (asked,) = commands.requests
    assert (asked.at, asked.window, asked.plugins) == expected


def test_a_fault_is_said_without_markup(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Errors of a form are plain text: a moment is shown as its words."""
    commands.faults = {"window": f"opens {moment_text(1764000000, 'Europe/Berlin')}: wait"}
    answer = submit(app, start_form_of(api), FILLED)
    assert answer["errors"] == {"window.main": "opens Mon 2025-11-24 17:00 Europe/Berlin: wait"}


def test_a_form_is_acknowledged_before_any_work(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """The form is closed while the command is still held inside."""
    commands.held.clear()
    assert submit(app, start_form_of(api), FILLED) == {}
    assert commands.asked == []


def test_a_version_that_was_typed_goes_before_the_menu(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """And whoever ticks the box only looks."""
    values = FILLED | {
        "other_version": typed("2.450"),
        "dry_run": {"type": "checkboxes", "selected_options": [{"value": "yes"}]},
    }
    submit(app, start_form_of(api), values)
    (asked,) = commands.requests
    assert (asked.version, asked.dry_run) == ("2.450", True)


@pytest.mark.parametrize(
    ("values", "faults", "block"),
    [
        ({"traffic": typed("10, often")}, {}, "traffic.main"),
        ({}, {"traffic": "must end with 100"}, "traffic.main"),
        ({}, {"version": "older"}, "version.main"),
        ({"other_version": typed("2.x")}, {"version": "no version"}, "other_version.main"),
        ({}, {"controller": "unknown"}, "controller"),
        ({}, {"colour": "no such field in the form"}, "controller"),
        ({}, {"window": "shut until tomorrow"}, "window.main"),
        ({"at": {"type": "datetimepicker", "selected_date_time": 1764000000}}, {"at": "is over"}, "at"),
    ],
)
def test_a_fault_stands_beside_its_field(
    app: App,
    commands: RecordingCommands,
    api: WebApi,
    values: dict[str, Any],
    faults: dict[str, str],
    block: str,
) -> None:
    """The form stays open with what was typed, the block is one of the form's, and nothing is started."""
    commands.faults = faults
    form = start_form_of(api)
    answer = submit(app, form, FILLED | values)
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == [block]
    assert block in [each.get("block_id") for each in form["blocks"]]
    assert commands.asked == []


def test_another_controller_draws_its_own_choices(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Chosen in the menu, drawn in place; where it was asked for is still known."""
    chosen = {"controller": {"type": "static_select", "selected_option": {"value": "staging"}}}
    form = start_form_of(api)
    app.dispatch(request(click_in_view(form, "controller", "staging", FILLED | chosen)))
    view = drawn(api)
    assert "version.staging" in [each.get("block_id") for each in view["blocks"]]
    assert view["private_metadata"] == form["private_metadata"]


# ---- where the outcome is told ---------------------------------------------------------------------------------


def test_an_outcome_whose_response_url_is_used_up_is_told_in_the_channel(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """A form may be open for longer than half an hour."""
    commands.answer = lambda: Notice("Upgrading main.")
    api.fail("respond", Answer(error="expired_url", status=404))
    submit(app, start_form_of(api), FILLED)
    (sent,) = api.wait_for("chat.postEphemeral")
    assert (sent["channel"], sent["user"]) == ("C1", "U0ANN")


def test_an_outcome_of_the_home_tab_is_told_in_the_readers_own_conversation(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """Nowhere else would it be seen by nobody but them."""
    form = start_form(CHOICES, Origin("D0ANN").remember())
    submit(app, form, FILLED)
    (sent,) = api.wait_for("chat.postMessage")
    assert sent["channel"] == "D0ANN"


def test_a_defect_behind_a_form_is_told_with_a_reference(
    app: App, commands: RecordingCommands, api: WebApi, caplog: pytest.LogCaptureFixture
) -> None:
    """The form is closed by then."""

    def fail() -> None:
        raise RuntimeError("secret detail")

    commands.answer = fail
    submit(app, start_form_of(api), FILLED)
    told = api.wait_for("respond")[0]["text"]
    assert "Something went wrong" in told
    assert "secret detail" not in told
    assert "secret detail" in caplog.text


# ---- reasons -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line"),
    [("rollback", "go back to 2.426.2"), ("hold", "resumes it"), ("resume", "It goes on with")],
)
def test_a_reason_form_says_what_will_happen_and_does_it_with_the_reason(
    app: App, commands: RecordingCommands, api: WebApi, name: str, line: str
) -> None:
    """From the command to the outcome, of the upgrade that was shown."""
    app.dispatch(request(slash(name, f"{api.address}/respond/1")))
    form = drawn(api)
    assert line in words(form)
    commands.answer = lambda: Notice("Done so.")
    assert submit(app, form, {"reason": typed("users complain")}) == {}
    assert api.wait_for("respond")[0]["text"] == "Done so."
    assert commands.asked == [(name, LIVE.id, "users complain")]
    assert commands.actors[-1] == ANN


def test_a_reason_may_be_left_out(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Whoever must roll back now has no time to explain."""
    app.dispatch(request(slash("rollback", f"{api.address}/respond/1")))
    submit(app, drawn(api), {})
    api.wait_for("respond")
    assert commands.asked == [("rollback", LIVE.id, "")]


def test_of_several_upgrades_one_is_chosen(app: App, commands: RecordingCommands, api: WebApi) -> None:
    """Each is named with what would happen."""
    commands.live = (LIVE, dataclasses.replace(LIVE, id="u2", controller="staging", title="staging: 1 → 2"))
    app.dispatch(request(slash("rollback", f"{api.address}/respond/1")))
    form = drawn(api)
    assert "staging: 1 → 2: All users" in words(form)
    submit(app, form, {"subject": {"type": "static_select", "selected_option": {"value": "u2"}}})
    api.wait_for("respond")
    assert commands.asked == [("rollback", "u2", "")]


def test_without_an_upgrade_there_is_nothing_to_submit(
    app: App, commands: RecordingCommands, api: WebApi
) -> None:
    """Said in the form."""
    commands.live = ()
    app.dispatch(request(slash("rollback", f"{api.address}/respond/1")))
    view = drawn(api)
    assert "No upgrade is running" in words(view)
    assert "submit" not in view


@pytest.mark.parametrize(
    ("thread", "expected"), [("1764000000.000001", "1764000000.000001"), (None, "1764000000.000009")]
)
def test_a_message_shortcut_knows_the_thread(
    app: App, commands: RecordingCommands, api: WebApi, thread: str | None, expected: str
) -> None:
    """That of the message it was used on, or the one that this message began."""
    payload = shortcut("ci_upgrade.rollback", f"{api.address}/respond/1", thread_ts=thread)
    assert app.dispatch(request(payload)).status == 200
    assert "Roll back" in words(drawn(api))
    assert commands.actors == [Actor("U0ANN", "ann", "C1", expected)]


def test_a_late_shortcut_is_explained(app: App, api: WebApi) -> None:
    """As a late command is."""
    api.fail("views.open", Answer(error="expired_trigger_id"))
    app.dispatch(request(shortcut("ci_upgrade.hold", f"{api.address}/respond/1")))
    assert "Try again" in api.wait_for("respond")[0]["text"]


# ---- from the home tab ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "value", "part"),
    [(OPEN_START, "staging", "version.staging"), (OPEN_ROLLBACK, LIVE.id, LIVE.title)],
)
def test_buttons_of_the_home_tab_open_forms(
    app: App, commands: RecordingCommands, api: WebApi, action: str, value: str, part: str
) -> None:
    """For the controller or upgrade of the button, with the reader's own conversation to speak in."""
    app.dispatch(request(click_in_view(home(OVERVIEW, "D0ANN"), action, value)))
    view = drawn(api)
    assert part in words(view)
    assert Origin.recall(view)[0] == Origin("D0ANN")
    assert commands.asked == []


def test_a_late_button_of_the_home_tab_is_explained(app: App, api: WebApi) -> None:
    """In the reader's own conversation, since a home tab has no response URL."""
    api.fail("views.open", Answer(error="expired_trigger_id"))
    app.dispatch(request(click_in_view(home(OVERVIEW, "D0ANN"), OPEN_START, "main")))
    (sent,) = api.wait_for("chat.postMessage")
    assert sent["channel"] == "D0ANN"
    assert "Try again" in sent["text"]
