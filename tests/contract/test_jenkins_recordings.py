"""The stand-in is held to what a real Jenkins 2.426.2 answered: status, headers, JSON keys and types, error pages."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from rehearsal.jenkins import documents
from rehearsal.jenkins.plugins import make_plugin
from rehearsal.jenkins.seed import seed_home
from tests.contract.recorded_states import PREPARE, RECORDINGS, job, ran, recording, release
from tests.contract.standin import FAST, Standin, started, wait_until

NAMES = [one["file"] for one in json.loads((RECORDINGS / "index.json").read_text())]
NOISE = {"Date", "Connection", "Keep-Alive"}


@pytest.fixture(scope="module")
def jenkins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """A controller like the recorded one: two executors, no jobs, the same plugins, five of which lack a dependency."""
    directory = tmp_path_factory.mktemp("recorded")
    home = directory / "home"
    accounts = seed_home(
        home,
        version="2.426.2",
        jobs=2,
        builds=0,
        seed=1,
        root_url="http://ci.example.com/",
        executors=2,
        pipelines=False,
    )
    for path in ("config.xml", "nodes", "jobs"):
        _remove(home / path)
    (home / "config.xml").write_text((RECORDINGS / "home" / "config.xml").read_text())
    for plugin in recording("plugins")["response"]["body"]["plugins"]:
        needs = ",".join(
            f"{one['shortName']}:0" + (";resolution:=optional" if one["optional"] else "")
            for one in plugin["dependencies"]
        )
        make_plugin(
            home / "plugins" / f"{plugin['shortName']}.jpi",
            plugin["shortName"],
            plugin["version"],
            required_core=plugin["requiredCoreVersion"],
            dependencies=needs,
            long_name=plugin["longName"],
            url=plugin["url"],
        )
    for name, title, version, needs in (
        ("instance-identity", "Instance Identity", "173.va_37c494ec4e5", "bouncycastle-api:2.27"),
        ("sshd", "SSH server", "3.303.vefc7119b_ec23", "instance-identity:1"),
        ("junit", "JUnit Plugin", "1207.va_09d5100410f", "echarts-api:5.4.0-4"),
        ("mailer", "Jenkins Mailer Plugin", "457.v3f72cb_e015e5", "instance-identity:1"),
        ("matrix-project", "Matrix Project Plugin", "789.v57a_725b_63c79", "junit:1"),
    ):
        make_plugin(home / "plugins" / f"{name}.jpi", name, version, dependencies=needs, long_name=title)
    with started(directory, home=home, accounts=accounts, properties=FAST) as standin:
        yield standin


def _remove(path: Path) -> None:
    if path.is_dir():
        for one in path.iterdir():
            _remove(one)
        path.rmdir()
    elif path.exists():
        path.unlink()


@pytest.fixture(autouse=True)
def calm(jenkins: Standin) -> Iterator[None]:
    """Nothing runs, waits or is held when a recording is played."""
    release(jenkins)
    jenkins.send("POST", "/cancelQuietDown")
    for one in jenkins.get("/api/json?tree=jobs[name,builds[number,building]]")["jobs"]:
        for build in one["builds"]:
            if build["building"]:
                jenkins.send("POST", f"/job/{quote(one['name'])}/{build['number']}/stop")
    wait_until(lambda: jenkins.get("/computer/api/json")["busyExecutors"] == 0, "it is idle")
    yield


# ---- comparing --------------------------------------------------------------------------------------------------


def kinds(value: Any, path: str = "") -> dict[str, set[str]]:
    """Path of every value → the JSON types seen there; elements of a list share a path."""
    found: dict[str, set[str]] = {path: {type(value).__name__}}
    children = (
        value.items()
        if isinstance(value, dict)
        else [("[]", one) for one in value]
        if isinstance(value, list)
        else []
    )
    for name, one in children:
        for below, types in kinds(one, f"{path}/{name}").items():
            found.setdefault(below, set()).update(types)
    return found


def play(jenkins: Standin, recorded: dict[str, Any], path: str) -> requests.Response:
    request = recorded["request"]
    anonymous = request["auth"] == "none"
    auth: tuple[str, str] | None = (jenkins.accounts.admin_user, jenkins.accounts.admin_token)
    if request["auth"] == "other":
        # Recorded with a wrong token, and with a password but no crumb.
        auth = (
            ("admin", "wrong")
            if recorded["response"]["status"] == 401
            else ("admin", jenkins.accounts.password)
        )
    data: Any = request["data"]
    if data is not None and not data.startswith("<"):
        data = json.loads(data)
    elif data is not None:
        data = data.encode()
    with requests.Session() as fresh:
        return fresh.request(
            request["method"],
            jenkins.url + path,
            auth=None if anonymous else auth,
            data=data,
            allow_redirects=False,
            timeout=30,
        )


@pytest.mark.parametrize("name", NAMES)
def test_answers_like_the_recorded_controller(jenkins: Standin, name: str) -> None:
    """Same status, same headers by name, same JSON keys and types, same error page."""
    recorded = recording(name)
    expected = recorded["response"]
    prepare = PREPARE.get(name)
    path = (prepare(jenkins) if prepare else None) or recorded["request"]["path"]
    answer = play(jenkins, recorded, path)
    assert answer.status_code == expected["status"]
    assert {one.lower() for one in answer.headers} - {one.lower() for one in NOISE} == {
        one.lower() for one in expected["headers"]
    }
    for header in (
        "Content-Type",
        "X-Frame-Options",
        "Content-Encoding",
        "X-Jenkins",
        "X-Error",
        "WWW-Authenticate",
        "Cache-Control",
        "Server",
    ):
        assert answer.headers.get(header) == expected["headers"].get(header), header
    same_body(expected["body"], answer)


def same_body(expected: Any, answer: requests.Response) -> None:
    if isinstance(expected, dict | list):
        ours, theirs = kinds(answer.json()), kinds(expected)
        assert set(ours) == set(theirs)
        assert {path: types for path, types in ours.items() if not types <= theirs[path]} == {}
    elif "iso-8859-1" in answer.headers.get("Content-Type", ""):
        assert answer.text.startswith(expected.rstrip())
    elif "<title>" in expected:
        assert title(answer.text) == title(expected)


def title(text: str) -> str:
    found = re.search(r"<title>(.*?)</title>", text)
    assert found is not None
    return found[1]


# ---- values, where they are known ------------------------------------------------------------------------------


def test_failed_plugins_are_explained_in_the_same_words(jenkins: Standin) -> None:
    """Names and causes of the plugins that did not load are those of the recording."""
    recorded = recording("script-failed-plugins")
    answer = play(jenkins, recorded, "/scriptText").json()
    assert sorted(answer, key=str) == sorted(recorded["response"]["body"], key=str)


def test_errors_of_scripts_are_text(jenkins: Standin) -> None:
    """A script that does not compile or throws begins its answer with the recorded words."""
    for name, lines in (("script-compile-error", 6), ("script-runtime-error", 1)):
        recorded = recording(name)
        expected = recorded["response"]["body"].split("\n")[:lines]
        assert play(jenkins, recorded, "/scriptText").text.split("\n")[:lines] == expected


def test_anonymous_page_leads_to_the_login(jenkins: Standin) -> None:
    """The 403 page of the recording, word for word."""
    recorded = recording("api-anonymous-forbidden")
    assert play(jenkins, recorded, "/api/json").text.strip() == recorded["response"]["body"].strip()


def test_console_log_reads_alike(jenkins: Standin) -> None:
    """The same lines but for the workspace and the script's temporary name."""
    ran(jenkins, "failing", "echo building main; sleep 1; exit 3")
    lines = jenkins.send("GET", "/job/failing/1/consoleText").text.splitlines()
    expected = recording("console")["response"]["body"].rstrip("\n").splitlines()
    assert [line for line in lines if "/" not in line] == [line for line in expected if "/" not in line]


def test_starting_page_has_no_version(tmp_path: Path) -> None:
    """While it boots: the recorded status and headers, and no ``X-Jenkins`` among them."""
    recorded = (RECORDINGS / "starting.headers").read_text().splitlines()
    expected = {line.split(":")[0].lower() for line in recorded[1:] if ":" in line}
    with started(tmp_path, properties={**FAST, "rehearsal.boot.seconds": "2"}, wait=False) as jenkins:
        answer = wait_until(lambda: _login(jenkins), "it listens")[0]
        assert answer.status_code == 503
        assert {name.lower() for name in answer.headers} == expected
        assert title(answer.text) == title((RECORDINGS / "starting.body").read_text())


def _login(jenkins: Standin) -> list[requests.Response]:
    """The answer in a list, which is true also when the answer is an error."""
    try:
        return [requests.get(jenkins.url + "/login", timeout=60)]
    except requests.ConnectionError:
        return []


def test_build_xml_has_the_recorded_form(jenkins: Standin) -> None:
    """A finished build's file has the elements of the recorded one, in the same order."""
    ran(jenkins, "api-build", "echo done")
    ours = documents.read(jenkins.home / "jobs/api-build/builds/1/build.xml")
    theirs = documents.read(RECORDINGS / "home/jobs/api-build/builds/1/build.xml")
    assert [one.tag for one in ours.iter()] == [one.tag for one in theirs.iter()]
    assert (jenkins.home / "jobs/api-build/builds/legacyIds").read_text() == ""
    assert (jenkins.home / "jobs/api-build/nextBuildNumber").read_text().strip() == "2"


def test_timer_and_queue_file_have_the_recorded_form(tmp_path: Path) -> None:
    """A timer's item is saved as the recorded ``queue.xml`` shows it, and comes back with its id and parameters."""
    with started(tmp_path) as jenkins:
        job(
            jenkins,
            "nightly",
            triggers="<hudson.triggers.TimerTrigger><spec>* * * * *</spec></hudson.triggers.TimerTrigger>",
        )
        jenkins.guard("holding")
        wait_until(
            lambda: [
                one for one in jenkins.get("/queue/api/json")["items"] if one["task"]["name"] == "nightly"
            ],
            "the timer fires",
            65,
        )
        jenkins.terminate()
    ours = documents.read(tmp_path / "home/queue.xml")
    theirs = documents.read(RECORDINGS / "home/queue.xml")
    mine = next(one for one in ours.iterfind("items/*") if documents.text_of(one, "task") == "nightly")
    recorded = theirs.find("items/hudson.model.Queue_-WaitingItem")
    assert recorded is not None
    assert [one.tag for one in ours][:2] == [one.tag for one in theirs]
    assert [one.tag for one in mine if one.tag != "buildableStartMilliseconds"] == [
        one.tag for one in recorded if one.tag != "timestamp"
    ]
    assert [one.tag for one in mine.iterfind("actions//*")] == [
        one.tag for one in recorded.iterfind("actions//*")
    ]
    assert time.time() * 1000 - int(documents.text_of(mine, "inQueueSince")) < 120_000
