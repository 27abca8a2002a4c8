"""Forms and home tabs never leave Slack's limits, and let no text of others act as markup."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from bot import upgrade
from bot.commands import ControllerState, Overview
from bot.content import Notice
from handlers.views.forms import outcome, reason_form, waiting
from handlers.views.home import (
    OPEN_HOLD,
    OPEN_LOCK,
    OPEN_RESUME,
    OPEN_ROLLBACK,
    OPEN_START,
    OPEN_UNLOCK,
    home,
)
from handlers.views.inputs import Choice, select
from handlers.views.start_form import start_form
from tests.handlers.block_rules import view_faults
from tests.handlers.contents import NASTY
from tests.handlers.forms import CHOICES, LIVE, OVERVIEW, worst_choices, worst_live, worst_overview


def worst_reason_form(text: str) -> dict[str, Any]:
    several = worst_live(text)
    return reason_form(
        text,
        [line for live in several for line in live.on_rollback],
        callback="ci_upgrade.rollback",
        submit="Roll back",
        metadata="{}",
        subjects=[Choice(live.id, live.title) for live in several],
        required=True,
        hint=text,
    )


def worst_start_form(text: str, *, releases: bool) -> dict[str, Any]:
    choices = worst_choices(text)
    return start_form(choices if releases else dataclasses.replace(choices, versions=()), "{}")


WORST: dict[str, Callable[[str], dict[str, Any]]] = {
    "start": lambda text: worst_start_form(text, releases=True),
    "start without releases": lambda text: worst_start_form(text, releases=False),
    "reason": worst_reason_form,
    "outcome": lambda text: outcome(text, Notice(text, (text,) * 60, "bad")),
    "waiting": waiting,
    "home": lambda text: home(worst_overview(text), "D1"),
}


USUAL = {
    "start": start_form(CHOICES, "{}"),
    "rollback": reason_form(
        "Roll back", LIVE.on_rollback, callback="c", submit="Roll back", metadata="{}", required=False
    ),
    "waiting": waiting("Roll back"),
    "outcome": outcome("Roll back", Notice("Rolling back.")),
    "home": home(OVERVIEW, "D1"),
    "home without controllers": home(Overview((), ()), "D1"),
}


def block(view: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(block for block in view["blocks"] if block.get("block_id") == id)
    return found


def texts(view: dict[str, Any]) -> str:
    return json.dumps(view["blocks"], ensure_ascii=False)


@pytest.mark.parametrize("name", USUAL)
def test_usual_views_are_valid(name: str) -> None:
    """Slack would take each as it usually is."""
    assert view_faults(USUAL[name]) == []


@pytest.mark.parametrize("kind", WORST)
@pytest.mark.parametrize("data", NASTY)
def test_no_data_makes_a_view_that_slack_refuses(kind: str, data: str) -> None:
    """Longest, emptiest and strangest texts in every place, three hundred controllers, three hundred releases, a plan of hundreds of steps."""
    view = WORST[kind](NASTY[data])
    assert view_faults(view) == []
    json.dumps(view, ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", WORST)
def test_nothing_of_unknown_origin_acts_as_markup(kind: str) -> None:
    """Of tokens only mentions of people and times are left."""
    found = [
        token
        for text in _mrkdwn(WORST[kind](NASTY["markup"])["blocks"])
        for token in re.findall(r"<[^>]*>?", text)
    ]
    assert [
        each for each in found if not re.fullmatch(r"<@[UW]\w+>|<!date\^\d+\^[^|<>]+\|[^<>]+>", each)
    ] == []


def test_the_chosen_option_is_offered_even_behind_the_hundredth() -> None:
    """Slack takes a hundred options, and an initial one only if it is among them."""
    element = select([Choice(str(number), f"n{number}") for number in range(300)], "250")
    assert len(element["options"]) == 100
    assert element["initial_option"]["value"] == "250"


def test_the_start_form_offers_releases_and_one_beside_them() -> None:
    """The newest is chosen; another may be typed; what runs is said."""
    form = start_form(CHOICES, "{}")
    menu = block(form, "version.main")["element"]
    assert [option["value"] for option in menu["options"]] == ["2.440.1", "2.426.3"]
    assert menu["initial_option"]["value"] == "2.440.1"
    assert block(form, "other_version.main")["optional"] is True
    assert block(form, "traffic.main")["element"]["initial_value"] == "10, 25, 50, handover, 100"
    assert "runs 2.426.2" in texts(form)


def test_without_a_list_of_releases_the_version_is_typed() -> None:
    """It is required then."""
    form = start_form(dataclasses.replace(CHOICES, versions=()), "{}")
    assert block(form, "other_version.main")["optional"] is False
    assert "version.main" not in [each.get("block_id") for each in form["blocks"]]


def test_another_controller_begins_its_fields_anew() -> None:
    """Slack keeps what was typed where a block keeps its id; the plan of another controller must not stay."""
    first, second = (
        start_form(dataclasses.replace(CHOICES, controller=name), "{}") for name in CHOICES.controllers
    )
    ids = [{each["block_id"] for each in form["blocks"] if "block_id" in each} for form in (first, second)]
    assert ids[0] & ids[1] == {"controller", "at", "reason", "dry_run"}


def test_the_start_form_offers_now_each_window_and_a_time() -> None:
    """Now is chosen; when each window opens is said; the plugin policy is as configured."""
    windows = (("nightly", 1_764_000_000.0), ("sundays", 1_764_100_000.0))
    form = start_form(dataclasses.replace(CHOICES, windows=windows, plugins="latest"), "{}")
    menu = block(form, "window.main")["element"]
    assert [option["value"] for option in menu["options"]] == ["-", "nightly", "sundays"]
    assert menu["initial_option"]["value"] == "-"
    assert "nightly: <!date^1764000000^" in texts(form)
    assert block(form, "at")["element"]["type"] == "datetimepicker"
    assert block(form, "at")["optional"] is True
    assert block(form, "plugins.main")["element"]["initial_option"]["value"] == "latest"


def test_what_stands_in_the_way_is_said_above_the_form() -> None:
    """Before anything is typed."""
    form = start_form(dataclasses.replace(CHOICES, obstacle="main does not answer."), "{}")
    assert form["blocks"][0]["text"]["text"] == "⚠ main does not answer."


# ---- home tab ------------------------------------------------------------------------------------------------


def test_the_home_tab_says_what_waits_for_its_reader() -> None:
    """The question, since when and until when."""
    shown = texts(home(OVERVIEW, "D1"))
    assert "Send 25% of sessions to green?" in shown
    assert f"<!date^{1764028800}^" in shown
    assert "Nothing." in texts(home(Overview((), OVERVIEW.controllers), "D1"))


def test_the_home_tab_shows_each_controller_with_its_state() -> None:
    """Version, how far behind, advisories, state, lock, last and next upgrade."""
    shown = texts(home(OVERVIEW, "D1"))
    for part in (
        "*main* 2.426.2 – 5 LTS lines behind",
        "Waiting for approval",
        "⚠ 2 published warnings",
        "Last: 2.414.3 → 2.426.2: completed",
        "*Locked:* release week, by @ann",
        "Next: <!date^1764086400^",
    ):
        assert part in shown


def test_a_controller_offers_what_can_be_done_with_it_now() -> None:
    """A live upgrade can be held or rolled back; without one an upgrade can be started; locks are put on and off. Labels for screen readers name the controller."""
    rows = [each["elements"] for each in home(OVERVIEW, "D1")["blocks"] if each["type"] == "actions"]
    assert [[button["action_id"] for button in row] for row in rows] == [
        [OPEN_HOLD, OPEN_ROLLBACK, OPEN_LOCK],
        [OPEN_START, OPEN_UNLOCK],
    ]
    values = ["u7f3a1", "u7f3a1", "main", "staging", "staging"]
    assert [button["value"] for row in rows for button in row] == values
    assert all("main" in button["accessibility_label"] for button in rows[0])


@pytest.mark.parametrize(
    ("choices", "buttons"),
    [
        (("resume", "rollback"), [OPEN_RESUME, OPEN_ROLLBACK, OPEN_LOCK]),
        (("hold",), [OPEN_HOLD, OPEN_LOCK]),
        ((), [OPEN_LOCK]),
    ],
    ids=["held", "retiring", "rolling back"],
)
def test_what_cannot_be_done_now_has_no_button(
    choices: tuple[upgrade.Choice, ...], buttons: list[str]
) -> None:
    """A held upgrade is resumed; one on its way back is left alone."""
    state = ControllerState("main", "2.440.1", "Held.", "u1", choices=choices)
    (row,) = [each for each in home(Overview((), (state,)), "D1")["blocks"] if each["type"] == "actions"]
    assert [button["action_id"] for button in row["elements"]] == buttons


def test_of_many_controllers_the_live_and_locked_come_first_and_the_rest_as_lines() -> None:
    """A view takes a hundred blocks; nobody's upgrade may be missing from it because of its name."""
    idle = tuple(ControllerState(f"c{number:03}", "2.440.1", "Idle.") for number in range(100))
    live = ControllerState("zeta", "2.426.2", "Waiting.", "u1", choices=("hold", "rollback"))
    locked = ControllerState("yard", "2.440.1", "Idle.", lock="release week")
    view = home(Overview((), (*idle, locked, live)), "D1")
    assert view_faults(view) == []
    shown = texts(view)
    order = [shown.index(name) for name in ("*zeta*", "*yard*", "*c000*", "*c099* 2.440.1: Idle.")]
    assert order == sorted(order)
    assert all(f"*{state.name}*" in shown for state in idle)


def test_controllers_that_do_not_fit_even_so_are_counted() -> None:
    many = tuple(ControllerState(f"c{number}", "2.440.1", "Idle.") for number in range(200))
    assert "… and 83 more" in texts(home(Overview((), many), "D1"))


def _mrkdwn(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if value.get("type") == "mrkdwn" else []
    return own + [text for item in value.values() for text in _mrkdwn(item)]
