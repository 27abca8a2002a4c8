"""A person uses forms, shortcuts, mentions and the home tab in the page, with the real handlers behind it, in a real Chromium."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from bot.commands import Overview
from bot.content import Notice
from handlers import home
from handlers.credentials import Credentials
from handlers.serving import build_serving
from rehearsal.slack import Manifest, RunningWorkspace, Settings, WorkspaceDriver
from tests.browser.gallery import MANIFEST
from tests.handlers.conftest import RecordingCommands
from tests.handlers.forms import LIVE
from tests.patience import PATIENT

CHANNEL = "C0CIOPS"


@pytest.fixture
def workspace() -> Iterator[RunningWorkspace]:
    """As the manifest declares the app."""
    with RunningWorkspace(dataclasses.replace(PATIENT, manifest=Manifest.read(MANIFEST))) as running:
        yield running


@pytest.fixture
def commands(
    workspace: RunningWorkspace, driver: WorkspaceDriver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RecordingCommands]:
    """What the person asked for; the handlers serve them meanwhile."""
    monkeypatch.setattr(home, "REFRESH_SECONDS", 0.2)
    settings = Settings()
    credentials = Credentials(
        settings.bot_token, settings.app_token, settings.signing_secret, workspace.api_url
    )
    commands = RecordingCommands(answer=lambda: Notice("Done as you asked."))
    with closing(build_serving(commands, credentials, None)) as serving:
        serving.start()
        driver.wait_connected()
        yield commands


@pytest.fixture
def thread(workspace: RunningWorkspace) -> str:
    """ts of a message of the bot with a reply."""
    client = WebClient(Settings().bot_token, base_url=workspace.api_url)
    ts = str(client.chat_postMessage(channel=CHANNEL, text="main: 2.426.2 → 2.440.1")["ts"])
    client.chat_postMessage(channel=CHANNEL, thread_ts=ts, text="Backup done")
    return ts


def test_a_person_starts_an_upgrade_with_the_form(
    commands: RecordingCommands, open_page: Callable[..., Page]
) -> None:
    """Another controller redraws its fields; a plan that cannot be read is refused beside its field; the outcome is told in the channel."""
    page = open_page()
    page.get_by_test_id("composer-main").fill("/ci-upgrade start")
    page.keyboard.press("Enter")
    form = page.get_by_test_id("modal")
    expect(form.get_by_text("main runs 2.426.2.")).to_be_visible()
    form.get_by_label("Controller", exact=True).select_option("staging")
    expect(form.get_by_text("staging runs 2.426.2.")).to_be_visible()
    form.get_by_label("Version", exact=True).select_option("2.426.3")
    form.get_by_label("Traffic plan").fill("10, often")
    form.get_by_test_id("modal-submit").click()
    expect(form.get_by_role("alert")).to_contain_text("neither a percentage nor handover")
    form.get_by_label("Traffic plan").fill("50, handover, 100")
    form.get_by_test_id("modal-submit").click()
    expect(form).to_have_count(0)
    expect(page.get_by_test_id("message").filter(has_text="Done as you asked.")).to_be_visible()
    assert commands.asked == [("start", "staging", "2.426.3")]
    assert commands.requests[-1].traffic == (50, "handover", 100)


def test_a_person_rolls_back_from_the_menu_of_a_message_in_the_thread(
    commands: RecordingCommands, thread: str, open_page: Callable[..., Page]
) -> None:
    """Where no slash command can be typed: the form says what will happen and takes a reason."""
    page = open_page()
    page.get_by_test_id("open-thread").click()
    reply = page.get_by_test_id("thread").get_by_test_id("message").filter(has_text="Backup done")
    reply.hover()
    reply.get_by_test_id("shortcuts").click()
    reply.get_by_role("menuitem", name="Roll back this upgrade").click()
    form = page.get_by_test_id("modal")
    expect(form).to_contain_text(LIVE.on_rollback[0])
    form.get_by_label("Reason").fill("users complain")
    form.get_by_test_id("modal-submit").click()
    expect(form).to_have_count(0)
    expect(page.get_by_test_id("thread")).to_contain_text("Done as you asked.")
    assert commands.asked == [("rollback", LIVE.id, "users complain")]
    assert commands.actors[0].thread == thread


def test_a_person_mentions_the_bot_in_the_thread(
    commands: RecordingCommands, thread: str, open_page: Callable[..., Page]
) -> None:
    """Answered there, to them alone."""
    page = open_page()
    page.get_by_test_id("open-thread").click()
    page.get_by_test_id("composer-thread").fill("@ci-upgrade status")
    page.keyboard.press("Enter")
    answer = page.get_by_test_id("thread").get_by_test_id("message").filter(has_text="Done as you asked.")
    expect(answer.get_by_test_id("only-you")).to_be_visible()
    assert commands.asked == [("run", "status")]
    assert commands.actors[0].thread == thread


def test_the_home_tab_follows_what_happens_and_its_buttons_open_forms(
    commands: RecordingCommands, open_page: Callable[..., Page]
) -> None:
    """Drawn when it is opened; what waits disappears by itself once it is decided."""
    page = open_page("U0BOB")
    page.get_by_test_id("app-home").click()
    tab = page.get_by_test_id("home")
    expect(tab).to_contain_text("Send 25% of sessions to green?")
    commands.seen = Overview((), commands.seen.controllers)
    expect(tab).not_to_contain_text("Send 25% of sessions to green?")
    tab.get_by_role("button", name="Roll back the upgrade of main").click()
    expect(page.get_by_test_id("modal")).to_contain_text(LIVE.on_rollback[0])
    assert commands.asked == []
