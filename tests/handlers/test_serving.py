"""The bot is reached over signed HTTP and through Socket Mode; wrong tokens stop it with a clear word, an outage does not."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.content import Notice
from bot.errors import ConfigurationError
from handlers.app import build_app
from handlers.credentials import Credentials, read_credentials
from handlers.http_server import LONGEST_BODY, PATH
from handlers.serving import HttpServing, Serving, SocketServing, build_serving
from rehearsal.slack import RunningWorkspace, WorkspaceDriver
from tests.handlers.conftest import RecordingCommands
from tests.handlers.payloads import SIGNING_SECRET, form, signed, slash
from tests.handlers.web_api import Answer, WebApi
from tests.patience import PATIENT

TOKENS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_SIGNING_SECRET": SIGNING_SECRET,
}


@contextmanager
def started(serving: Serving) -> Iterator[Serving]:
    try:
        serving.start()
        yield serving
    finally:
        serving.close()


# ---- credentials ---------------------------------------------------------------------------------------------


def test_socket_mode_and_http_take_what_each_needs() -> None:
    """Socket Mode has no signing secret, HTTP no app token; both have a Web API address with a slash at its end."""
    assert read_credentials(TOKENS, http=False) == Credentials(
        "xoxb-1", "xapp-1", "", "https://slack.com/api/"
    )
    assert read_credentials(TOKENS | {"SLACK_API_URL": " http://127.0.0.1:1/api "}, http=True) == Credentials(
        "xoxb-1", "", SIGNING_SECRET, "http://127.0.0.1:1/api/"
    )


@pytest.mark.parametrize(
    ("environ", "http_mode", "names"),
    [
        ({}, False, ["SLACK_BOT_TOKEN", "xoxb-", "SLACK_APP_TOKEN", "xapp-"]),
        ({}, True, ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]),
        (TOKENS | {"SLACK_BOT_TOKEN": "xapp-1"}, False, ["SLACK_BOT_TOKEN", "xoxb-"]),
        (TOKENS | {"SLACK_APP_TOKEN": "xoxb-1"}, False, ["SLACK_APP_TOKEN", "xapp-"]),
        (TOKENS | {"SLACK_SIGNING_SECRET": " "}, True, ["SLACK_SIGNING_SECRET"]),
    ],
)
def test_missing_and_mistaken_secrets_are_named_together(
    environ: dict[str, str], http_mode: bool, names: list[str]
) -> None:
    """Each with the variable and what it should look like; none with its value."""
    with pytest.raises(ConfigurationError) as raised:
        read_credentials(environ, http=http_mode)
    assert all(name in str(raised.value) for name in names)
    assert "xoxb-1" not in str(raised.value)
    assert "xapp-1" not in str(raised.value)


def test_credentials_do_not_show_their_secrets() -> None:
    """Neither in a log nor in a traceback."""
    assert "xoxb-1" not in repr(read_credentials(TOKENS, http=False))


# ---- at start-up ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "token_revoked"])
def test_a_refused_bot_token_stops_the_start(
    commands: RecordingCommands, credentials: Credentials, api: WebApi, code: str
) -> None:
    """The text names the variable, Slack's word and what belongs there."""
    api.fail("auth.test", Answer(error=code))
    with pytest.raises(ConfigurationError, match=rf"SLACK_BOT_TOKEN is refused by Slack \({code}\).*xoxb-"):
        build_serving(commands, credentials, None)


def test_a_refused_app_token_stops_the_start(
    commands: RecordingCommands, credentials: Credentials, api: WebApi
) -> None:
    """apps.connections.open tells; the bot token is another matter."""
    serving = build_serving(commands, replace(credentials, app_token="xapp-wrong"), None)
    with (
        pytest.raises(
            ConfigurationError, match=r"SLACK_APP_TOKEN is refused by Slack \(invalid_auth\).*xapp-"
        ),
        started(serving),
    ):
        pass


@pytest.mark.parametrize(
    "fault", [Answer(status=0), Answer(status=503), Answer(status=429), Answer(error="fatal_error")]
)
def test_slack_not_answering_does_not_stop_the_start(
    commands: RecordingCommands,
    credentials: Credentials,
    api: WebApi,
    fault: Answer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An app is built, and the log says that Slack does not answer."""
    api.fail("auth.test", fault, fault)  # the SDK tries a cut connection once more by itself
    with caplog.at_level(logging.WARNING, "handlers.app"):
        assert build_app(commands, credentials) is not None
    assert "does not answer" in caplog.text


def test_a_taken_port_is_a_fault_of_the_configuration(
    commands: RecordingCommands, credentials: Credentials
) -> None:
    """Named, instead of a traceback."""
    app, tabs = build_app(commands, credentials)
    first = HttpServing(app, tabs, 0)
    with closing(first), pytest.raises(ConfigurationError, match=f"port {first.port}"):
        HttpServing(app, tabs, first.port)


# ---- HTTP ----------------------------------------------------------------------------------------------------


def post(port: int, body: str, headers: dict[str, str], path: str = PATH, method: str = "POST") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection):
        connection.request(method, path, body.encode(), headers)
        return connection.getresponse().status


@pytest.fixture
def http_serving(commands: RecordingCommands, credentials: Credentials) -> Iterator[HttpServing]:
    serving = HttpServing(*build_app(commands, credentials), 0)
    with started(serving):
        yield serving


def test_a_signed_request_over_http_is_taken(
    http_serving: HttpServing, commands: RecordingCommands, api: WebApi
) -> None:
    """Answered 200 and run."""
    body = form(slash("status", f"{api.address}/respond/1"))
    assert post(http_serving.port, body, signed(body)) == 200
    api.wait_for("respond")
    assert commands.asked == [("run", "status")]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda body: {"headers": signed(body, secret="wrong")}, 401),
        (lambda body: {"headers": {}}, 401),
        (lambda body: {"path": "/other"}, 404),
        (lambda body: {"method": "GET"}, 501),
        (lambda body: {"headers": signed(body) | {"Content-Length": str(LONGEST_BODY + 1)}}, 413),
        (lambda body: {"headers": signed(body) | {"Content-Length": "many"}}, 411),
    ],
    ids=["badly signed", "unsigned", "another path", "GET", "too long", "length unknown"],
)
def test_anything_else_over_http_is_refused(
    http_serving: HttpServing, commands: RecordingCommands, change: Callable[[str], Any], status: int
) -> None:
    """With the fitting status, and nothing is run."""
    body = form(slash("rollback", "http://127.0.0.1:9/"))
    assert post(http_serving.port, body, **({"headers": signed(body)} | change(body))) == status
    assert commands.asked == []


def test_slack_can_verify_the_address(http_serving: HttpServing) -> None:
    """The handshake of a request URL is answered by Bolt."""
    body = '{"type": "url_verification", "challenge": "c", "token": "t"}'
    headers = signed(body) | {"Content-Type": "application/json"}
    assert post(http_serving.port, body, headers) == 200


# ---- Socket Mode ---------------------------------------------------------------------------------------------


@pytest.fixture
def workspace() -> Iterator[RunningWorkspace]:
    with RunningWorkspace(PATIENT) as workspace:
        yield workspace


def rehearsal_credentials(workspace: RunningWorkspace) -> Credentials:
    return Credentials("xoxb-rehearsal", "xapp-rehearsal", "", workspace.api_url)


def test_commands_come_through_socket_mode(workspace: RunningWorkspace, commands: RecordingCommands) -> None:
    """Acknowledged while the command is still held inside, run, and answered to the person."""
    people = WorkspaceDriver(workspace.address)
    commands.answer = lambda: Notice("Nothing runs.")
    commands.held.clear()
    with started(build_serving(commands, rehearsal_credentials(workspace), None)):
        people.wait_connected()
        assert people.say("U0ANN", "C0CIOPS", "/ci-upgrade status main") == {"ok": True}
        assert commands.asked == []
        commands.held.set()
        people.wait_for(
            lambda: [m for m in people.messages("C0CIOPS", seen_by="U0ANN") if "Nothing runs." in m["text"]]
        )
    assert commands.asked == [("run", "status main")]


def test_a_bot_started_in_an_outage_connects_when_it_is_over(
    workspace: RunningWorkspace, commands: RecordingCommands
) -> None:
    """start() returns, and the connection is made in the background."""
    people = WorkspaceDriver(workspace.address)
    people.faults(outage=True)
    with started(build_serving(commands, rehearsal_credentials(workspace), None)) as serving:
        assert isinstance(serving, SocketServing)
        people.faults(outage=False)
        people.wait_connected()


def test_closing_in_an_outage_does_not_hang(workspace: RunningWorkspace, commands: RecordingCommands) -> None:
    """A bot that never connected ends as well."""
    WorkspaceDriver(workspace.address).faults(outage=True)
    with started(build_serving(commands, rehearsal_credentials(workspace), None)):
        pass
