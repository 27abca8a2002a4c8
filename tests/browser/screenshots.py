"""Makes the pictures of the documentation: `make screenshots`. An upgrade is done up to the 25% question and looked at."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from rehearsal.stage import Stage, StageOptions
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.person import Person

DESKTOP, PHONE = (1440, 1150), (390, 844)


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with Stage(Path(name), StageOptions(jobs=24, builds=200, minutes_scale=0.03)) as stage:
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
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
