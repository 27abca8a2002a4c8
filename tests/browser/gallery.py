"""Pictures of every card, every form and the home tab, from usual data, each as the page shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from slack_sdk import WebClient

from bot.agenda_messages import announcement, question, reminder
from bot.content import Content, Decision, Entry
from bot.schedule import ScheduledStart, StartStatus
from bot.upgrade_plan.wording import plan_notice
from handlers.credentials import Credentials
from handlers.serving import build_serving
from handlers.views import render
from handlers.views.home import OPEN_HOLD
from rehearsal.slack import Manifest, RunningWorkspace, WorkspaceDriver
from tests.handlers.conftest import RecordingCommands
from tests.handlers.contents import NOW, USUAL, gate_card
from tests.handlers.usual_plan import USUAL_PLAN
from tests.patience import PATIENT

__all__ = ["photograph"]

MANIFEST = Path(__file__).parents[2] / "app.yaml"
CHANNEL, BOB = "C0CIOPS", "U0BOB"
WIDTH, HEIGHT = 1180, 760
LATE = gate_card().expires_at
START = ScheduledStart("s1f2a3", "main", "2.440.1", LATE, "U0CY", "cy", CHANNEL, NOW, "nightly")
CARDS: dict[str, Content] = {
    "card-question": gate_card(),
    "card-failed": USUAL["gate card, failed"],
    "card-inconclusive": gate_card(
        verdict="inconclusive",
        reasons=("response times: 6 probes of green and 40 of blue are too few",),
    ),
    "card-reminder": Entry(
        "Still waiting for a decision <@U0ANN> <@U0BOB>", ("Undecided, the upgrade will be held.",), "warning"
    ),
    "card-approved": USUAL["gate card, approved"],
    "card-held": gate_card(decision=Decision("held", BOB, NOW + 60, "the database team asks to wait")),
    "card-rolled-back": gate_card(decision=Decision("rolled back", BOB, NOW + 60, "users complain")),
    "card-expired": gate_card(decision=Decision("expired", None, LATE)),
    "card-superseded": gate_card(decision=Decision("superseded", None, NOW + 60, "the figures became worse")),
    "card-scheduled": announcement(START, "UTC"),
    "card-soon": reminder(START, "main is locked by @ann: release week.", "UTC"),
    "card-started": announcement(
        dataclasses.replace(START, status=StartStatus.STARTED), "UTC"
    ),
    "card-cancelled": announcement(
        dataclasses.replace(START, status=StartStatus.CANCELLED, decided_by=BOB), "UTC"
    ),
    "card-missed": question(
        dataclasses.replace(
            START, status=StartStatus.ASKING, note="The bot was not there at its time, and is 9 minutes late."
        ),
        "UTC",
    ),
    "card-one-of-two": USUAL["gate card, one of two"],
    "card-over-the-rules": USUAL["gate card, over the rules"],
    "card-release": USUAL["announcement"],
    "plan": plan_notice(USUAL_PLAN),
    "dashboard": USUAL["dashboard"],
    "dashboard-completed": USUAL["dashboard at its end"],
}


def photograph(browser: Browser, target: Path) -> None:
    """Writes ``card-….png``, ``plan.png``, ``dashboard….png``, ``form-….png`` and ``home.png``."""
    commands = RecordingCommands()
    with _page(browser, commands) as (page, people, client):
        for name, content in CARDS.items():
            message = render(content)
            ts = client.chat_postMessage(channel=CHANNEL, text=message.text, blocks=list(message.blocks))[
                "ts"
            ]
            page.locator(f"[data-testid=message][data-ts='{ts}']").screenshot(path=target / f"{name}.png")
        for name in ("start", "approve", "rollback", "hold", "resume", "abort", "lock", "unlock"):
            people.say(BOB, CHANNEL, f"/ci-upgrade {name}")
            _form(page, people, target / f"form-{name}.png")
        for name, words in (("override", "all the same"), ("break-glass", "Break glass")):
            card = next(m for m in people.messages(CHANNEL) if words in str(m.get("blocks")))
            people.click(BOB, CHANNEL, card["ts"], f"ci_upgrade.{name}")
            _form(page, people, target / f"form-{name}.png")
        commands.faults["version"] = "main runs 2.440.1, which is not older than 2.426.2. Name a newer version."
        people.say(BOB, CHANNEL, "/ci-upgrade start")
        page.get_by_test_id("modal-submit").click()
        page.get_by_test_id("modal").get_by_role("alert").wait_for()
        _form(page, people, target / "form-start-refused.png")
        page.get_by_test_id("app-home").click()
        page.locator(f"button[data-action-id='{OPEN_HOLD}']").wait_for()
        page.screenshot(path=target / "home.png")


def _form(page: Page, people: WorkspaceDriver, path: Path) -> None:
    """Once it is filled; closed afterwards."""
    modal = page.get_by_test_id("modal")
    modal.get_by_test_id("modal-submit").wait_for()
    modal.screenshot(path=path)
    view = people.modal(BOB)
    assert view is not None, "it is open"
    people.close(BOB, view["id"])
    modal.wait_for(state="detached")


@contextmanager
def _page(
    browser: Browser, commands: RecordingCommands
) -> Iterator[tuple[Page, WorkspaceDriver, Any]]:
    """Bob's page of a workspace with the real handlers behind it, and commands that answer with usual data."""
    settings = dataclasses.replace(PATIENT, manifest=Manifest.read(MANIFEST))
    with RunningWorkspace(settings) as workspace:
        credentials = Credentials(
            settings.bot_token, settings.app_token, settings.signing_secret, workspace.api_url
        )
        people = WorkspaceDriver(workspace.address)
        with closing(build_serving(commands, credentials, None)) as serving:
            serving.start()
            people.wait_connected()
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.add_init_script(f"localStorage.setItem('me', '{BOB}')")
            page.goto(workspace.address)
            page.get_by_test_id("composer-main").wait_for()
            yield page, people, WebClient(settings.bot_token, base_url=workspace.api_url)
            page.close()
