"""The workspace page in a real Chromium: what a person sees, types and clicks, on a desktop and on a phone."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from rehearsal.slack import RunningWorkspace, WorkspaceDriver

CHANNEL = "C0CIOPS"
PHONE = (390, 844)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def cell(text: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


def every_block() -> list[dict[str, Any]]:
    now = int(time.time())
    confirm = {
        "title": plain("Send 50%?"),
        "text": mrkdwn("Half of *new* sessions."),
        "confirm": plain("Send"),
        "deny": plain("Not yet"),
    }
    return [
        {"type": "header", "text": plain("Upgrade main <b>")},
        {
            "type": "section",
            "text": mrkdwn(
                f":warning: *Waiting* for <@U0BOB> until <!date^{now}^{{time}}|later>; <https://ci.example.com|open>, "
                "`code`, _slanted_, ~gone~, A &amp; B &lt;script&gt;\n> quoted"
            ),
            "accessory": {"type": "button", "action_id": "details", "text": plain("Details")},
        },
        {"type": "section", "fields": [mrkdwn("*Owner*\nblue"), mrkdwn("*Lag*\n1 s")]},
        {
            "type": "table",
            "rows": [[cell("Measure"), cell("Blue")], [cell("Errors"), cell("0.1%")]],
            "column_settings": [{"align": "left"}, {"align": "right"}],
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "text", "text": "first", "style": {"bold": True}}],
                        }
                    ],
                }
            ],
        },
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "approve",
                    "style": "primary",
                    "value": "2",
                    "text": plain("Send 50%"),
                    "confirm": confirm,
                },
                {
                    "type": "button",
                    "action_id": "hold",
                    "text": plain("Hold"),
                    "accessibility_label": "Hold main",
                },
                {"type": "button", "action_id": "back", "style": "danger", "text": plain("Roll back")},
                {
                    "type": "overflow",
                    "action_id": "more",
                    "options": [{"text": plain("Log"), "value": "log"}],
                },
                {
                    "type": "static_select",
                    "action_id": "pick",
                    "placeholder": plain("Step"),
                    "options": [{"text": plain("Ten"), "value": "10"}],
                },
            ],
        },
        {"type": "context", "elements": [mrkdwn("by <@U0ANN>")]},
    ]


MODAL = {
    "type": "modal",
    "callback_id": "start",
    "title": plain("Start an upgrade"),
    "submit": plain("Start"),
    "blocks": [
        {
            "type": "input",
            "block_id": "version",
            "label": plain("Target version"),
            "element": {"type": "plain_text_input", "action_id": "value"},
        },
        {
            "type": "input",
            "block_id": "day",
            "optional": True,
            "label": plain("Not before"),
            "element": {"type": "datepicker", "action_id": "value"},
        },
        {
            "type": "input",
            "block_id": "options",
            "optional": True,
            "label": plain("Options"),
            "element": {
                "type": "checkboxes",
                "action_id": "value",
                "options": [{"text": plain("Encrypt"), "value": "encrypt"}],
            },
        },
    ],
}


@pytest.fixture
def client(workspace: RunningWorkspace) -> WebClient:
    return WebClient("xoxb-rehearsal", base_url=workspace.api_url)


@pytest.fixture
def app(client: WebClient, driver: WorkspaceDriver) -> Iterator[App]:
    """A Bolt app in Socket Mode that takes every event."""
    app = App(client=client, signing_secret="unused")
    app.event(re.compile(".*"))(lambda: None)
    handler = SocketModeHandler(app, "xapp-rehearsal")
    handler.connect()  # type: ignore[no-untyped-call]  # the SDK leaves it unannotated
    driver.wait_connected()
    yield app
    handler.client.auto_reconnect_enabled = False
    driver.reconnect(cut=True)
    handler.close()  # type: ignore[no-untyped-call]  # the SDK leaves it unannotated


def message(page: Page, ts: str) -> Locator:
    return page.locator(f"main article[data-ts='{ts}']")


def test_every_kind_of_block_is_shown(client: WebClient, open_page: Callable[..., Page]) -> None:
    """Markup becomes elements, names and times; nothing that was written becomes HTML."""
    ts = client.chat_postMessage(channel=CHANNEL, text="card", blocks=every_block())["ts"]
    card = message(open_page(), ts)
    expect(card.get_by_role("heading", name="Upgrade main <b>")).to_be_visible()
    expect(card.locator("strong", has_text="Waiting")).to_be_visible()
    expect(card.get_by_role("img", name="warning")).to_be_visible()
    expect(card.locator(".mention", has_text="@Bob Approver")).to_be_visible()
    expect(card.get_by_role("link", name="open")).to_have_attribute("href", "https://ci.example.com")
    expect(card.locator("time").nth(1)).to_have_text(re.compile(r"\d\d:\d\d"))
    for tag, text in (
        ("code", "code"),
        ("em", "slanted"),
        ("s", "gone"),
        ("blockquote", "quoted"),
        ("li", "first"),
    ):
        expect(card.locator(tag, has_text=text)).to_be_visible()
    expect(card.get_by_text("A & B <script>")).to_be_visible()
    expect(card.get_by_role("columnheader", name="Blue")).to_be_visible()
    expect(card.get_by_role("cell", name="0.1%")).to_be_visible()
    expect(card.get_by_role("button", name="Hold main")).to_be_visible()
    expect(card.get_by_role("combobox", name="Step")).to_be_visible()
    assert card.locator("script").count() == 0


def test_a_command_is_typed_and_answered_privately(app: App, open_page: Callable[..., Page]) -> None:
    """The hint completes it, Enter sends it, and only its author sees the ephemeral answer."""
    app.command("/ci-upgrade")(lambda ack, command: ack(f"planning {command['text']}"))
    ann, bob = open_page("U0ANN"), open_page("U0BOB")
    box = ann.get_by_test_id("composer-main")
    box.fill("/ci")
    expect(ann.get_by_role("option", name="/ci-upgrade")).to_be_visible()
    box.press("Tab")
    expect(box).to_have_value("/ci-upgrade ")
    box.type("plan main")
    box.press("Enter")
    expect(ann.get_by_test_id("message").filter(has_text="planning plan main")).to_contain_text(
        "Only visible to you"
    )
    expect(bob.get_by_test_id("message")).to_have_count(0)


def test_a_button_asks_first_then_the_card_changes_in_place(
    app: App, client: WebClient, open_page: Callable[..., Page]
) -> None:
    """Declining does nothing; agreeing reaches the app, and both pages show the new card without a reload."""
    clicked: list[dict[str, Any]] = []

    @app.action("approve")
    def approve(ack: Any, body: dict[str, Any]) -> None:
        ack()
        clicked.append(body)
        client.chat_update(channel=CHANNEL, ts=body["message"]["ts"], text="Approved by <@U0BOB>")

    ts = client.chat_postMessage(channel=CHANNEL, text="card", blocks=every_block())["ts"]
    bob, ann = open_page("U0BOB"), open_page("U0ANN")
    button = message(bob, ts).get_by_role("button", name="Send 50%")
    button.click()
    expect(bob.get_by_test_id("confirm-dialog")).to_contain_text("Half of new sessions.")
    bob.get_by_test_id("confirm-no").click()
    expect(bob.get_by_test_id("confirm-dialog")).to_have_count(0)
    assert clicked == []
    button.press("Enter")  # by keyboard: the dialog's own button has the focus
    bob.keyboard.press("Enter")
    for page in (bob, ann):
        expect(message(page, ts)).to_contain_text("Approved by @Bob Approver")
    assert [(body["user"]["id"], body["actions"][0]["value"]) for body in clicked] == [("U0BOB", "2")]


def test_a_click_that_nobody_answers_is_shown_at_the_message(
    client: WebClient, open_page: Callable[..., Page]
) -> None:
    """Without a connected app the person learns it where they clicked."""
    ts = client.chat_postMessage(channel=CHANNEL, text="card", blocks=every_block())["ts"]
    page = open_page()
    message(page, ts).get_by_role("button", name="Roll back").click()
    expect(message(page, ts).get_by_test_id("warning")).to_contain_text("not responding")


def test_a_modal_keeps_what_was_typed_while_it_refuses(
    app: App, client: WebClient, open_page: Callable[..., Page]
) -> None:
    """A required field, then the app's own error under the field, then it closes."""
    submitted: list[dict[str, Any]] = []

    @app.command("/ci-upgrade")
    def command(ack: Any, body: dict[str, Any]) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("start")
    def start(ack: Any, view: dict[str, Any]) -> None:
        submitted.append(view["state"]["values"])
        errors = {"version": "2.1 is older than what runs"}
        ack(response_action="errors", errors=errors) if len(submitted) == 1 else ack()

    page = open_page()
    page.get_by_test_id("composer-main").fill("/ci-upgrade start")
    page.keyboard.press("Enter")
    modal = page.get_by_test_id("modal")
    modal.get_by_test_id("modal-submit").click()
    expect(modal.get_by_role("alert")).to_have_text("Please complete this required field.")
    modal.get_by_label("Target version").fill("2.1")
    modal.get_by_label("Not before").fill("2031-05-04")
    modal.get_by_label("Encrypt").check()
    modal.get_by_test_id("modal-submit").click()
    expect(modal.get_by_role("alert")).to_have_text("2.1 is older than what runs")
    expect(modal.get_by_label("Target version")).to_have_value("2.1")
    modal.get_by_label("Target version").fill("2.440.1")
    page.keyboard.press("Enter")
    expect(modal).to_have_count(0)
    assert submitted[-1]["version"]["value"]["value"] == "2.440.1"
    assert submitted[-1]["day"]["value"]["selected_date"] == "2031-05-04"
    assert submitted[-1]["options"]["value"]["selected_options"][0]["value"] == "encrypt"


def test_a_thread_shows_replies_and_pictures_live(client: WebClient, open_page: Callable[..., Page]) -> None:
    """Opened from the card, it follows along, and takes replies."""
    ts = client.chat_postMessage(channel=CHANNEL, text="card")["ts"]
    client.chat_postMessage(channel=CHANNEL, thread_ts=ts, text="backup done")
    page = open_page()
    page.get_by_test_id("open-thread").click()
    thread = page.get_by_test_id("thread")
    expect(thread).to_contain_text("backup done")
    picture = io.BytesIO()
    matplotlib.image.imsave(picture, np.ones((8, 8, 3)), format="png")
    client.files_upload_v2(
        channel=CHANNEL, thread_ts=ts, file=picture.getvalue(), filename="a.png", alt_txt="green is faster"
    )
    shown = thread.get_by_alt_text("green is faster")
    expect(shown).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth === 8", arg=shown.element_handle())
    page.get_by_test_id("composer-thread").fill("thanks")
    page.keyboard.press("Enter")
    expect(thread.get_by_test_id("message").last).to_contain_text("thanks")
    expect(page.get_by_test_id("open-thread")).to_contain_text("3 replies")


def test_the_app_home_is_published_and_used(
    app: App, client: WebClient, open_page: Callable[..., Page]
) -> None:
    """Opening it asks the app; its buttons work; another person sees their own."""
    used: list[str] = []
    home = {
        "type": "home",
        "blocks": [
            {
                "type": "section",
                "text": mrkdwn("*main*"),
                "accessory": {"type": "button", "action_id": "plan", "text": plain("Plan")},
            }
        ],
    }

    @app.action("plan")
    def plan(ack: Any, body: dict[str, Any]) -> None:
        ack()
        used.append(body["user"]["id"])

    page = open_page("U0CY")
    page.get_by_test_id("app-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("has not shown anything here yet")
    client.views_publish(user_id="U0CY", view=home)
    page.get_by_test_id("home").get_by_role("button", name="Plan").click()
    expect(page.get_by_test_id("home").get_by_role("button", name="Plan")).to_have_attribute(
        "aria-busy", "false"
    )
    assert used == ["U0CY"]
    page.get_by_test_id("user-switch").select_option("U0BOB")
    expect(page.get_by_test_id("home")).to_contain_text("has not shown anything here yet")


def test_on_a_phone_nothing_is_wider_than_the_screen(
    client: WebClient, open_page: Callable[..., Page]
) -> None:
    """The card wraps, the sidebar is a drawer, and the thread covers the page."""
    ts = client.chat_postMessage(channel=CHANNEL, text="card", blocks=every_block())["ts"]
    client.chat_postMessage(channel=CHANNEL, thread_ts=ts, text="reply")
    page = open_page(size=PHONE)
    expect(message(page, ts)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    page.get_by_role("button", name="Show channels").click()
    page.get_by_test_id("channel-C0GENERAL").click()
    expect(page.get_by_role("heading", name="# general")).to_be_visible()
    page.get_by_role("button", name="Show channels").click()
    page.get_by_test_id(f"channel-{CHANNEL}").click()
    page.get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("thread")).to_be_in_viewport(ratio=1)
    page.get_by_test_id("close-thread").click()
    expect(page.get_by_test_id("thread")).to_be_hidden()
