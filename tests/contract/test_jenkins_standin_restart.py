"""What survives a stop, a kill and a copy of the home: the stand-in loses and doubles what a real controller would."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import requests

from rehearsal.jenkins import documents
from tests.contract.standin import FAST, Standin, script_text, started, wait_until


def next_number(standin: Standin, job: str) -> int:
    number: int = standin.get(f"/job/{job}/api/json?tree=nextBuildNumber")["nextBuildNumber"]
    return number


def begin(standin: Standin, job: str, ticket: str) -> int:
    """Trigger and wait until it runs; returns the build's number."""
    number = next_number(standin, job)
    standin.trigger(job, ticket)
    wait_until(lambda: standin.send("GET", f"/job/{job}/{number}/api/json").status_code == 200, "it runs")
    return number


def test_graceful_stop_fails_freestyle_builds_and_keeps_the_queue(tmp_path: Path) -> None:
    """SIGTERM: the running build becomes FAILURE, the waiting one is there after the next start and then runs."""
    with started(tmp_path, properties={"rehearsal.boot.seconds": "0.3"}) as first:
        go = first.hold("serial-1")
        number = begin(first, "serial-1", "running")
        item = first.trigger("serial-1", "waiting")
        first.terminate()
        assert (
            "<result>FAILURE</result>"
            in (first.home / f"jobs/serial-1/builds/{number}/build.xml").read_text()
        )
    go.touch()
    with started(tmp_path, home=first.home, accounts=first.accounts) as second:
        assert second.get(f"/job/serial-1/{number}/api/json")["result"] == "FAILURE"
        build = second.finished("serial-1", number + 1)
        assert build["queueId"] == item
        assert second.trigger("canary", "next") == item + 1
        assert (second.home / "queue.xml.bak").exists()


def test_kill_leaves_what_is_on_disk(tmp_path: Path) -> None:
    """kill -9: the running freestyle build is a directory without build.xml, so it is no build; the queue is lost; the number is not reused."""
    with started(tmp_path) as first:
        first.hold("serial-1")
        number = begin(first, "serial-1", "running")
        first.trigger("serial-1", "waiting")
        first.kill()
    with started(tmp_path, home=first.home, accounts=first.accounts) as second:
        assert second.send("GET", f"/job/serial-1/{number}/api/json").status_code == 404
        assert second.get("/queue/api/json")["items"] == []
        assert next_number(second, "serial-1") == number + 1


def test_loading_jobs_deletes_their_legacy_ids_and_says_so_for_each(tmp_path: Path) -> None:
    """From 2.509 on, so that a start with many jobs fills the log; blue's release keeps the files."""
    with started(tmp_path) as first:
        kept = sorted(first.home.rglob("legacyIds"))
        assert kept
        first.terminate()
    with started(tmp_path, version="2.516.3", home=first.home, accounts=first.accounts) as second:
        assert not list(second.home.rglob("legacyIds"))
        log = (tmp_path / f"standin-{second.port}.log").read_text()
        assert log.count("Deleting legacyIds file") == len(kept)


def test_unfinished_freestyle_build_becomes_a_failure_when_loaded(tmp_path: Path) -> None:
    """A build.xml without a result is a FAILURE for whoever loads it."""
    with started(tmp_path) as first:
        first.terminate()
    file = next(first.home.glob("jobs/canary/builds/1/build.xml"))
    root = documents.read(file)
    result = root.find("result")
    assert result is not None
    root.remove(result)
    documents.write(file, root)
    with started(tmp_path, home=first.home, accounts=first.accounts) as second:
        assert second.get("/job/canary/1/api/json")["result"] == "FAILURE"


def test_unfinished_pipeline_is_resumed(tmp_path: Path) -> None:
    """A pipeline that ran at the stop goes on after the start and is finished once."""
    with started(tmp_path) as first:
        go = first.hold("pipe-1")
        number = begin(first, "pipe-1", "resume")
        first.terminate()
        assert (
            "<completed>false</completed>"
            in (first.home / f"jobs/pipe-1/builds/{number}/build.xml").read_text()
        )
    with started(tmp_path, home=first.home, accounts=first.accounts) as second:
        assert [one["resumed"] for one in second.executions() if one["job"] == "pipe-1"] == [True]
        go.touch()
        assert second.finished("pipe-1", number)["result"] == "SUCCESS"


def test_copy_of_a_home_resumes_the_same_pipeline_a_second_time(tmp_path: Path) -> None:
    """The damage that leaving unfinished builds out of a clone prevents: both copies finish the build."""
    with started(tmp_path) as blue:
        go = blue.hold("pipe-1")
        number = begin(blue, "pipe-1", "twice")
        copy = tmp_path / "copy"
        shutil.copytree(blue.home, copy)
        with started(tmp_path, home=copy, accounts=blue.accounts) as green:
            go.touch()
            assert (
                blue.finished("pipe-1", number)["result"]
                == green.finished("pipe-1", number)["result"]
                == "SUCCESS"
            )
            assert [one["ticket"] for one in green.executions()] == ["twice"]


def test_queue_file_can_be_chosen_since_2_426(tmp_path: Path) -> None:
    """``-Dhudson.model.Queue.id``: queue.xml is not read and not written; older releases ignore the property."""
    for version, isolated in (("2.414.3", False), ("2.426.2", True)):
        directory = tmp_path / version
        directory.mkdir()
        with started(directory, version=version) as first:
            first.guard("holding")
            first.trigger("canary", "held", delay="60sec")
            first.terminate()
        options = {**FAST, "hudson.model.Queue.id": "green1"}
        with started(
            directory, version=version, home=first.home, accounts=first.accounts, properties=options
        ) as second:
            assert len(second.get("/queue/api/json")["items"]) == (0 if isolated else 1)
            second.terminate()
        assert (first.home / "queue" / "green1.xml").exists() is isolated


def test_queue_counter_is_not_understood_across_its_change(tmp_path: Path) -> None:
    """2.450 stores the counter elsewhere: after an upgrade over it, ids start again from the highest queued one."""
    with started(tmp_path) as old:
        for number in range(3):
            last = old.trigger("canary", f"t{number}")
        wait_until(lambda: not old.get("/queue/api/json")["items"], "all have begun")
        old.terminate()
    with started(tmp_path, version="2.516.3", home=old.home, accounts=old.accounts) as new:
        assert last == 3
        assert new.trigger("canary", "again") == 1


def test_copied_build_is_seen_after_a_reload_only(tmp_path: Path) -> None:
    """A build directory that arrives later is not listed until the job is reloaded; since 2.525 it is not found at all."""
    for version, found_by_number in (("2.516.3", 200), ("2.525.1", 404)):
        directory = tmp_path / version
        directory.mkdir()
        with started(directory, version=version) as standin:
            builds = standin.home / "jobs/canary/builds"
            shutil.copytree(builds / "1", builds / "77")
            assert 77 not in [one["number"] for one in standin.get("/job/canary/api/json")["builds"]]
            assert standin.send("GET", "/job/canary/77/api/json").status_code == found_by_number
            assert standin.send("POST", "/job/canary/reload").status_code == 200
            assert standin.get("/job/canary/77/api/json")["number"] == 77
            assert next_number(standin, "canary") == 78


def test_reload_of_a_job_keeps_its_running_build(tmp_path: Path) -> None:
    """``POST /job/X/reload`` while it builds: the build goes on and ends."""
    with started(tmp_path) as standin:
        go = standin.hold("serial-1")
        number = begin(standin, "serial-1", "running")
        assert standin.send("POST", "/job/serial-1/reload").status_code == 200
        assert standin.get(f"/job/serial-1/{number}/api/json")["building"]
        go.touch()
        assert standin.finished("serial-1", number)["result"] == "SUCCESS"


def test_reload_of_everything_loses_the_queue(tmp_path: Path) -> None:
    """``POST /reload`` answers 503 meanwhile and puts what is on disk in the queue's place: nothing."""
    with started(tmp_path) as standin:
        standin.trigger("canary", "lost", delay="60sec")
        assert standin.send("POST", "/reload").status_code == 302
        assert standin.send("GET", "/api/json").status_code == 503
        wait_until(lambda: standin.send("GET", "/api/json").status_code == 200, "it is back")
        assert standin.get("/queue/api/json")["items"] == []


def test_home_starts_on_newer_and_older_releases(tmp_path: Path) -> None:
    """One home goes up two releases and back down again with all jobs, builds, numbers and plugins."""
    seen = []
    home, accounts = None, None
    for version in ("2.426.2", "2.440.3", "2.516.3", "2.440.3"):
        with started(tmp_path, version=version, home=home, accounts=accounts) as standin:
            home, accounts = standin.home, standin.accounts
            answer = requests.get(standin.url + "/login", timeout=60)
            assert answer.headers["X-Jenkins"] == version
            health = requests.get(standin.url + "/health", timeout=60).status_code
            assert health == (200 if version == "2.516.3" else 403)
            inventory = standin.script("inventory", {})
            seen.append(
                (
                    inventory["jobs"],
                    inventory["plugins"],
                    inventory["failedPlugins"],
                    answer.headers["X-Jenkins-Session"],
                )
            )
            standin.terminate()
    assert all(one[:3] == seen[0][:3] for one in seen)
    assert len({one[3] for one in seen}) == 4


def test_guard_survives_a_restart_and_holds_from_the_start(tmp_path: Path) -> None:
    """A follower's guard stands in init.groovy.d; nothing that was queued runs, timers stay silent, until it becomes the owner."""
    with started(tmp_path) as first:
        source = script_text("guard", {"role": "follower", "upgrade": "u1", "busy": [], "source": None})
        state = first.guard("follower", source=_encoded(source))
        assert state["persisted"]
        first.trigger("canary", "held")
        first.terminate()
    with started(tmp_path, home=first.home, accounts=first.accounts) as second:
        state = second.guard(None)
        assert (state["role"], state["upgrade"]) == ("follower", "u1")
        item = wait_until(
            lambda: [one for one in second.get("/queue/api/json")["items"] if one["blocked"]], "it is held"
        )[0]
        second.guard("owner")
        wait_until(lambda: second.get(f"/queue/item/{item['id']}/api/json").get("executable"), "it runs")
        assert not (second.home / "init.groovy.d/ci-upgrade-guard.groovy").exists()


def test_init_script_fails_open(tmp_path: Path) -> None:
    """An init script that throws leaves one line in the log and a controller that runs everything."""
    with started(tmp_path) as first:
        first.terminate()
    guard = first.home / "init.groovy.d" / "ci-upgrade-guard.groovy"
    documents.write_text(
        guard, script_text("guard", {"role": "follower", "upgrade": "u1", "busy": [], "source": None})
    )
    options = {**FAST, "rehearsal.init.fail": "true"}
    with started(tmp_path, home=first.home, accounts=first.accounts, properties=options) as second:
        assert second.guard(None)["role"] == "owner"
        log = (tmp_path / f"standin-{second.port}.log").read_text()
        assert "Failed to run script" in log


def test_queued_items_can_start_before_the_init_scripts(tmp_path: Path) -> None:
    """The other way round to fail open: a saved queue is let loose while the guard is not there yet."""
    with started(tmp_path) as first:
        source = script_text("guard", {"role": "follower", "upgrade": "u1", "busy": [], "source": None})
        first.guard("follower", source=_encoded(source))
        first.trigger("canary", "held")
        first.terminate()
    options = {**FAST, "rehearsal.init.late": "true"}
    with started(tmp_path, home=first.home, accounts=first.accounts, properties=options) as second:
        wait_until(second.executions, "it runs")
        assert [one["ticket"] for one in second.executions()] == ["held"]
        assert second.guard(None)["role"] == "follower"


def test_missing_plugin_loses_its_jobs(tmp_path: Path) -> None:
    """A plugin whose dependency is missing fails, takes its dependants along, and their jobs do not load."""
    with started(tmp_path) as first:
        jobs = first.script("inventory", {})["jobs"]
        first.terminate()
    (first.home / "plugins/structs.jpi").unlink()
    with started(tmp_path, home=first.home, accounts=first.accounts) as second:
        inventory = second.script("inventory", {})
        assert "workflow-job" in inventory["failedPlugins"]
        assert {one["name"] for one in jobs} - {one["name"] for one in inventory["jobs"]} == {
            one["name"] for one in jobs if "WorkflowJob" in one["kind"]
        }
        assert "hudson.PluginWrapper$PluginWrapperAdministrativeMonitor" in inventory["monitors"]
        assert second.script("log", {"sinceMs": 0})["records"]


def test_exit_and_restart_by_http(tmp_path: Path) -> None:
    """``/restart`` brings the same home back as another boot; ``/exit`` ends the process."""
    with started(tmp_path) as standin:
        boot = requests.get(standin.url + "/login", timeout=60).headers["X-Jenkins-Session"]
        assert standin.send("POST", "/restart").status_code == 302
        wait_until(lambda: _boot(standin) not in (None, boot), "it is back")
        assert standin.send("POST", "/exit").status_code == 302
        standin.wait_ended()


def _boot(standin: Standin) -> str | None:
    try:
        return requests.get(standin.url + "/login", timeout=60).headers.get("X-Jenkins-Session")
    except requests.RequestException:
        return None


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
