"""The Slack stand-in delivers to a real Bolt app, through Socket Mode and as signed HTTP requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from rehearsal.slack import Manifest, Refusal, RunningWorkspace, Settings, WorkspaceDriver
from tests.fakes.timing import VirtualClock

CHANNEL = "C0CIOPS"
PATIENT = Settings(acknowledge_seconds=60)
"""Longer than any acknowledgement takes on a busy machine. Triggers expire by the desk's clock, which a test moves."""
HASTY = Settings(acknowledge_seconds=1, retry_seconds=(0.0, 0.05))
"""For acknowledgements that never come, and clicks that may get lost and are repeated."""


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def card(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "actions", "block_id": "row", "elements": list(elements)}]


BUTTON = {"type": "button", "action_id": "approve", "value": "step-2", "text": plain("Approve")}
MENU = {
    "type": "static_select",
    "action_id": "pick",
    "options": [{"text": plain("Main"), "value": "main"}, {"text": plain("Lab"), "value": "lab"}],
}
MODAL = {
    "type": "modal",
    "callback_id": "start",
    "title": plain("Start"),
    "submit": plain("Go"),
    "private_metadata": "kept",
    "blocks": [
        {
            "type": "input",
            "block_id": "version",
            "label": plain("Version"),
            "element": {"type": "plain_text_input", "action_id": "value"},
        },
        {
            "type": "input",
            "block_id": "controller",
            "optional": True,
            "label": plain("Controller"),
            "element": {**MENU, "initial_option": MENU["options"][0]},
        },
    ],
}


class Desk:
    """A workspace, its people and a Bolt app that remembers what it was sent."""

    def __init__(self, workspace: RunningWorkspace, signing_secret: str, clock: VirtualClock) -> None:
        self.workspace = workspace
        self.clock = clock
        self.people = WorkspaceDriver(workspace.address)
        self.client = WebClient("xoxb-rehearsal", base_url=workspace.api_url)
        # What Bolt reports of unhandled requests is part of some tests, not news.
        logger = logging.getLogger("quiet-bolt")
        logger.setLevel(logging.CRITICAL)
        self.app = App(client=self.client, signing_secret=signing_secret, logger=logger)
        self.seen: list[dict[str, Any]] = []

    def heard(self, count: int = 1) -> list[dict[str, Any]]:
        return self.people.wait_for(lambda: self.seen if len(self.seen) >= count else None)

    def post(self, *elements: dict[str, Any]) -> str:
        return str(self.client.chat_postMessage(channel=CHANNEL, text="card", blocks=card(*elements))["ts"])


def leave(desk: Desk, handler: SocketModeHandler) -> None:
    """Close the app's side. Left to itself the SDK waits up to 3 s for a read that nothing ends."""
    handler.client.auto_reconnect_enabled = False
    desk.people.reconnect(cut=True)
    handler.close()  # type: ignore[no-untyped-call]  # the SDK leaves it unannotated


@contextmanager
def at_desk(settings: Settings) -> Iterator[Desk]:
    clock = VirtualClock(time.time())  # Bolt takes no signature that is minutes old
    with RunningWorkspace(settings, clock=clock.now) as workspace:
        yield Desk(workspace, settings.signing_secret, clock)


@contextmanager
def socket_mode(settings: Settings, ping_seconds: float = 2.0) -> Iterator[Desk]:
    """The SDK notices that a connection is dead, or takes a slow one for dead, after more than four pings without an answer."""
    with ExitStack() as stack:
        desk = stack.enter_context(at_desk(settings))
        handler = SocketModeHandler(desk.app, "xapp-rehearsal", ping_interval=ping_seconds)
        stack.callback(leave, desk, handler)
        handler.connect()  # type: ignore[no-untyped-call]  # the SDK leaves it unannotated
        desk.people.wait_connected()
        yield desk


@contextmanager
def signed_http(settings: Settings) -> Iterator[Desk]:
    with ExitStack() as stack:
        desk = stack.enter_context(at_desk(settings))

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = desk.app.dispatch(BoltRequest(body=body, headers=dict(self.headers.items())))
                self.send_response(answer.status)
                for name, values in answer.headers.items():
                    self.send_header(name, values[0])
                self.end_headers()
                self.wfile.write(answer.body.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        desk.people.deliver_to(f"http://127.0.0.1:{server.server_port}/slack/events")
        yield desk


@pytest.fixture(params=[socket_mode, signed_http], ids=["socket", "http"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Everything that uses it holds for both ways of delivery."""
    with request.param(PATIENT) as running:
        yield running


@pytest.fixture(params=[socket_mode, signed_http], ids=["socket", "http"])
def hasty_desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The same with people who do not wait long."""
    with request.param(HASTY) as running:
        yield running


# ---- commands ----------------------------------------------------------------------------------------------------


def test_a_slash_command_is_answered_privately_then_in_public(desk: Desk) -> None:
    """The acknowledgement's text is ephemeral; the response URL can speak to everybody, five times."""
    tries: list[int] = []

    @desk.app.command("/ci-upgrade")
    def command(ack: Any, respond: Any, command: dict[str, Any]) -> None:
        desk.seen.append(command)
        ack("on it")
        tries.extend(respond(text=f"{n}", response_type="in_channel").status_code for n in range(6))

    assert desk.people.say("U0ANN", CHANNEL, "/ci-upgrade plan main") == {"ok": True}
    sent = desk.heard()[0]
    assert (sent["text"], sent["user_id"], sent["channel_id"]) == ("plan main", "U0ANN", CHANNEL)
    desk.people.wait_for(lambda: len(tries) == 6)
    assert tries == [200] * 5 + [404]
    assert {message["text"] for message in desk.people.messages(CHANNEL)} == set("01234")
    private = [message for message in desk.people.messages(CHANNEL, seen_by="U0ANN") if message["visible_to"]]
    assert [message["text"] for message in private] == ["on it"]


def test_a_command_without_an_acknowledgement_has_failed_for_the_person(hasty_desk: Desk) -> None:
    """Slackbot says so to the person alone, and it is counted."""
    desk = hasty_desk
    answer = desk.people.say("U0ANN", CHANNEL, "/ci-upgrade plan")
    assert answer["notice"].startswith("/ci-upgrade failed because the app did not respond")
    assert desk.people.messages(CHANNEL, seen_by="U0ANN")[0]["text"] == answer["notice"]
    assert desk.people.messages(CHANNEL, seen_by="U0BOB") == []
    assert desk.people.counters()["unacknowledged"] == 1


def test_commands_do_not_work_in_threads() -> None:
    """As in Slack; the app never hears of it."""
    with RunningWorkspace(Settings(manifest=Manifest(events=()))) as workspace:
        people = WorkspaceDriver(workspace.address)
        ts = people.say("U0ANN", CHANNEL, "hello")["ts"]
        answer = people.say("U0ANN", CHANNEL, "/ci-upgrade rollback", thread_ts=ts)
        assert "not supported in threads" in answer["notice"]
        assert people.counters()["unacknowledged"] == 0


# ---- clicks and modals -------------------------------------------------------------------------------------------


def test_a_click_brings_everything_that_slack_sends(desk: Desk) -> None:
    """Who, where, what, the message, the present state, a trigger id and a response URL that replaces the card."""

    @desk.app.action("approve")
    def approve(ack: Any, body: dict[str, Any], respond: Any) -> None:
        ack()
        respond(text="approved", replace_original=True)
        desk.seen.append(body)

    ts = desk.post(BUTTON, MENU)
    desk.people.click("U0BOB", CHANNEL, ts, "approve", values={"row": {"pick": "lab"}})
    body = desk.heard()[0]
    assert body["type"] == "block_actions"
    assert (body["user"]["id"], body["channel"]["id"], body["message"]["ts"]) == ("U0BOB", CHANNEL, ts)
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": CHANNEL,
        "is_ephemeral": False,
    }
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"]) == ("step-2", "row")
    assert body["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "lab"
    assert desk.people.messages(CHANNEL)[0]["text"] == "approved"


def test_a_modal_is_filled_refused_and_accepted(desk: Desk) -> None:
    """Opened by a click, kept open by the client's and the app's errors, closed when accepted."""

    @desk.app.action("approve")
    def open_modal(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @desk.app.view("start")
    def submitted(ack: Any, view: dict[str, Any]) -> None:
        desk.seen.append(view)
        if view["state"]["values"]["version"]["value"]["value"] == "old":
            ack(response_action="errors", errors={"version": "older than what runs"})
        else:
            ack()

    desk.people.click("U0ANN", CHANNEL, desk.post(BUTTON), "approve")
    view_id = desk.people.wait_for(lambda: desk.people.modal("U0ANN"))["id"]
    assert desk.people.modal("U0BOB") is None
    assert desk.people.submit("U0ANN", view_id)["errors"] == {
        "version": "Please complete this required field."
    }
    refused = desk.people.submit("U0ANN", view_id, {"version": {"value": "old"}})
    assert refused["errors"] == {"version": "older than what runs"}
    assert desk.people.submit("U0ANN", view_id, {"version": {"value": "2.440.1"}}) == {"ok": True}
    assert desk.people.modal("U0ANN") is None
    values = desk.seen[-1]["state"]["values"]
    assert values["controller"]["pick"]["selected_option"]["value"] == "main"  # left at its initial value
    assert desk.seen[-1]["private_metadata"] == "kept"


def test_a_trigger_id_works_once_and_for_a_short_time(desk: Desk) -> None:
    """Used and expired are different errors."""
    bodies = desk.seen

    @desk.app.action("approve")
    def keep(ack: Any, body: dict[str, Any]) -> None:
        ack()
        bodies.append(body)

    def refusal(trigger: str) -> str | None:
        try:
            desk.client.views_open(trigger_id=trigger, view=MODAL)
        except SlackApiError as error:
            return str(error.response["error"])
        return None

    desk.people.click("U0ANN", CHANNEL, desk.post(BUTTON), "approve")
    trigger = desk.heard()[0]["trigger_id"]
    assert [refusal(trigger), refusal(trigger)] == [None, "exchanged_trigger_id"]
    desk.people.click("U0ANN", CHANNEL, desk.post(BUTTON), "approve")
    late = desk.heard(2)[1]["trigger_id"]
    desk.clock.move(desk.clock.now() + 2 * PATIENT.trigger_seconds)
    assert refusal(late) == "expired_trigger_id"


def test_people_cannot_click_what_they_do_not_see(desk: Desk) -> None:
    """A button that is gone, and another person's ephemeral message."""
    ts = desk.client.chat_postEphemeral(channel=CHANNEL, user="U0ANN", text="x", blocks=card(BUTTON))[
        "message_ts"
    ]
    for user, action, error in (
        ("U0BOB", "approve", "message_not_found"),
        ("U0ANN", "other", "no_such_element"),
    ):
        with pytest.raises(Refusal) as refused:
            desk.people.click(user, CHANNEL, ts, action)
        assert refused.value.error == error


def test_a_slow_person_can_click_what_the_card_showed_before(desk: Desk) -> None:
    """The app gets the old button's value; without asking for it a button that is gone cannot be clicked."""

    @desk.app.action("approve")
    def approve(ack: Any, body: dict[str, Any]) -> None:
        ack()
        desk.seen.append(body)

    ts = desk.post(BUTTON)
    desk.client.chat_update(channel=CHANNEL, ts=ts, text="card", blocks=card({**BUTTON, "value": "step-3"}))
    desk.people.click("U0BOB", CHANNEL, ts, "approve", value="step-2", earlier=True)
    assert desk.heard()[0]["actions"][0]["value"] == "step-2"
    with pytest.raises(Refusal):
        desk.people.click("U0BOB", CHANNEL, ts, "approve", value="step-2")


def test_the_app_home_and_message_shortcuts_reach_the_app(desk: Desk) -> None:
    """Opening the home tab is an event that the app answers by publishing; a shortcut names its message."""

    @desk.app.event("app_home_opened")
    def opened(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(
            user_id=event["user"],
            view={"type": "home", "blocks": [{"type": "header", "text": plain("Hello")}]},
        )

    @desk.app.shortcut("rollback")
    def rollback(ack: Any, body: dict[str, Any]) -> None:
        ack()
        desk.seen.append(body)

    desk.people.open_home("U0CY")
    home = desk.people.wait_for(lambda: desk.people.home("U0CY"))
    assert home["blocks"][0]["text"]["text"] == "Hello"
    ts = desk.post(BUTTON)
    desk.people.shortcut("U0ANN", "rollback", CHANNEL, ts)
    assert (desk.heard()[0]["type"], desk.seen[0]["message"]["ts"]) == ("message_action", ts)


# ---- events ------------------------------------------------------------------------------------------------------


def test_a_mention_in_a_thread_is_delivered_as_an_event(desk: Desk) -> None:
    """With the thread, the stored form of the mention and who said it."""
    desk.app.event("message")(lambda: None)

    @desk.app.event("app_mention")
    def mentioned(event: dict[str, Any]) -> None:
        desk.seen.append(event)

    ts = desk.post(BUTTON)
    desk.people.say("U0ANN", CHANNEL, "@ci-upgrade rollback & <now>", thread_ts=ts)
    event = desk.heard()[0]
    assert event["text"] == "<@U0CIBOT> rollback &amp; &lt;now&gt;"
    assert (event["thread_ts"], event["user"]) == (ts, "U0ANN")


def test_an_event_that_is_not_acknowledged_comes_again(hasty_desk: Desk) -> None:
    """The same event id each time, until it is acknowledged."""
    desk = hasty_desk

    @desk.app.middleware
    def keep(body: dict[str, Any], next: Any) -> None:
        desk.seen.append(body)
        next()

    # Bolt does not acknowledge an event that no listener takes.
    desk.people.say("U0ANN", CHANNEL, "hello")
    assert len({body["event_id"] for body in desk.heard(3)}) == 1


# ---- Socket Mode itself ------------------------------------------------------------------------------------------


def test_a_late_acknowledgement_is_counted() -> None:
    """Over three seconds the person has given up, and the counter shows it."""
    busy = threading.Event()
    with socket_mode(HASTY) as desk:

        @desk.app.middleware
        def slow(next: Any) -> None:
            busy.wait(60)
            next()

        desk.app.action("approve")(lambda ack: ack())

        assert "not responding" in desk.people.click("U0ANN", CHANNEL, desk.post(BUTTON), "approve")["notice"]
        desk.clock.move(desk.clock.now() + 4)
        busy.set()
        desk.people.wait_for(lambda: desk.people.counters()["acks_over_3s"] == 1)


@pytest.mark.parametrize("cut", [False, True], ids=["asked", "cut"])
def test_the_client_comes_back_after_a_disconnect(cut: bool) -> None:
    """Both when Slack asks to reconnect and when the connection just breaks."""
    with socket_mode(HASTY, ping_seconds=0.2) as desk:
        desk.app.action("approve")(lambda ack: ack())
        opened = len(desk.people.calls("apps.connections.open"))
        desk.people.reconnect(cut=cut)
        desk.people.wait_for(lambda: len(desk.people.calls("apps.connections.open")) > opened)
        desk.people.wait_connected()
        ts = desk.post(BUTTON)
        desk.people.wait_for(lambda: desk.people.click("U0ANN", CHANNEL, ts, "approve")["ok"])


def test_after_an_outage_everything_works_again() -> None:
    """Sockets are cut, clicks fail meanwhile, and the client reconnects by itself."""
    with socket_mode(HASTY, ping_seconds=0.2) as desk:
        desk.app.action("approve")(lambda ack: ack())
        ts = desk.post(BUTTON)
        desk.people.faults(outage=True)
        assert desk.people.click("U0ANN", CHANNEL, ts, "approve")["ok"] is False
        desk.people.faults(outage=False)
        desk.people.wait_for(lambda: desk.people.click("U0ANN", CHANNEL, ts, "approve")["ok"])


def test_a_click_can_be_delivered_twice(desk: Desk) -> None:
    """What an app must survive: the same click, two times."""
    desk.people.faults(deliver_twice=True)

    @desk.app.action("approve")
    def approve(ack: Any, body: dict[str, Any]) -> None:
        ack()
        desk.seen.append(body)

    desk.people.click("U0ANN", CHANNEL, desk.post(BUTTON), "approve")
    first, second = desk.heard(2)
    assert first["trigger_id"] == second["trigger_id"]
