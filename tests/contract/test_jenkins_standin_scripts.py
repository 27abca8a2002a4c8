"""The script console of the stand-in gives the bot's named scripts the meaning they have on a real controller."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import adapters.jenkins
from rehearsal.free_ports import free_port
from rehearsal.jenkins import documents
from tests.contract.standin import FAST, Standin, started, wait_until

SCRIPTS = Path(adapters.jenkins.__file__).parent / "scripts"


IDENTITY = {
    "version",
    "java",
    "home",
    "rootUrl",
    "executors",
    "agentPort",
    "quietingDown",
    "user",
    "administrator",
    "freeDiskBytes",
    "maxMemoryBytes",
    "nowMs",
    "startedMs",
    "buildsDirectory",
}
INVENTORY = {
    "jobs",
    "more",
    "folders",
    "views",
    "nodes",
    "credentials",
    "users",
    "plugins",
    "failedPlugins",
    "monitors",
    "oldData",
}


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with started(tmp_path_factory.mktemp("scripts")) as one:
        yield one


@pytest.fixture(autouse=True)
def owner(standin: Standin) -> Iterator[None]:
    """Every test starts as owner of an idle controller with an empty queue."""
    yield
    standin.guard("follower")
    standin.script("cancel", {"ids": [one["id"] for one in standin.script("queue", {})["items"]]})
    standin.guard("owner")
    wait_until(lambda: standin.get("/computer/api/json")["busyExecutors"] == 0, "it is idle")


def queue(standin: Standin) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = standin.script("queue", {})["items"]
    return items


def submit(standin: Standin, item: dict[str, Any], relay: str) -> dict[str, Any]:
    return standin.script(
        "submit",
        {
            "job": item["job"],
            "actions": item["actions"],
            "relay": relay,
            "origin": "queued on green by ann",
            "sinceMs": item["sinceMs"],
            "delaySeconds": 0,
        },
    )


def test_identity_and_inventory_have_every_promised_key(standin: Standin) -> None:
    """The keys of the protocol's table, with plausible values."""
    identity = standin.script("identity", {})
    assert set(identity) == IDENTITY
    assert (identity["version"], identity["home"], identity["user"]) == (
        "2.426.2",
        str(standin.home),
        "admin",
    )
    inventory = standin.script("inventory", {})
    assert set(inventory) == INVENTORY
    assert inventory["folders"] == ["team-a"]
    assert inventory["credentials"] == ["deploy", "registry"]
    assert inventory["users"] == ["admin", "upgrade-bot"]
    assert len(inventory["jobs"]) == 12
    assert sum(one["builds"] for one in inventory["jobs"]) >= 12
    assert standin.script("agents", {})["agents"][0]["name"] == "agent-1"


def test_guard_holds_new_builds_and_never_running_ones(standin: Standin) -> None:
    """A build that runs goes on to its end on a follower; a new one is blocked with a reason and runs once the guard is gone."""
    go = standin.hold("serial-1")
    number = standin.get("/job/serial-1/api/json")["nextBuildNumber"]
    standin.trigger("serial-1", "running")
    wait_until(lambda: standin.script("builds", {"sinceMs": 2**53, "watched": []})["running"], "it runs")
    assert standin.guard("follower")["role"] == "follower"
    item = standin.trigger("canary", "held")
    blocked = wait_until(
        lambda: (one := standin.get(f"/queue/item/{item}/api/json"))["blocked"] and one, "it is held"
    )
    assert "ci-upgrade" in blocked["why"]
    go.touch()
    assert standin.finished("serial-1", number)["result"] == "SUCCESS"
    assert [one["id"] for one in queue(standin)] == [item]
    state = standin.guard("owner")
    assert (state["role"], state["persisted"]) == ("owner", False)
    wait_until(lambda: standin.get(f"/queue/item/{item}/api/json").get("executable"), "it runs")


def test_owner_can_keep_single_jobs_back(standin: Standin) -> None:
    """``busy`` jobs wait on an owner; all others run."""
    assert standin.guard("owner", busy=["serial-1"])["busy"] == ["serial-1"]
    waits = standin.trigger("serial-1", "busy")
    runs = standin.trigger("canary", "free")
    wait_until(lambda: standin.get(f"/queue/item/{runs}/api/json").get("executable"), "the other job runs")
    assert standin.get(f"/queue/item/{waits}/api/json")["blocked"]
    standin.guard("owner")
    wait_until(
        lambda: standin.get(f"/queue/item/{waits}/api/json").get("executable"), "it runs when it is let go"
    )


def test_relay_is_submitted_once(standin: Standin) -> None:
    """An item's actions come back as a build with the same parameters and causes, one time however often it is sent."""
    standin.guard("follower")
    standin.trigger("canary", "relay me")
    item = wait_until(lambda: queue(standin), "it is queued")[0]
    assert (item["who"], item["timer"], item["relay"]) == ("Started by user admin", False, None)
    standin.script("cancel", {"ids": [item["id"]]})
    assert submit(standin, item, "r1")["outcome"] == "submitted"
    assert queue(standin)[0]["relay"] == "r1"
    assert submit(standin, item, "r1")["outcome"] == "exists"
    standin.guard("owner")
    build = wait_until(
        lambda: [one for one in standin.executions() if one["ticket"] == "relay me"], "it runs"
    )[0]
    finished = standin.finished("canary", build["number"])
    causes = next(one["causes"] for one in finished["actions"] if "causes" in one)
    assert [one["shortDescription"] for one in causes] == [
        "Started by user admin",
        "Started by remote host ci-upgrade with note: relay r1: queued on green by ann",
    ]
    assert submit(standin, item, "r1")["outcome"] == "exists"
    assert submit(standin, {**item, "job": "nope"}, "r2")["outcome"] == "no-such-job"
    assert submit(standin, {**item, "actions": "<list><"}, "r2")["outcome"] == "unreadable"


def test_clock_fires_every_timer_each_minute_into_a_held_queue_and_never_on_a_follower(
    tmp_path: Path,
) -> None:
    """Over one minute boundary: a holding controller queues its timers, a follower refuses them."""
    for name in ("holding", "follower"):
        (tmp_path / name).mkdir()
    with started(tmp_path / "holding") as holding, started(tmp_path / "follower") as follower:
        holding.guard("holding")
        follower.guard("follower")
        # Only now, and the follower first: a minute may begin at any moment of this.
        for standin in (follower, holding):
            path = "/job/timer-1/config.xml"
            config = standin.send("GET", path).text.replace("0 0 29 2 *", "* * * * *")
            assert standin.send("POST", path, data=config.encode()).status_code == 200
        wait_until(lambda: queue(holding), "the clock ticks", 120)
        assert {one["job"] for one in queue(holding)} == {"timer-1"}
        assert all(one["timer"] for one in queue(holding))
        time.sleep(1.5)  # The other's clock may tick up to a second later.
        assert queue(follower) == []
        assert follower.executions() == []


def test_numbers_only_rise(standin: Standin) -> None:
    """A higher number is kept on disk at once, a lower one is ignored, and every job is reported."""
    before = standin.script("numbers", {"atLeast": {}})["numbers"]
    assert (
        standin.script("numbers", {"atLeast": {"canary": before["canary"] + 50, "nope": 3}})["numbers"][
            "canary"
        ]
        == before["canary"] + 50
    )
    assert (standin.home / "jobs/canary/nextBuildNumber").read_text().strip() == str(before["canary"] + 50)
    assert standin.script("numbers", {"atLeast": {"canary": 1}})["numbers"]["canary"] == before["canary"] + 50
    assert len(before) == 12


def test_finished_builds_since_a_time_and_the_watched_ones(standin: Standin) -> None:
    """A build is reported once it is over, with its directory in the home."""
    report = standin.script(
        "builds",
        {"sinceMs": 2**53, "watched": [{"job": "canary", "number": 1}, {"job": "gone", "number": 1}]},
    )
    assert [(one["job"], one["number"], one["directory"]) for one in report["finished"]] == [
        ("canary", 1, "jobs/canary/builds/1")
    ]
    since = report["nowMs"]
    go = standin.hold("team-a/serial-2")
    item = standin.trigger("team-a/serial-2", "report")
    build = wait_until(lambda: standin.get(f"/queue/item/{item}/api/json").get("executable"), "it runs")
    running = standin.script("builds", {"sinceMs": since, "watched": []})["running"]
    assert [(one["job"], one["number"], one["serial"]) for one in running] == [
        ("team-a/serial-2", build["number"], True)
    ]
    go.touch()
    standin.finished("team-a/serial-2", build["number"])
    done = standin.script("builds", {"sinceMs": since, "watched": []})["finished"]
    one = next(one for one in done if one["job"] == "team-a/serial-2")
    assert one["directory"] == f"jobs/team-a/jobs/serial-2/builds/{build['number']}"
    assert (one["result"], one["endedMs"] - one["startedMs"] > 0) == ("SUCCESS", True)


def test_copied_build_appears_with_reload(standin: Standin) -> None:
    """``reload`` makes a copied directory visible and names the jobs that do not exist."""
    builds = standin.home / "jobs/canary/builds"
    copied = builds / "900"
    copied.mkdir()
    (copied / "log").write_text("copied\n")
    documents.write_text(copied / "build.xml", (builds / "1" / "build.xml").read_text())
    assert standin.script("reload", {"jobs": ["canary", "nope"]}) == {"missing": ["nope"]}
    assert 900 in [one["number"] for one in standin.get("/job/canary/api/json")["builds"]]


def test_items_are_written_changed_and_deleted(standin: Standin) -> None:
    """A folder and a job in it appear, are reported as changed, and go."""
    since = standin.after_all_changes()
    assert standin.script("item-configs", {"sinceMs": 2**53})["changed"] == []
    folder = (standin.home / "jobs/team-a/config.xml").read_text()
    job = (standin.home / "jobs/canary/config.xml").read_text()
    items = [{"name": "team-b", "xml": folder}, {"name": "team-b/new", "xml": job}]
    assert standin.script("write-items", {"items": items}) == {"written": ["team-b", "team-b/new"]}
    after = standin.script("item-configs", {"sinceMs": since})
    assert [one["name"] for one in after["changed"]] == ["team-b", "team-b/new"]
    assert after["names"].index("team-b") < after["names"].index("team-b/new")
    assert after["changed"][1]["xml"] == job
    assert standin.get("/job/team-b/job/new/api/json")["fullName"] == "team-b/new"
    assert standin.script("delete-items", {"names": ["team-b", "nope"]}) == {"deleted": ["team-b"]}
    assert standin.send("GET", "/job/team-b/api/json").status_code == 404


def test_nodes_are_withdrawn_unless_busy_and_come_back(standin: Standin) -> None:
    """A node with a running build stays; afterwards it goes, and ``add-nodes`` brings it back as it was."""
    before = standin.script("nodes", {})
    assert list(before["nodes"]) == ["agent-1"]
    go = standin.hold("team-a/app-2")
    item = standin.trigger("team-a/app-2", "busy")
    build = wait_until(lambda: standin.get(f"/queue/item/{item}/api/json").get("executable"), "it runs")
    assert standin.script("withdraw-nodes", {}) == {"left": ["agent-1"]}
    go.touch()
    standin.finished("team-a/app-2", build["number"])
    assert standin.script("withdraw-nodes", {}) == {"left": []}
    assert not (standin.home / "nodes/agent-1").exists()
    cloud = "<com.example.Cloud><name>k8s</name></com.example.Cloud>"
    restored = standin.script(
        "add-nodes", {"nodes": before["nodes"], "clouds": {"k8s": cloud}, "executors": 6}
    )
    assert restored == {"nodes": ["agent-1"], "clouds": ["k8s"], "executors": 6, "agentPort": -1}
    assert "k8s" in (standin.home / "config.xml").read_text()
    assert standin.script("nodes", {})["nodes"] == before["nodes"]
    standin.script("withdraw-nodes", {})
    assert standin.script("nodes", {})["clouds"] == {}
    standin.script("add-nodes", {**before, "clouds": {}})


def test_the_agent_port_says_who_listens(tmp_path: Path) -> None:
    """As a browser and as an agent's ping; what was open before it closes lives on; the root tells where it is, unless told otherwise."""
    port = free_port()

    def ask(words: bytes, connection: socket.socket | None = None) -> bytes:
        with connection or socket.create_connection(("127.0.0.1", port), timeout=30) as opened:
            opened.sendall(words)
            opened.shutdown(socket.SHUT_WR)
            return opened.makefile("rb").read()

    with started(tmp_path) as one:
        listener = one.url + "/tcpSlaveAgentListener/"
        assert requests.get(listener, timeout=30).status_code == 404
        nodes = one.script("nodes", {})
        one.script("add-nodes", {**nodes, "agentPort": port})
        assert f"<slaveAgentPort>{port}</slaveAgentPort>" in (one.home / "config.xml").read_text()
        told = requests.get(listener, timeout=30)
        assert told.headers["X-Jenkins-JNLP-Port"] == str(port)
        session = requests.get(one.url + "/login", timeout=30).headers["X-Jenkins-Session"]
        assert f"Jenkins-Session: {session}\r\n".encode() in ask(b"GET / HTTP/1.0\r\n\r\n")
        ping = b"\0\rProtocol:Ping"
        assert ask(ping) == b"Ping\n"
        assert ask(b"\0\x10Protocol:Unheard").startswith(b"Unknown protocol")
        early = socket.create_connection(("127.0.0.1", port), timeout=30)
        assert ask(ping) == b"Ping\n", "so that the one before it was taken as well"
        assert one.script("add-nodes", {**nodes, "agentPort": -1})["agentPort"] == -1
        with pytest.raises(ConnectionRefusedError):
            ask(ping)
        assert ask(ping, early) == b"Ping\n"


def test_an_enforced_agent_port_is_there_after_every_start(tmp_path: Path) -> None:
    """Whatever the home says, and whatever a script sets; agents may be told another."""
    port = free_port()
    properties = {
        "jenkins.model.Jenkins.slaveAgentPort": str(port),
        "jenkins.model.Jenkins.slaveAgentPortEnforce": "true",
        "hudson.TcpSlaveAgentListener.port": "50000",
    }
    with started(tmp_path, properties={**FAST, **properties}) as one:
        nodes = one.script("nodes", {})
        assert one.script("add-nodes", {**nodes, "agentPort": -1})["agentPort"] == port
        told = requests.get(one.url + "/tcpSlaveAgentListener/", timeout=30)
        assert told.headers["X-Jenkins-JNLP-Port"] == "50000"


SAMPLES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "identity": ({}, IDENTITY),
    "inventory": ({}, INVENTORY),
    "plugins": ({}, {"plugins"}),
    "options": ({"names": ["a.b"]}, {"given"}),
    "agents": ({}, {"agents"}),
    "log": ({"sinceMs": 0}, {"records", "whole"}),
    "guard": ({"role": None}, {"role", "upgrade", "persisted", "busy", "pending"}),
    "queue": ({}, {"items"}),
    "submit": (
        {"job": "nope", "actions": "", "relay": "r", "origin": "o", "sinceMs": 0, "delaySeconds": 0},
        {"outcome", "detail"},
    ),
    "cancel": ({"ids": [1]}, {"cancelled"}),
    "builds": ({"sinceMs": 2**53, "watched": []}, {"nowMs", "finished", "running"}),
    "reload": ({"jobs": []}, {"missing"}),
    "numbers": ({"atLeast": {}}, {"numbers"}),
    "job-directories": ({}, {"directories"}),
    "item-configs": ({"sinceMs": 2**53}, {"nowMs", "names", "changed"}),
    "write-items": ({"items": []}, {"written"}),
    "delete-items": ({"names": []}, {"deleted"}),
    "nodes": ({}, {"nodes", "clouds", "executors", "busy"}),
    "add-nodes": (
        {"nodes": {}, "clouds": {}, "executors": 4, "agentPort": None},
        {"nodes", "clouds", "executors", "agentPort"},
    ),
    "withdraw-nodes": ({}, {"left"}),
    "ensure-secret-key": ({}, {"ok"}),
}


@pytest.mark.parametrize("file", sorted(SCRIPTS.glob("*.groovy")), ids=lambda file: file.stem)
def test_every_script_of_the_adapter_is_understood(standin: Standin, file: Path) -> None:
    """The text that the bot really sends is known by its first line and its arguments, and answers with the promised keys."""
    arguments, keys = SAMPLES[file.stem]
    encoded = base64.b64encode(json.dumps(arguments).encode()).decode()
    text = file.read_text().replace("@ARGUMENTS@", encoded)
    answer = standin.send("POST", "/scriptText", data={"script": text}).text
    assert set(json.loads(answer.removeprefix("CI-UPGRADE-RESULT:"))) == keys


def test_unknown_scripts_answer_with_an_error_as_text(standin: Standin) -> None:
    """What is not understood is a compile error with status 200; a named script without arguments throws."""
    for script in (
        "def x = 1",
        "// ci-upgrade script: guard\n",
        "// ci-upgrade script: nope\nnew String('e30='.decodeBase64())",
    ):
        answer = standin.send("POST", "/scriptText", data={"script": script})
        assert answer.status_code == 200
        assert "Exception" in answer.text.split("\n")[0]


def test_last_print_is_the_end_of_the_output(standin: Standin) -> None:
    """A constant that the script prints in its last line is the end of the answer, whatever came before."""
    script = 'println jenkins.model.Jenkins.get().version\nprint(")]}.")'
    assert standin.send("POST", "/scriptText", data={"script": script}).text == "2.426.2\n)]}."


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("if (arguments.x) { println 1; return }", ""),
        ("try {\n  for (x in y) {\n    return // it\n  }\n} finally {\n}", ""),
        ("def f = { x -> if (x) { return 1 } else { return 2 } }", ")]}."),
        ("y.collect { return it }; if (y.any { return true }) { f('return', \"return\") }", ")]}."),
        ("class A { int f() {\n if (x) { return 1 }\n return 2 } }", ")]}."),
    ],
)
def test_script_that_returns_prints_nothing_after_it(standin: Standin, path: str, ends: str) -> None:
    """What a client appends to a script is part of it: a ``return`` in the script's own body skips it, one in a closure does not."""
    script = f"// ci-upgrade script: options\ndef arguments = new String('eyJuYW1lcyI6W119'.decodeBase64())\n{path}\n"
    text = standin.send("POST", "/scriptText", data={"script": script + 'print(")]}.")'}).text
    assert text == 'CI-UPGRADE-RESULT:{"given": []}\n' + ends


def test_password_parameter_needs_the_same_key(tmp_path: Path) -> None:
    """Its value travels encrypted and is the same on both sides only when they share ``hudson.util.Secret``."""
    definition = (
        "<project><properties><hudson.model.ParametersDefinitionProperty><parameterDefinitions>"
        "<hudson.model.PasswordParameterDefinition><name>SECRET</name><defaultValue/></hudson.model.PasswordParameterDefinition>"
        "</parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties><builders/></project>"
    )
    with started(tmp_path) as standin:
        assert standin.script("ensure-secret-key", {}) == {"ok": True}
        assert (standin.home / "secrets/hudson.util.Secret").stat().st_size == 272
        standin.send("POST", "/createItem?name=secretive", data=definition.encode())
        standin.guard("follower")
        standin.send("POST", "/job/secretive/buildWithParameters", data={"SECRET": "hush"})
        item = queue(standin)[0]
        assert "hush" not in json.dumps(item)
        assert "<value>{" in item["actions"]
        assert "hush" not in standin.send("GET", "/queue/api/json").text
