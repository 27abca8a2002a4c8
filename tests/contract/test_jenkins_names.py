"""Names of every kind below a path prefix: listed, built, counted, held, relayed, carried, renumbered and deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from adapters.jenkins.client import JenkinsClient
from bot.model import BuildRef, ItemConfig, QueueItem, Role
from tests.contract.standin import Standin, started, wait_until

PREFIX = "/tools/jenkins"
NAMES = (
    "plain",
    "with space",
    "a+b",
    "caf\u00e9",
    "cafe\u0301",
    "日本語",
    "🚀 launch",
    "it's (1), ~x=y",
    "ü" * 100,
    # Nobody can create these by hand, but computed folders and old releases did.
    "feature%2Fx",
    "100%",
    "a#b?c&d",
)
FOLDERS = ("", "team ü", "team ü/inner+🚀")
FOLDER = "<com.cloudbees.hudson.plugins.folder.Folder/>"
ACTIONS = (
    "<list><hudson.model.CauseAction><causeBag class='linked-hash-map'><entry><hudson.model.Cause_-UserIdCause/><int>1</int></entry>"
    "</causeBag></hudson.model.CauseAction></list>"
)
JOB = "<project><builders/><description>{}</description></project>"


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    directory = tmp_path_factory.mktemp("names")
    with started(directory, prefix=PREFIX, wait=False) as one:
        wait_until(lambda: client_of(one).probe("/login").status == 200, "it starts")
        yield one


def client_of(standin: Standin) -> JenkinsClient:
    accounts = standin.accounts
    return JenkinsClient(standin.url + PREFIX, accounts.bot_user, accounts.bot_token)


@pytest.fixture(scope="module")
def jobs(standin: Standin) -> tuple[str, ...]:
    """Full names of one job of each name in each folder."""
    jobs = tuple(f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES)
    items = [ItemConfig(folder, 0, FOLDER) for folder in FOLDERS if folder]
    items += [ItemConfig(job, 0, JOB.format(number)) for number, job in enumerate(jobs)]
    client_of(standin).write_items(items)
    return jobs


def test_they_are_listed_as_they_are_written(standin: Standin, jobs: tuple[str, ...]) -> None:
    """Nothing is normalised or encoded: two ways to write é are two jobs, and each has its own configuration."""
    client = client_of(standin)
    assert {job.name for job in client.inventory().jobs} >= set(jobs)
    assert set(FOLDERS) - {""} <= set(client.inventory().folders)
    configs = {item.name: item.xml for item in client.item_configs(0).changed}
    for number, job in enumerate(jobs):
        assert f"<description>{number}</description>" in configs[job]
    assert set(client.job_directories().values()) >= set(jobs)


def test_they_are_built_counted_and_carried(standin: Standin, jobs: tuple[str, ...]) -> None:
    """Relayed once each, seen as finished with their directories, and found again after a copy of the build is put there."""
    client = client_of(standin)
    began = client.identity().now_ms
    client.take_role(Role.FOLLOWER, "u1")
    try:
        for job in jobs:
            submitted = client.submit(
                QueueItem(1, job, began, False, ACTIONS, "ann", None), f"r-{jobs.index(job)}", "there"
            )
            assert submitted.outcome == "submitted", (job, submitted)
        waiting = {item.job: item for item in client.queue()}
        assert set(waiting) == set(jobs)
        assert waiting[jobs[3]].relay == "r-3"
    finally:
        client.take_role(Role.OWNER, "u1")
    report = wait_until(
        lambda: [one for one in [client.builds(began, ())] if len(one.finished) == len(jobs)], "all are built"
    )[0]
    directories = client.job_directories()
    for build in report.finished:
        assert (standin.home / build.directory / "build.xml").is_file()
        assert directories[build.directory.removesuffix("/builds/1")] == build.job
        source = standin.home / build.directory
        text = (source / "build.xml").read_text()
        shutil.copytree(source, source.with_name("2"))
        (source.with_name("2") / "build.xml").write_text(text)
    assert client.reload(jobs) == ()
    watched = client.builds(2**52, [BuildRef(job, 2) for job in jobs])
    assert {build.job for build in watched.finished} == set(jobs)
    assert client.numbers(dict.fromkeys(jobs, 7)).items() >= dict.fromkeys(jobs, 7).items()


def test_they_are_deleted_one_by_one(standin: Standin, jobs: tuple[str, ...]) -> None:
    """Only the one that is named, whatever the others look like."""
    client = client_of(standin)
    client.write_items(
        [ItemConfig("gone é", 0, JOB.format("x")), ItemConfig("gone e\u0301", 0, JOB.format("y"))]
    )
    client.delete_items(["gone e\u0301", "never there"])
    names = {job.name for job in client.inventory().jobs}
    assert "gone é" in names
    assert "gone e\u0301" not in names
    client.delete_items(["gone é"])


def test_links_lead_back_to_their_jobs(standin: Standin, jobs: tuple[str, ...]) -> None:
    """What the REST API gives as a job's address, below the configured root URL, is that job's."""
    answer = standin.send("GET", f"{PREFIX}/api/json?tree=jobs[name,url]")
    urls = {one["name"]: one["url"] for one in answer.json()["jobs"]}
    for name in NAMES:
        path = PREFIX + urls[name].removeprefix("http://ci.example.com")
        found = standin.send("GET", f"{path}api/json?tree=fullName")
        assert found.json()["fullName"] == name
