"""A controller with 5,000 jobs: what the bot asks stays small, in number and in size, and answers stay below bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.controller import PAGE_JOBS
from adapters.jenkins.ownership import TEXT_CHARACTERS
from bot.evidence import PROBE_PATHS
from rehearsal.jenkins.seed import seed_home
from tests.contract.standin import FAST, Standin, started

JOBS = 5000
FOLDERS = 50
ROOT = Path(__file__).parents[2]
CONFIG = "<project><description>{}</description><builders/></project>".format("x" * 2000)
REQUEST_BYTES = 200_000
"""What releases before 2.541.1 take."""


@dataclass(frozen=True)
class Exchange:
    path: str
    sent: int
    received: int


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    directory = tmp_path_factory.mktemp("many")
    home = directory / "home"
    accounts = seed_home(
        home,
        version="2.426.2",
        jobs=8,
        builds=8,
        seed=1,
        root_url="http://ci.example.com/",
        executors=2,
        pipelines=True,
    )
    folders = [home / "jobs" / f"folder-{number:02}" for number in range(FOLDERS)]
    for folder in folders:
        folder.mkdir()
        (folder / "config.xml").write_text("<com.cloudbees.hudson.plugins.folder.Folder/>")
    for number in range(JOBS):
        job = folders[number % FOLDERS] / "jobs" / f"job-{number:04}"
        job.mkdir(parents=True)
        (job / "config.xml").write_text(CONFIG)
    with started(directory, home=home, accounts=accounts, properties=FAST) as standin:
        yield standin


@pytest.fixture
def client(standin: Standin) -> JenkinsClient:
    return JenkinsClient(standin.url, standin.accounts.bot_user, standin.accounts.bot_token)


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Every request that is made from here on."""
    seen: list[Exchange] = []
    send = requests.Session.send

    def counting(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        answer = send(session, request, **options)
        seen.append(Exchange(str(request.path_url), len(request.body or ""), len(answer.content)))
        return answer

    monkeypatch.setattr(requests.Session, "send", counting)
    return seen


def test_inventory_comes_in_pages(client: JenkinsClient, exchanges: list[Exchange]) -> None:
    """Every job once, about a thousand a request."""
    found = client.inventory()
    names = [job.name for job in found.jobs]
    assert len(names) == len(set(names)) > JOBS
    assert len(found.folders) > FOLDERS
    assert len(exchanges) == -(-len(names) // PAGE_JOBS)
    assert max(one.received for one in exchanges) < 300 * PAGE_JOBS


def test_changed_configurations_come_in_portions(client: JenkinsClient, exchanges: list[Exchange]) -> None:
    """Also when somebody has just changed all of them: twelve megabytes are not one answer."""
    configs = client.item_configs(0)
    assert len(configs.changed) == len(configs.names) > JOBS + FOLDERS
    assert sum(item.xml == CONFIG for item in configs.changed) == JOBS
    assert configs.changed[0].name.startswith("folder-") or "/" not in configs.changed[0].name
    total = sum(len(item.xml) for item in configs.changed)
    assert len(exchanges) <= 2 + total // TEXT_CHARACTERS * 2
    assert max(one.received for one in exchanges) < 1.3 * TEXT_CHARACTERS
    assert max(one.sent for one in exchanges) < REQUEST_BYTES


def test_a_quiet_look_is_one_small_answer(client: JenkinsClient, exchanges: list[Exchange]) -> None:
    """What is asked every few seconds says only what is new; names take some bytes each."""
    now = client.identity().now_ms
    exchanges.clear()
    assert client.builds(now, ()).finished == ()
    assert client.queue() == ()
    client.guard()
    client.item_configs(now)
    assert [one.received < 2000 for one in exchanges] == [True, True, True, False]
    assert exchanges[-1].received < 50 * JOBS


def test_numbers_of_all_fit_into_requests(client: JenkinsClient, exchanges: list[Exchange]) -> None:
    """A handover raises every number: in several requests that old releases take."""
    wanted = dict.fromkeys(client.numbers({}), 77)
    exchanges.clear()
    assert set(client.numbers(wanted).values()) == {77}
    assert 1 < len(exchanges) <= 5
    assert max(one.sent for one in exchanges) < REQUEST_BYTES


def test_probes_ask_for_a_few_jobs(client: JenkinsClient, exchanges: list[Exchange]) -> None:
    """They are sent every few seconds to both sides."""
    for path in PROBE_PATHS:
        assert client.probe(path).status == 200
    assert max(one.received for one in exchanges) < 20_000


def test_nothing_asks_by_depth() -> None:
    """``depth=`` makes a controller export everything below: trees are named, and those that grow with the jobs have a range."""
    texts = {
        file: file.read_text()
        for room in ("bot", "handlers", "adapters")
        for file in (ROOT / room).rglob("*.py")
    }
    assert [str(file) for file, text in texts.items() if re.search(r"[?&]depth=", text)] == []
    assert all("{0,100}" in path for path in PROBE_PATHS if "tree=" in path)
