"""The stand-in's queue and executors behave as a real one's where an upgrade gets hurt by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import jenkins as python_jenkins
import pytest

from tests.contract.standin import Standin, started, wait_until


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with started(tmp_path_factory.mktemp("queue")) as one:
        yield one


@pytest.fixture(autouse=True)
def free(standin: Standin) -> Iterator[None]:
    """Every test starts as owner, with an empty queue and idle executors."""
    standin.send("POST", "/cancelQuietDown")
    standin.guard("owner")
    wait_until(
        lambda: (
            not standin.get("/queue/api/json")["items"]
            and standin.get("/computer/api/json")["busyExecutors"] == 0
        ),
        "it is idle",
    )
    yield


def states(standin: Standin) -> list[tuple[str, str]]:
    return [
        (item["task"]["name"], item["_class"].rpartition("$")[2])
        for item in standin.get("/queue/api/json")["items"]
    ]


def test_request_waits_out_its_quiet_period(standin: Standin) -> None:
    """Without ``delay`` a new item waits five seconds; nothing is busy meanwhile although work is pending."""
    number = standin.trigger("canary", "quiet", delay="")
    item = standin.get(f"/queue/item/{number}/api/json")
    assert item["_class"] == "hudson.model.Queue$WaitingItem"
    assert 4000 < item["timestamp"] - item["inQueueSince"] <= 5000
    assert standin.get("/computer/api/json")["busyExecutors"] == 0
    standin.send("POST", f"/queue/cancelItem?id={number}")


def test_identical_requests_become_one_build_with_all_causes(standin: Standin) -> None:
    """The second request is folded into the first item: same id, 303, and a build that names the cause twice."""
    first = standin.trigger("canary", "twice", delay="2sec")
    second = standin.trigger("canary", "twice", delay="2sec")
    other = standin.trigger("canary", "another", delay="2sec")
    assert first == second != other
    build = wait_until(lambda: standin.get(f"/queue/item/{first}/api/json").get("executable"), "it starts")
    text = standin.home / f"jobs/canary/builds/{build['number']}"
    standin.finished("canary", build["number"])
    assert "<int>2</int>" in (text / "build.xml").read_text()


def test_serial_job_runs_one_build_at_a_time(standin: Standin) -> None:
    """The second build of a job without concurrent builds is blocked while the first runs."""
    go = standin.hold("serial-1")
    before = standin.get("/job/serial-1/api/json")["nextBuildNumber"]
    standin.trigger("serial-1", "s1")
    wait_until(lambda: standin.get("/job/serial-1/api/json")["nextBuildNumber"] > before, "the first runs")
    standin.trigger("serial-1", "s2")
    item = wait_until(
        lambda: [one for one in standin.get("/queue/api/json")["items"] if one["blocked"]], "the second waits"
    )[0]
    assert item["why"].startswith(f"Build #{before} is already in progress")
    go.touch()
    first = standin.finished("serial-1", before)
    second = standin.finished("serial-1", before + 1)
    assert second["timestamp"] >= first["timestamp"] + first["duration"]


def test_number_is_taken_when_the_build_starts_and_build_xml_is_written_when_it_ends(
    standin: Standin,
) -> None:
    """A running freestyle build has its directory and a raised nextBuildNumber, but no build.xml."""
    go = standin.hold("serial-1")
    number = standin.get("/job/serial-1/api/json")["nextBuildNumber"]
    standin.trigger("serial-1", "running")
    directory = standin.home / f"jobs/serial-1/builds/{number}"
    wait_until(directory.is_dir, "it runs")
    assert not (directory / "build.xml").exists()
    assert int((standin.home / "jobs/serial-1/nextBuildNumber").read_text()) == number + 1
    go.touch()
    standin.finished("serial-1", number)
    assert "<result>SUCCESS</result>" in (directory / "build.xml").read_text()


def test_pipeline_is_on_disk_from_its_start_and_needs_no_executor(standin: Standin) -> None:
    """build.xml says ``<completed>false`` and has no result of its own; the build is listed among one-off executors only."""
    go = standin.hold("pipe-1")
    number = standin.get("/job/pipe-1/api/json")["nextBuildNumber"]
    standin.trigger("pipe-1", "p")
    file = standin.home / f"jobs/pipe-1/builds/{number}/build.xml"
    wait_until(file.exists, "it runs")
    text = file.read_text()
    assert "<completed>false</completed>" in text
    assert "\n  <result>" not in text
    computer = standin.get("/computer/api/json?depth=1")["computer"][0]
    assert [one["currentExecutable"]["number"] for one in computer["oneOffExecutors"]] == [number]
    assert (
        "pipe-1" in (standin.home / "org.jenkinsci.plugins.workflow.flow.FlowExecutionList.xml").read_text()
    )
    go.touch()
    assert standin.finished("pipe-1", number)["result"] == "SUCCESS"
    assert "<completed>true</completed>" in file.read_text()


def test_quiet_down_holds_new_builds_and_pauses_pipelines(standin: Standin) -> None:
    """Items wait as buildable with their own reason; a running pipeline does not end; both go on when it is cancelled."""
    go = standin.hold("pipe-1")
    number = standin.get("/job/pipe-1/api/json")["nextBuildNumber"]
    standin.trigger("pipe-1", "paused")
    build = f"/job/pipe-1/{number}/api/json"
    wait_until(lambda: standin.send("GET", build).status_code == 200, "the pipeline runs")
    standin.send("POST", "/quietDown?message=soon")
    item = standin.trigger("canary", "held")
    wait_until(
        lambda: standin.get(f"/queue/item/{item}/api/json")["why"] == "Jenkins is about to shut down",
        "it waits",
    )
    go.touch()
    time.sleep(1)  # The pipeline looks every 50 ms: it would be over by now.
    assert standin.get(build)["building"]
    standin.send("POST", "/cancelQuietDown")
    standin.finished("pipe-1", number)
    wait_until(lambda: standin.get(f"/queue/item/{item}/api/json").get("executable"), "the held item runs")


def test_agent_taken_offline_leaves_its_labelled_builds_waiting(standin: Standin) -> None:
    """A job with a label runs on that agent only."""
    standin.send("POST", "/computer/agent-1/toggleOffline?offlineMessage=test")
    item = standin.trigger("team-a/app-2", "label")
    wait_until(lambda: "offline" in (standin.get(f"/queue/item/{item}/api/json")["why"] or ""), "it waits")
    standin.send("POST", "/computer/agent-1/toggleOffline")
    build = wait_until(lambda: standin.get(f"/queue/item/{item}/api/json").get("executable"), "it runs")
    assert standin.finished("team-a/app-2", build["number"])["builtOn"] == "agent-1"


def test_stopped_build_is_aborted(standin: Standin) -> None:
    """``stop`` ends a running build at once."""
    standin.hold("serial-1")
    number = standin.get("/job/serial-1/api/json")["nextBuildNumber"]
    standin.trigger("serial-1", "stop")
    wait_until(lambda: standin.send("GET", f"/job/serial-1/{number}/api/json").status_code == 200, "it runs")
    standin.send("POST", f"/job/serial-1/{number}/stop")
    assert standin.finished("serial-1", number)["result"] == "ABORTED"


def test_deleted_job_takes_its_items_and_builds_along(standin: Standin) -> None:
    """Nothing of a deleted job is left in the queue or on disk."""
    xml = (standin.home / "jobs/serial-1/config.xml").read_bytes()
    assert standin.send("POST", "/createItem?name=doomed", data=xml).status_code == 200
    standin.trigger("doomed", "x", delay="60sec")
    assert standin.send("POST", "/job/doomed/doDelete").status_code == 302
    assert ("doomed", "WaitingItem") not in states(standin)
    assert not (standin.home / "jobs/doomed").exists()


def test_ordinary_client_library_works(standin: Standin) -> None:
    """python-jenkins: jobs in folders, triggering, waiting, scripts, configuration, views and nodes."""
    client = python_jenkins.Jenkins(
        standin.url, username=standin.accounts.admin_user, password=standin.accounts.password
    )
    assert client.get_whoami()["id"] == "admin"
    assert client.get_version() == "2.426.2"
    assert {"canary", "team-a/serial-2"} <= {one["fullname"] for one in client.get_all_jobs()}
    item = client.build_job("team-a/serial-2", {"TICKET": "library", "delay": "0sec"})
    number = wait_until(lambda: client.get_queue_item(item).get("executable"), "it runs")["number"]
    standin.finished("team-a/serial-2", number)
    assert client.get_build_info("team-a/serial-2", number)["result"] == "SUCCESS"
    assert "Finished: SUCCESS" in client.get_build_console_output("team-a/serial-2", number)
    assert client.run_script("println jenkins.model.Jenkins.get().version") == "2.426.2"
    with pytest.raises(python_jenkins.JenkinsException):
        client.run_script("println (")
    client.create_job("made", python_jenkins.EMPTY_CONFIG_XML)
    client.disable_job("made")
    assert client.get_job_info("made")["color"] == "disabled"
    client.delete_job("made")
    client.create_view("mine", python_jenkins.EMPTY_VIEW_CONFIG_XML)
    assert "mine" in {one["name"] for one in client.get_views()}
    client.delete_view("mine")
    assert {one["name"] for one in client.get_nodes()} == {"Built-In Node", "agent-1"}


def test_serves_below_a_context_path(tmp_path: Path) -> None:
    """``--prefix=/jenkins`` moves everything there."""
    with started(tmp_path, prefix="/jenkins", wait=False) as standin:
        wait_until(lambda: _status(standin, "/jenkins/login") == 200, "it starts")
        assert _status(standin, "/login") == 404
        answer = standin.send("POST", "/jenkins/job/canary/buildWithParameters?TICKET=a")
        assert answer.headers["Location"].startswith(f"{standin.url}/jenkins/queue/item/")


def _status(standin: Standin, path: str) -> int:
    try:
        return standin.send("GET", path).status_code
    except OSError:
        return 0
