"""The scripts about builds, configurations and nodes, run by a real Groovy 2.4 against stubs of Jenkins' classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.groovy_rig import GroovyRig

pytestmark = pytest.mark.xdist_group("groovy")

JOB = "<?xml version='1.1' encoding='UTF-8'?>\n<project><description>ü</description></project>"
NODE = "<hudson.model.Node><name>{}</name><remoteFS>{}</remoteFS></hudson.model.Node>"
CLOUD = "<hudson.slaves.Cloud><name>{}</name><template>{}</template></hudson.slaves.Cloud>"


def test_builds_are_finished_only_when_they_are_saved(groovy: GroovyRig, tmp_path: Path) -> None:
    """Between its last step and its record on disk a build still runs; watched ones are told whatever their age; unknown ones are not."""
    [found] = groovy.play(
        tmp_path,
        """
        def app = job('app', new Folder(jenkins, 'team').with { jenkins.items << it; it })
        new Run(app, 1, 1000)
        new Run(app, 2, 2000)
        new Run(app, 3, 6000)
        new Run(app, 4, 7000).with { it.saved = false }
        new Run(app, 5, 8000).with { it.building = true }
        new Run(app, 6, 9000).with { it.result = null }
        tell(resultOf(run('builds')))
        """,
        {
            "builds": (
                "builds",
                {
                    "sinceMs": 5000,
                    "watched": [
                        {"job": "team/app", "number": 1},
                        {"job": "team/app", "number": 77},
                        {"job": "gone", "number": 1},
                    ],
                },
            )
        },
    )
    assert {build["number"]: build["result"] for build in found["finished"]} == {
        6: "UNKNOWN",
        3: "SUCCESS",
        1: "SUCCESS",
    }
    three = next(build for build in found["finished"] if build["number"] == 3)
    assert three == {
        "job": "team/app",
        "number": 3,
        "directory": "jobs/team/jobs/app/builds/3",
        "result": "SUCCESS",
        "startedMs": 6005,
        "endedMs": 7005,
    }
    assert sorted(build["number"] for build in found["running"]) == [4, 5]
    assert found["running"][0]["serial"] is True


def test_jobs_without_news_are_not_loaded(groovy: GroovyRig, tmp_path: Path) -> None:
    """A job whose build directory has not changed for long costs no build record, yet its running build is found at its executor."""
    [numbers, loads] = groovy.play(
        tmp_path,
        """
        def busy = job('busy'), quiet = job('quiet'), pipeline = job('pipeline')
        pipeline.concurrent = true
        new Run(busy, 1, 2_000_000)
        def old = new Run(quiet, 1, 1000)
        old.building = true
        def older = new Run(pipeline, 1, 900)
        older.building = true
        [quiet, pipeline].each { it.buildDir.setLastModified(1000) }
        jenkins.computers[0].executors << new Executor(null) << new Executor(old)
        jenkins.computers[0].oneOffExecutors << new Executor(older) << new Executor(new Queue.Executable() {})
        def found = resultOf(run('builds'))
        tell([found.finished.collect { it.job }, found.running.collect { [it.job, it.serial] }.sort { it[0] }])
        tell([busy.loads, quiet.loads, pipeline.loads])
        """,
        {"builds": ("builds", {"sinceMs": 2_000_000, "watched": []})},
    )
    assert numbers == [["busy"], [["pipeline", False], ["quiet", True]]]
    assert loads == [1, 0, 0]


def test_pipeline_runs_until_it_has_left_its_executor(groovy: GroovyRig, tmp_path: Path) -> None:
    """Between its end and its record on disk a Pipeline says neither that it is building nor that its log goes on."""
    told = groovy.play(
        tmp_path,
        """
        def run = new Run(job('flow'), 1, 9000)
        def executor = new Executor(run)
        jenkins.computers[0].oneOffExecutors << executor
        tell(resultOf(this.run('builds')).subMap(['finished', 'running']).collectEntries { key, value -> [(key): value.size()] })
        jenkins.computers[0].oneOffExecutors.remove(executor)
        tell(resultOf(this.run('builds')).subMap(['finished', 'running']).collectEntries { key, value -> [(key): value.size()] })
        """,
        {"builds": ("builds", {"sinceMs": 5000, "watched": []})},
    )
    assert told == [{"finished": 0, "running": 1}, {"finished": 1, "running": 0}]


def test_branch_keeps_its_name_when_it_is_read_again(groovy: GroovyRig, tmp_path: Path) -> None:
    """Releases before 2.452 name a job after its directory then; a folder is read again as well, for branches that were copied in."""
    told = groovy.play(
        tmp_path,
        """
        def branches = new ComputedFolder(jenkins, 'lib')
        jenkins.items << branches
        def branch = new FreeStyleProject(branches, 'feature%2Fx') { void doReload() throws IOException { super.doReload(); onLoad(parent, 'feature-x.k3l4') } }
        branches.items << branch
        tell(resultOf(run('reload')))
        tell([branch.fullName, branch.reloads, branches.reloads])
        """,
        {"reload": ("reload", {"jobs": ["lib/feature%2Fx", "lib"]})},
    )
    assert told == [{"missing": [], "failed": {}}, ["lib/feature%2Fx", 1, 1]]


def test_reload_keeps_running_builds_and_asks_to_come_again_for_one_being_saved(
    groovy: GroovyRig, tmp_path: Path
) -> None:
    """What does not exist is named; so is a job whose build is just being saved, which is left alone: that build would be lost from its list."""
    told = groovy.play(
        tmp_path,
        """
        def app = job('app'), slow = job('slow'), broken = new FreeStyleProject(jenkins, 'broken') { void doReload() throws IOException { throw new IOException('no config.xml') } }
        jenkins.items << broken
        jenkins.items << new Folder(jenkins, 'team')
        def running = new Run(app, 1, 1000)
        running.building = true
        def saving = new Run(slow, 1, 1000)
        saving.saved = false
        [running, saving].each { jenkins.computers[0].executors << new Executor(it) }
        tell(resultOf(run('reload')))
        tell([app.reloads, slow.reloads, app.getBuildByNumber(1) != null, slow.getBuildByNumber(1) != null, ACL.impersonated])
        """,
        {"reload": ("reload", {"jobs": ["broken", "gone", "team", "app", "slow"]})},
    )
    assert told[0]["missing"] == ["gone", "slow"]
    assert list(told[0]["failed"]) == ["broken"]
    assert "no config.xml" in told[0]["failed"]["broken"]
    assert told[1] == [1, 0, True, True, 0]


def test_numbers_rise_and_never_fall(groovy: GroovyRig, tmp_path: Path) -> None:
    """Lower wishes and unknown jobs change nothing; every job is reported, cells of a matrix are not: they follow the whole."""
    [numbers, again] = groovy.play(
        tmp_path,
        """
        job('up').updateNextBuildNumber(3)
        job('down').updateNextBuildNumber(9)
        job('same')
        def matrix = new Folder(jenkins, 'matrix')
        jenkins.items << matrix
        matrix.items << new MatrixConfiguration(matrix, 'axis=a')
        tell(resultOf(run('numbers')).numbers)
        tell(resultOf(run('numbers')).numbers)
        """,
        {"numbers": ("numbers", {"atLeast": {"up": 12, "down": 4, "gone": 5, "matrix/axis=a": 3}})},
    )
    assert numbers == {"up": 12, "down": 9, "same": 1}
    assert again == numbers


def test_directories_tell_where_jobs_are_kept(groovy: GroovyRig, tmp_path: Path) -> None:
    """By the path below the home; cells of a matrix and branches under the names that the controller uses."""
    [directories] = groovy.play(
        tmp_path,
        """
        job('a b')
        def team = new Folder(jenkins, 'team'), grid = new Folder(jenkins, 'grid')
        jenkins.items << team << grid
        job('ü', team)
        grid.items << new MatrixConfiguration(grid, 'axis=a')
        tell(resultOf(run('job-directories')).directories)
        """,
        {"job-directories": ("job-directories", {})},
    )
    assert directories == {
        "jobs/a b": "a b",
        "jobs/team/jobs/ü": "team/ü",
        "jobs/grid/jobs/axis=a": "grid/axis=a",
    }


def test_configs_come_parents_first_and_branches_never(groovy: GroovyRig, tmp_path: Path) -> None:
    """All names, but only changed texts; children that a folder makes by itself are left out; a file that vanished is passed over."""
    [found] = groovy.play(
        tmp_path,
        """
        def team = new Folder(jenkins, 'team'), branches = new ComputedFolder(jenkins, 'branches')
        jenkins.items << team << branches
        def app = job('app', team), main = job('main', branches), old = job('old')
        [team, branches, app, main, old].each { it.write(new StringReader('<x>ü</x>')) }
        old.configFile.file.setLastModified(1000)
        job('gone')
        tell(resultOf(run('configs')))
        """,
        {"configs": ("item-configs", {"sinceMs": 5000})},
    )
    assert found["names"] == ["team", "branches", "old", "gone", "team/app"]
    assert [item["name"] for item in found["changed"]] == ["team", "branches", "team/app"]
    assert found["changed"][0]["xml"] == "<x>ü</x>"
    assert found["changed"][0]["modifiedMs"] <= found["nowMs"]


def test_configs_fit_into_an_answer(groovy: GroovyRig, tmp_path: Path) -> None:
    """Texts beyond the limit are left for another request, which asks by name; one above it comes alone and whole."""
    first, second = groovy.play(
        tmp_path,
        """
        ['a', 'b', 'c'].each { job(it).write(new StringReader('<x>' + it * 100 + '</x>')) }
        tell(resultOf(runWith('configs', [sinceMs: 0, limit: 50, only: null])))
        tell(resultOf(runWith('configs', [sinceMs: 1L << 60, limit: 150, only: ['c', 'b', 'gone']])))
        """,
        {"configs": ("item-configs", {})},
    )
    assert [(item["name"], item["xml"] is not None) for item in first["changed"]] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert first["names"] == ["a", "b", "c"]
    assert [(item["name"], len(item["xml"])) for item in second["changed"]] == [("b", 107), ("c", 107)]
    assert second["names"] == []


def test_items_are_created_or_changed_each_for_itself(groovy: GroovyRig, tmp_path: Path) -> None:
    """New ones below their folder, changed ones in place, equal ones untouched; one that fails is told and stops no other."""
    first, second, updates = groovy.play(
        tmp_path,
        """
        def kept = job('kept')
        kept.write(new StringReader('<old/>'))
        jenkins.items << new ComputedFolder(jenkins, 'branches')
        tell(resultOf(run('write')))
        def text = jenkins.getItemByFullName('team/ü app').configFile.asString()
        tell([text, resultOf(run('write')).written, kept.configFile.asString()])
        tell([kept.updates, jenkins.getItemByFullName('team/ü app').updates, ACL.impersonated])
        """,
        {
            "write": (
                "write-items",
                {
                    "items": [
                        {"name": "bad", "xml": "<unknown/>"},
                        {"name": "team", "xml": "<folder/>"},
                        {"name": "team/ü app", "xml": JOB},
                        {"name": "lost/app", "xml": JOB},
                        {"name": "branches/main", "xml": JOB},
                        {"name": "kept", "xml": JOB},
                    ]
                },
            )
        },
    )
    assert first["written"] == ["team", "team/ü app", "kept"]
    assert sorted(first["failed"]) == ["bad", "branches/main", "lost/app"]
    assert second == [JOB, ["team", "team/ü app", "kept"], JOB]
    assert updates == [1, 0, 0]


def test_items_are_deleted_and_unknown_ones_are_fine(groovy: GroovyRig, tmp_path: Path) -> None:
    """Only what was there is reported."""
    told = groovy.play(
        tmp_path,
        """
        job('a'); job('b')
        tell(resultOf(run('delete')).deleted)
        tell(jenkins.items.collect { it.fullName })
        """,
        {"delete": ("delete-items", {"names": ["a", "gone"]})},
    )
    assert told == [["a"], ["b"]]


def test_nodes_travel_and_come_back(groovy: GroovyRig, tmp_path: Path) -> None:
    """What `nodes` gives, `add-nodes` takes: twice changes nothing; nodes that clouds made stay; clouds of one name stay two."""
    seen, cleared, back, again = groovy.play(
        tmp_path,
        """
        ['one', 'ü 2'].each { jenkins.addNode(new Node(it)) }
        jenkins.addNode(new AbstractCloudSlave('pod-1'))
        jenkins.clouds << new Cloud('k8s') << new Cloud('k8s') << new Cloud('own')
        def seen = resultOf(run('nodes'))
        tell([seen.nodes.keySet() as List, seen.clouds.keySet() as List, seen.executors, seen.busy])
        tell([resultOf(run('withdraw')).left, jenkins.nodes.collect { it.nodeName }, jenkins.clouds.size()])
        tell(resultOf(runWith('add', seen)))
        def nodes = jenkins.nodes, replaced = jenkins.clouds.replaced
        runWith('add', seen)
        tell([nodes == jenkins.nodes, jenkins.clouds.replaced == replaced])
        """,
        {"nodes": ("nodes", {}), "withdraw": ("withdraw-nodes", {}), "add": ("add-nodes", {})},
    )
    assert seen == [["one", "ü 2"], ["k8s", "k8s+", "own"], 2, []]
    assert cleared == [[], ["pod-1"], 0]
    assert back == {
        "nodes": ["pod-1", "one", "ü 2"],
        "clouds": ["k8s", "k8s", "own"],
        "executors": 2,
        "agentPort": -1,
    }
    assert again == [True, True]


def test_the_agent_port_is_opened_kept_and_reported_as_it_listens(groovy: GroovyRig, tmp_path: Path) -> None:
    """Written to the home at once; left alone when none is given; one that is taken is not reported, and tried again by the next call."""
    told = groovy.play(
        tmp_path,
        """
        def look = { tell([it.agentPort, jenkins.slaveAgentPort, jenkins.saved]) }
        look(resultOf(run('fixed')))
        def listener = jenkins.tcpSlaveAgentListener
        look(resultOf(run('fixed')))
        look(resultOf(run('unchanged')))
        tell([listener.is(jenkins.tcpSlaveAgentListener)])
        look(resultOf(run('random')))
        look(resultOf(run('off')))
        jenkins.taken << 50000
        look(resultOf(run('fixed')))
        jenkins.taken.clear()
        look(resultOf(run('fixed')))
        jenkins.enforced = true
        look(resultOf(run('random')))
        """,
        {
            name: ("add-nodes", {"nodes": {}, "clouds": {}, "executors": 2, "agentPort": port})
            for name, port in (("fixed", 50000), ("unchanged", None), ("random", 0), ("off", -1))
        },
    )
    fixed = [50000, 50000, 50000]
    assert told == [
        fixed,
        fixed,
        fixed,
        [True],
        [40001, 0, 0],
        [-1, -1, -1],
        [-1, 50000, 50000],
        fixed,
        fixed,
    ]


def test_running_pipeline_keeps_what_it_may_ask_for(groovy: GroovyRig, tmp_path: Path) -> None:
    """Clouds, and nodes that are launched from here; an agent that connects by itself goes to the owner. After its end all go."""
    during, after = groovy.play(
        tmp_path,
        """
        ['launched', 'inbound'].each { jenkins.addNode(new Node(it)) }
        jenkins.computers.find { it.name == 'inbound' }.launched = false
        jenkins.clouds << new Cloud('k8s')
        def flow = new Executor(new Run(job('flow'), 1, 1))
        jenkins.computers[0].oneOffExecutors << flow
        tell([resultOf(run('withdraw')).left, jenkins.nodes.collect { it.nodeName }, jenkins.clouds.size()])
        jenkins.computers[0].oneOffExecutors.remove(flow)
        tell([resultOf(run('withdraw')).left, jenkins.nodes.collect { it.nodeName }, jenkins.clouds.size()])
        """,
        {"withdraw": ("withdraw-nodes", {})},
    )
    assert during == [["launched"], ["launched"], 1]
    assert after == [[], [], 0]


def test_nodes_with_builds_are_never_touched(groovy: GroovyRig, tmp_path: Path) -> None:
    """A node that runs a build, or a pipeline's one-off part, is neither withdrawn nor replaced; an idle one that differs is replaced."""
    busy, left, texts, executors = groovy.play(
        tmp_path,
        """
        ['idle', 'builds', 'flow'].each { jenkins.addNode(new Node(it)) }
        def app = job('app')
        jenkins.computers.find { it.name == 'builds' }.executors << new Executor(new Run(app, 1, 1))
        jenkins.computers.find { it.name == 'idle' }.launched = false
        jenkins.computers.find { it.name == 'flow' }.oneOffExecutors << new Executor(new Run(app, 2, 1))
        tell(resultOf(run('nodes')).busy)
        tell(resultOf(run('withdraw')).left)
        jenkins.addNode(new Node('idle'))
        resultOf(run('add'))
        tell(jenkins.nodes.collectEntries { [(it.nodeName): it.remoteFS] })
        tell([jenkins.numExecutors, jenkins.clouds.collect { [it.name, it.template] }])
        """,
        {
            "nodes": ("nodes", {}),
            "withdraw": ("withdraw-nodes", {}),
            "add": (
                "add-nodes",
                {
                    "nodes": {
                        name: "<?xml version='1.1' encoding='UTF-8'?>\n" + NODE.format(name, "/new")
                        for name in ("idle", "builds")
                    },
                    "clouds": {"k8s": CLOUD.format("k8s", "&#x1b;")},
                    "executors": 5,
                },
            ),
        },
    )
    assert busy == ["builds", "flow"]
    assert left == ["builds", "flow"]
    assert texts == {"builds": None, "flow": None, "idle": "/new"}
    assert executors == [5, [["k8s", "\x1b"]]]
