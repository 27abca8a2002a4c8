"""Makes the pictures of the documentation: `make screenshots`.

Those of cards, forms and the home tab come from usual data (:mod:`tests.browser.gallery`); those of a whole upgrade from a rehearsal
under load, done up to the 25% question.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from rehearsal.exchanges import ExchangeLog
from rehearsal.headless import load_on
from rehearsal.stage import Stage, StageOptions
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.gallery import photograph
from tests.browser.person import Person

DESKTOP, PHONE = (1440, 1150), (390, 844)
REQUESTS_A_SECOND = 40.0
WARM_UP_SECONDS = 3.0
"""So that there are sessions to compare when the first question comes."""


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        photograph(browser, target)
        with tempfile.TemporaryDirectory() as name:
            _upgrade(browser, Path(name), target)
        browser.close()


def _upgrade(browser: Browser, directory: Path, target: Path) -> None:
    stage_directory = directory / "stage"
    stage_directory.mkdir()
    with Stage(stage_directory, StageOptions(jobs=24, builds=200, minutes_scale=0.03)) as stage:
        load = load_on(stage, ExchangeLog(directory / "requests.jsonl"), REQUESTS_A_SECOND)
        load.start()
        try:
            time.sleep(WARM_UP_SECONDS)
            _photograph_upgrade(browser, stage, target)
        finally:
            load.stop()


def _photograph_upgrade(browser: Browser, stage: Stage, target: Path) -> None:
    page = browser.new_page(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page.goto(stage.people.address)
    person = Person(page)
    person.become("U0ANN")
    person.type(f"/ci-upgrade start main {stage.to_version}")
    person.until("a thread", lambda: page.get_by_test_id("open-thread").count() > 0)
    person.open_thread()
    person.become("U0BOB")
    person.until("the first question", lambda: person.approve_buttons().count() == 1)
    person.approve()
    person.until("its decision", lambda: person.approve_buttons().count() == 0)
    person.until("the second question", lambda: person.approve_buttons().count() == 1)
    person.approve_buttons().first.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    page.screenshot(path=target / "upgrade.png")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    person.approve_buttons().first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.screenshot(path=target / "upgrade-phone.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
