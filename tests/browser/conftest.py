"""A Chromium and a running Slack workspace for browser tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rehearsal.slack import RunningWorkspace, WorkspaceDriver
from tests.patience import PATIENT

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = (1280, 860)
SECONDS = 60.0
"""Longer than anything takes on a busy machine; Playwright waits 5 for what it expects otherwise."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def workspace() -> Iterator[RunningWorkspace]:
    with RunningWorkspace(PATIENT) as running:
        yield running


@pytest.fixture
def driver(workspace: RunningWorkspace) -> WorkspaceDriver:
    return WorkspaceDriver(workspace.address)


@pytest.fixture
def open_page(browser: Browser, workspace: RunningWorkspace) -> Iterator[Callable[..., Page]]:
    """Opens the workspace page as a person; the test fails if the page reports an error of its own."""
    faults: list[str] = []
    contexts = []

    def open_as(user: str = "U0ANN", size: tuple[int, int] = DESKTOP) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        context.set_default_timeout(SECONDS * 1000)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.add_init_script(f"localStorage.setItem('me', localStorage.getItem('me') ?? '{user}')")
        page.goto(workspace.address)
        page.get_by_test_id("composer-main").wait_for()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert faults == []
