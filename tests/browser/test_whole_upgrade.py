"""A person does a whole upgrade in the page, by typing and clicking, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rehearsal.stage import Stage, StageOptions
from tests.browser.person import Person

APPROVALS = 6
"""10, 25, 50, handover, 100, retire."""
COMPLETED = re.compile("^Completed$")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    directory = tmp_path / "stage"
    directory.mkdir()
    with Stage(directory, StageOptions(jobs=8, builds=40, minutes_scale=0.005)) as stage:
        yield stage


@pytest.fixture
def page(browser: Browser, stage: Stage) -> Iterator[Page]:
    """Fails the test if the page reports an error of its own."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto(stage.people.address)
    page.get_by_test_id("composer-main").wait_for()
    yield page
    context.close()
    assert faults == []


@pytest.mark.timeout(700)
def test_a_person_upgrades_jenkins_by_typing_and_clicking(stage: Stage, page: Page) -> None:
    """Ann starts; Bob approves each step by its button; the page shows who approved, a picture, and the end."""
    ann = Person(page)
    ann.become("U0ANN")
    ann.type(f"/ci-upgrade start main {stage.to_version}")
    ann.until("the dashboard's thread", lambda: page.get_by_test_id("open-thread").count() > 0)
    ann.open_thread()
    bob = Person(page)
    bob.become("U0BOB")
    for number in range(1, APPROVALS + 1):
        bob.until(f"question {number}", _asks(bob))
        bob.approve()
        bob.until(f"decision {number}", _decided(bob, number))
    bob.until("the end", lambda: bob.dashboard().locator("strong", has_text=COMPLETED).count() == 1)
    expect(bob.dashboard()).to_contain_text(f"main runs {stage.to_version}")
    # An undecided card names Bob as well, as one who may approve; only these words say that he did.
    expect(_decided_by_bob(bob)).to_have_count(APPROVALS)
    expect(bob.approve_buttons()).to_have_count(0)
    expect(bob.thread().locator("img[alt*='new sessions']").first).to_be_visible()


def _asks(person: Person) -> Callable[[], bool]:
    return lambda: person.approve_buttons().count() == 1


def _decided(person: Person, number: int) -> Callable[[], bool]:
    return lambda: _decided_by_bob(person).count() == number


def _decided_by_bob(person: Person) -> Locator:
    """The cards that say so."""
    return person.thread().get_by_test_id("message").filter(has_text="Approved by @Bob Approver")
