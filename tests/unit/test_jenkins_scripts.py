"""The scripts as a whole: they compile under Jenkins' Groovy, take any argument, and tell the truth when they only look."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.jenkins import scripts
from adapters.jenkins.scripts import batches, fill, guard_script, result_of
from tests.unit.groovy_rig import GroovyRig

pytestmark = pytest.mark.xdist_group("groovy")

FOLDER = Path(scripts.__file__).parent / "scripts"
NAMES = sorted(path.stem for path in FOLDER.glob("*.groovy"))
AWKWARD = {"text": "ä ' \" $x ${y} \\ \u2028 😀 \n\t @ARGUMENTS@", "list": [1, 2**40], "none": None}


def test_table_of_scripts_is_true() -> None:
    """Every script stands in the README's table and the other way round, and its first line says its name."""
    listed = re.findall(r"^\| `([a-z-]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == NAMES
    for name in NAMES:
        text = fill(name, {})
        assert text.startswith(f"// ci-upgrade script: {name}\n")
        assert scripts.PLACE not in text


def test_arguments_are_never_interpolated() -> None:
    """Whatever stands in an argument, the text holds only base64 of it, once."""
    text = fill("submit", AWKWARD)
    [packed] = re.findall(r"new String\('([A-Za-z0-9+/=]*)'\.decodeBase64", text)
    assert json.loads(base64.b64decode(packed)) == AWKWARD
    assert "$x" not in text


def test_result_is_found_among_other_output() -> None:
    """The last result line counts, odd line ends inside of JSON are no line ends, and without one there is no result."""
    assert result_of('noise\nCI-UPGRADE-RESULT:{"a":"x\u2028y\x85z"}\n') == {"a": "x\u2028y\x85z"}
    assert result_of("groovy.lang.MissingPropertyException: No such property\n\tat Script1.run") is None
    assert result_of("") is None


def test_batches_fit_into_a_request_and_keep_the_order() -> None:
    """Small things go together, a big one goes alone, nothing is lost, and even nothing is one batch."""
    items = ["x" * size for size in (40_000, 40_000, 40_000, 500_000, 1, 1)] + ["ü" * 20_000]
    made = list(batches(items))
    # A character outside of ASCII takes six in JSON.
    assert [[len(item) for item in batch] for batch in made] == [
        [40_000, 40_000],
        [40_000],
        [500_000],
        [1, 1],
        [20_000],
    ]
    assert [item for batch in made for item in batch] == items
    assert list(batches([])) == [[]]


def test_every_script_compiles_under_groovy_2_4(groovy: GroovyRig, tmp_path: Path) -> None:
    """Also with arguments above the limit of one string literal, which are joined from several."""
    sources = []
    for name in NAMES:
        sources.append(tmp_path / f"{name.title().replace('-', '')}.groovy")
        sources[-1].write_text(fill(name, {"long": "x" * 70_000}), encoding="utf-8")
    target = tmp_path / "classes"
    target.mkdir()
    # The guard declares classes that no other script may declare as well, so all compile together.
    done = groovy.compile(sources, target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (target / "CiUpgradeHold.class").exists()


def test_arguments_arrive_whatever_they_are(groovy: GroovyRig, tmp_path: Path) -> None:
    """Quotes, dollars, line separators and characters beyond the first plane come back as they were, also in several literals."""
    awkward = {**AWKWARD, "long": "ä" * 100_000}
    [told] = groovy.play(
        tmp_path,
        """
        // Only the line that reads the arguments.
        def line = text('any').readLines().find { it.startsWith('def arguments') }
        tell(new GroovyShell().evaluate(line + '\\narguments'))
        """,
        {"any": ("cancel", awkward)},
    )
    assert told == awkward


def test_identity_agents_and_log(groovy: GroovyRig, tmp_path: Path) -> None:
    """Facts of the instance; an agent that hangs costs seconds and says nothing; only SEVERE records since the time, with their cause, and whether that is all."""
    identity, agents, log, whole_of_all, whole_since_a_kept_one = groovy.play(
        tmp_path,
        """
        import java.util.logging.*
        tell(resultOf(run('identity')))
        ['fine', 'hung', 'away'].each { jenkins.addNode(new Node(it)) }
        jenkins.computers.find { it.name == 'hung' }.hangs = true
        jenkins.computers.find { it.name == 'away' }.online = false
        tell(resultOf(run('agents')).agents)
        def record = { level, millis, text -> def made = new LogRecord(level, text); made.millis = millis; made.loggerName = 'hudson.X'; Jenkins.logRecords << made; made }
        record(Level.SEVERE, 999, 'old')
        record(Level.WARNING, 1500, 'warning')
        record(Level.SEVERE, 1000, 'cannot do {0}').with { it.parameters = ['this'] as Object[]; it.thrown = new IOException('full') }
        record(Level.SEVERE, 2000, 'x' * 900)
        tell(resultOf(run('log')))
        record(Level.INFO, 2001, 'more')
        tell(resultOf(runWith('log', [sinceMs: 0])).whole)
        tell(resultOf(runWith('log', [sinceMs: 1000])).whole)
        """,
        {"identity": ("identity", {}), "agents": ("agents", {}), "log": ("log", {"sinceMs": 1000})},
    )
    assert identity["version"] == "2.426.2"
    assert (identity["executors"], identity["agentPort"], identity["user"]) == (2, -1, "ann")
    assert identity["home"] == str(tmp_path / "home")
    assert identity["startedMs"] <= identity["nowMs"]
    inbound = "hudson.slaves.JNLPLauncher"
    assert identity["buildsDirectory"] == "${ITEM_ROOTDIR}/builds"
    assert agents == [
        {"name": "fine", "online": True, "java": "17.0.9", "remoting": "3148", "launcher": inbound},
        {"name": "hung", "online": True, "java": None, "remoting": None, "launcher": inbound},
        {"name": "away", "online": False, "java": None, "remoting": None, "launcher": inbound},
    ]
    records = log["records"]
    assert (log["whole"], whole_of_all, whole_since_a_kept_one) == (True, False, True)
    assert [record["atMs"] for record in records] == [1000, 2000]
    assert records[0]["message"] == "cannot do this (java.io.IOException: full)"
    assert len(records[1]["message"]) == 500


def test_inventory_counts_without_loading(groovy: GroovyRig, tmp_path: Path) -> None:
    """Builds are counted by directory; parts of jobs are left out; views have their places; no credentials plugin is fine."""
    found, loads = groovy.play(
        tmp_path,
        """
        def team = new Folder(jenkins, 'team')
        jenkins.items << team
        def app = job('app', team)
        ['1', '2', '17', 'legacyIds', 'lastStable', '.3'].each { new File(app.buildDir, it).mkdirs() }
        job('new').disabled = true
        def branches = new ComputedFolder(jenkins, 'branches')
        jenkins.items << branches
        job('main', branches)
        AdministrativeMonitor.all().add(0, new hudson.diagnosis.OldDataMonitor())
        AdministrativeMonitor.all().add(0, new AdministrativeMonitor() { boolean isActivated() { throw new IllegalStateException('x') } })
        tell(resultOf(run('inventory')))
        tell(app.loads)
        """,
        {"inventory": ("inventory", {})},
    )
    assert loads == 0
    jobs = {job["name"]: job for job in found["jobs"]}
    assert jobs["team/app"] == {
        "name": "team/app",
        "kind": "hudson.model.FreeStyleProject",
        "disabled": False,
        "next": 1,
        "builds": 3,
    }
    assert jobs["new"]["disabled"] is True
    assert set(jobs) == {"team/app", "new", "branches/main"}
    assert found["folders"] == ["team", "branches"]
    assert found["views"] == ["all", "team/All", "user ann: mine", "user ann: group", "user ann: group/inner"]
    assert (found["credentials"], found["users"], found["nodes"]) == ([], ["ann"], [])
    assert found["plugins"] == [{"name": "git", "version": "5.2.1", "enabled": True, "active": True}]
    assert found["failedPlugins"] == {"sshd": "java.io.IOException: needs more"}
    assert found["oldData"] == 2
    assert list(found["monitors"]) == ["hudson.diagnosis.OldDataMonitor"]


def test_inventory_comes_in_pages_by_name(groovy: GroovyRig, tmp_path: Path) -> None:
    """A job that appears between two pages shifts none of them; what is not a job comes with the first page only."""
    first, second = groovy.play(
        tmp_path,
        """
        ['b', 'd', 'a'].each { job(it) }
        tell(resultOf(runWith('inventory', [after: null, limit: 2])))
        job('aa')
        tell(resultOf(runWith('inventory', [after: 'b', limit: 2])))
        """,
        {"inventory": ("inventory", {})},
    )
    assert ([job["name"] for job in first["jobs"]], first["more"]) == (["a", "b"], True)
    assert "plugins" in first
    assert [job["name"] for job in second.pop("jobs")] == ["d"]
    assert second == {"more": False}


def test_every_script_runs_to_its_last_line(groovy: GroovyRig, tmp_path: Path) -> None:
    """python-jenkins prints a mark after each script and takes an answer without it for an error: no path may end a script early."""
    given: dict[str, dict[str, Any]] = {
        "inventory": {"after": "a", "limit": 1},
        "guard": {"role": None, "busy": []},
        "options": {"names": []},
        "log": {"sinceMs": 0},
        "submit": {
            "job": "gone",
            "actions": "",
            "relay": "u1",
            "origin": "x",
            "sinceMs": 0,
            "delaySeconds": 0,
        },
        "cancel": {"ids": []},
        "builds": {"sinceMs": 0, "watched": []},
        "reload": {"jobs": []},
        "numbers": {"atLeast": {}},
        "item-configs": {"sinceMs": 0},
        "write-items": {"items": []},
        "delete-items": {"names": []},
        "add-nodes": {"nodes": {}, "clouds": {}, "executors": 2},
    }
    told = groovy.play(
        tmp_path,
        f"{NAMES}.each {{ tell([it, resultOf(run(it)) != null]) }}",
        {name: (name, given.get(name, {})) for name in NAMES},
    )
    assert told == [[name, True] for name in NAMES]


def test_users_that_were_never_saved_do_not_count(groovy: GroovyRig, tmp_path: Path) -> None:
    """Whoever opens *People* makes `unknown`, in memory only: a copy of the home never has them."""
    [users] = groovy.play(
        tmp_path,
        "tell([resultOf(run('inventory')).users, User.all.collect { it.id }])",
        {"inventory": ("inventory", {})},
    )
    assert users == [["ann"], ["ann", "unknown"]]


def test_plugins_with_what_they_need(groovy: GroovyRig, tmp_path: Path) -> None:
    """Needs and optional needs stand in one list, told apart, and the core that a plugin was built for is named."""
    [found] = groovy.play(tmp_path, "tell(resultOf(run('plugins')).plugins)", {"plugins": ("plugins", {})})
    [plugin] = found
    assert (plugin["name"], plugin["version"], plugin["enabled"]) == ("git", "5.2.1", True)
    assert plugin["requiredCore"] == "2.387.3"
    assert plugin["dependencies"] == [
        {"name": "git-client", "version": "4.5.0", "optional": False},
        {"name": "jaxb", "version": "2.3.0", "optional": True},
    ]


def test_options_tells_names_and_never_values(groovy: GroovyRig, tmp_path: Path) -> None:
    """System properties and the war's own options are found by name, also when they have a value; others are not told."""
    names = ["--httpPort", "--httpsKeyStore", "set.one", "set.two", "not.set"]
    [answer] = groovy.play(
        tmp_path,
        """
        System.setProperty('set.one', 'hunter2')
        System.setProperty('set.two', '')
        System.setProperty('sun.java.command', 'jenkins.war --httpPort=8080 --httpsKeyStorePassword=hunter2 --prefix=/x')
        tell(run('options'))
        """,
        {"options": ("options", {"names": names})},
    )
    assert json.loads(answer.split("CI-UPGRADE-RESULT:")[1])["given"] == ["--httpPort", "set.one", "set.two"]
    assert "hunter2" not in answer


def test_inventory_lists_credential_ids_by_store(groovy: GroovyRig, tmp_path: Path) -> None:
    """With the credentials plugin there, ids come with the folder that holds them, each once, and no value is told."""
    source = tmp_path / "credentials"
    source.mkdir()
    (source / "CredentialsProvider.groovy").write_text(
        """
        package com.cloudbees.plugins.credentials
        class Kept { String id; String secret = 'hunter2' }
        class Store {
            Object context
            List domains = ['global']
            List getCredentials(Object domain) { [new Kept(id: context instanceof jenkins.model.Jenkins ? 'deploy' : 'registry')] }
        }
        class CredentialsProvider {
            static Iterable lookupStores(Object place) {
                def own = [new Store(context: place)]
                place instanceof jenkins.model.Jenkins ? own : own + new Store(context: jenkins.model.Jenkins.get())
            }
        }
        """
    )
    classes = tmp_path / "classes"
    classes.mkdir()
    assert groovy.compile([source / "CredentialsProvider.groovy"], classes).returncode == 0
    [found] = groovy.play(
        tmp_path,
        """
        jenkins.items << new Folder(jenkins, 'team')
        tell(resultOf(run('inventory')))
        """,
        {"inventory": ("inventory", {})},
        more=classes,
    )
    assert found["credentials"] == ["deploy", "team/registry"]
    assert "hunter2" not in json.dumps(found)


def test_secret_key_is_made_by_encrypting(groovy: GroovyRig, tmp_path: Path) -> None:
    """Something is really encrypted, which is what makes Jenkins create the key file."""
    told = groovy.play(
        tmp_path,
        "tell([resultOf(run('key')).ok, Secret.encrypted, ACL.impersonated])",
        {"key": ("ensure-secret-key", {})},
    )
    assert told == [[True, 1, 0]]


def test_guard_script_is_one_self_contained_text() -> None:
    """It carries its role and upgrade, and nothing of another script."""
    text = guard_script("u42")
    assert text.startswith("// ci-upgrade script: guard\n")
    [packed] = re.findall(r"new String\('([A-Za-z0-9+/=]*)'\.decodeBase64", text)
    assert json.loads(base64.b64decode(packed)) == {
        "role": "follower",
        "upgrade": "u42",
        "busy": [],
        "source": None,
    }
