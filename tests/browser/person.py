"""A person at the workspace's page: types commands, reads the thread, clicks approvals. For tests and for the documentation's pictures."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page

__all__ = ["Person"]

SECONDS = 500.0


class Person:
    def __init__(self, page: Page) -> None:
        self.page = page

    def type(self, text: str) -> None:
        """Send what was typed in the channel."""
        composer = self.page.get_by_test_id("composer-main")
        composer.fill(text)
        self.page.get_by_test_id("composer-main-send").click()

    def become(self, user: str) -> None:
        self.page.get_by_test_id("user-switch").select_option(user)

    def open_thread(self) -> None:
        """Of the upgrade's dashboard."""
        self.page.get_by_test_id("open-thread").first.click()
        self.page.get_by_test_id("thread").wait_for()

    def dashboard(self) -> Locator:
        return (
            self.page.locator("main")
            .get_by_test_id("message")
            .filter(has_text="Builds, timers and agents")
            .first
        )

    def thread(self) -> Locator:
        return self.page.get_by_test_id("thread")

    def approve_buttons(self) -> Locator:
        return self.thread().locator("button[data-action-id^='ci_upgrade.approve']")

    def approve(self) -> None:
        """Click the approve button that is there; accept its dialog if it has one."""
        self.approve_buttons().first.click()
        confirm = self.page.get_by_test_id("confirm-yes")
        if confirm.is_visible():
            confirm.click()

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Look again and again; Playwright's own waits know one locator only."""
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"not seen: {what}"
            self.page.wait_for_timeout(200)
