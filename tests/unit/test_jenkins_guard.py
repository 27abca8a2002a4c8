"""The guard script, run by a real Groovy 2.4 against stubs of Jenkins' classes."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from adapters.jenkins.scripts import guard_script, persisted_guard
from tests.unit.groovy_rig import GroovyRig

pytestmark = pytest.mark.xdist_group("groovy")

GUARD_FILE = "init.groovy.d/ci-upgrade-guard.groovy"
OBSERVE = """
held = { task -> ExtensionList.lookup(QueueTaskDispatcher).collect { it.canRun(new Queue.WaitingItem(task, [])) }.find()?.shortDescription }
taken = { task, Action... actions -> ExtensionList.lookup(Queue.QueueDecisionHandler).every { it.shouldSchedule(task, actions as List) } }
installed = { [ExtensionList.lookup(QueueTaskDispatcher).size(), ExtensionList.lookup(Queue.QueueDecisionHandler).size()] }
timer = { new TimerTrigger.TimerTriggerCause() }
scm = { new SCMTrigger.SCMTriggerCause() }
ann = { new Cause.UserIdCause('ann') }
"""


def guard(
    role: str | None, *, upgrade: str = "u1", busy: tuple[str, ...] = (), source: str | None = None
) -> tuple[str, dict[str, Any]]:
    return "guard", {"role": role, "upgrade": upgrade, "busy": list(busy), "source": source}


def test_follower_holds_new_builds_and_folder_scans_only(groovy: GroovyRig, tmp_path: Path) -> None:
    """Jobs and computed folders wait with a reason; `node` blocks of running pipelines and cells of a matrix go on."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        tell(held(job('app')))
        run('follow')
        def matrix = job('matrix')
        tell([held(job('other')), held(new ComputedFolder(jenkins, 'branches'))])
        tell([held(new MatrixConfiguration(jenkins, 'axis=a')), held(new Queue.Task() {})])
        """,
        {"follow": guard("follower")},
    )
    before, held, free = told
    assert before is None
    assert all("the other controller" in reason for reason in held)
    assert free == [None, None]


def test_follower_refuses_what_only_clocks_caused(groovy: GroovyRig, tmp_path: Path) -> None:
    """Timer and SCM causes, alone or together, also of a folder's periodic scan; a person among the causes lets it in, to be relayed."""
    [answers] = groovy.play(
        tmp_path,
        OBSERVE
        + """
        run('follow')
        def app = job('app')
        tell([
            taken(app, by(timer())), taken(app, by(scm())), taken(app, by(timer()), by(scm())),
            taken(new ComputedFolder(jenkins, 'branches'), by(timer())),
            taken(app, by(timer(), ann())), taken(app, by(timer()), by(ann())), taken(app),
            taken(new Queue.Task() {}, by(timer())),
        ])
        """,
        {"follow": guard("follower")},
    )
    assert answers == [False] * 4 + [True] * 4


def test_holding_keeps_timers_and_owner_has_nothing(groovy: GroovyRig, tmp_path: Path) -> None:
    """While holding, timers still fire into the queue; an owner has neither hold nor veto, and its queue is looked at again at once."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        def app = job('app')
        def state = resultOf(run('hold'))
        tell([state.role, held(app) != null, taken(app, by(timer())), queue.maintained])
        state = resultOf(run('own'))
        tell([state.role, state.upgrade, held(app) != null, installed(), queue.maintained])
        """,
        {"hold": guard("holding"), "own": guard("owner")},
    )
    assert told == [["holding", True, True, 0], ["owner", None, False, [0, 0], 1]]


def test_owner_keeps_only_serial_jobs_waiting_that_still_run_elsewhere(
    groovy: GroovyRig, tmp_path: Path
) -> None:
    """``busy`` blocks those jobs and nothing else, until it is empty again."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        def slow = job('slow'), app = job('app')
        run('follow')
        def state = resultOf(run('release'))
        tell([state.role, state.upgrade, state.busy, held(slow) != null, held(app) != null, taken(app, by(timer()))])
        run('drained')
        tell([held(slow) != null, installed()])
        """,
        {
            "follow": guard("follower"),
            "release": guard("owner", busy=("slow", "a/ü")),
            "drained": guard("owner"),
        },
    )
    assert told == [["owner", "u1", ["a/ü", "slow"], True, False, True], [False, [0, 0]]]


def test_follower_that_is_told_again_is_never_unguarded(groovy: GroovyRig, tmp_path: Path) -> None:
    """Each run has classes of its own, so the old guard is found by name, and it goes only after the new one is there."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        run('first')
        ExtensionList.lookup(QueueTaskDispatcher).fewest = 99
        ExtensionList.lookup(Queue.QueueDecisionHandler).fewest = 99
        def state = resultOf(run('second'))
        tell([state.upgrade, installed(), ExtensionList.lookup(QueueTaskDispatcher).fewest, ExtensionList.lookup(Queue.QueueDecisionHandler).fewest])
        """,
        {"first": guard("follower"), "second": guard("follower", upgrade="u2")},
    )
    assert told == [["u2", [1, 1], 1, 1]]


def test_follower_writes_itself_into_the_home_and_owner_removes_it(groovy: GroovyRig, tmp_path: Path) -> None:
    """The file is the self-contained guard and nothing else is left there; an owner has no trace of it; holding changes no file."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        def file = new File(jenkins.rootDir, 'init.groovy.d/ci-upgrade-guard.groovy')
        tell([resultOf(run('hold')).persisted, file.exists()])
        tell([resultOf(run('follow')).persisted, file.getText('UTF-8'), file.parentFile.list() as List])
        tell([resultOf(run('hold')).persisted])
        tell([resultOf(run('own')).persisted, file.exists()])
        """,
        {
            "hold": guard("holding"),
            "follow": guard("follower", source=persisted_guard("u1")),
            "own": guard("owner"),
        },
    )
    assert told == [
        [False, False],
        [True, guard_script("u1"), ["ci-upgrade-guard.groovy"]],
        [True],
        [False, False],
    ]
    assert base64.b64decode(persisted_guard("u1")).decode() == guard_script("u1")


def test_persisted_guard_makes_a_starting_instance_a_follower(groovy: GroovyRig, tmp_path: Path) -> None:
    """What stands in ``init.groovy.d`` needs neither the console's imports nor its output, and a read shows it in force."""
    file = tmp_path / "home" / GUARD_FILE
    file.parent.mkdir(parents=True)
    file.write_text(guard_script("u7"), encoding="utf-8")
    [state] = groovy.play(
        tmp_path,
        """
        new GroovyShell(Jenkins.classLoader).evaluate(new File(jenkins.rootDir, 'init.groovy.d/ci-upgrade-guard.groovy'))
        tell(resultOf(run('look')))
        """,
        {"look": guard(None)},
    )
    assert state == {"role": "follower", "upgrade": "u7", "busy": [], "persisted": True, "pending": 0}


def test_reading_counts_builds_about_to_start_and_sees_a_broken_guard(
    groovy: GroovyRig, tmp_path: Path
) -> None:
    """Pending jobs count, `node` blocks and cells do not; a follower that lost its veto is reported as merely holding."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        [job('app'), new Queue.Task() {}, new MatrixConfiguration(jenkins, 'axis=a')].each { queue.pend(new Queue.BuildableItem(it, [])) }
        run('follow')
        tell(resultOf(run('look')).subMap(['role', 'pending']))
        def vetoes = ExtensionList.lookup(Queue.QueueDecisionHandler)
        vetoes.remove((Object) vetoes[0])
        tell(resultOf(run('look')).role)
        """,
        {"follow": guard("follower"), "look": guard(None)},
    )
    assert told == [{"role": "follower", "pending": 1}, "holding"]


def test_unknown_role_changes_nothing(groovy: GroovyRig, tmp_path: Path) -> None:
    """A role that this script does not know is an error text, and the guard in force stays."""
    told = groovy.play(
        tmp_path,
        OBSERVE
        + """
        run('follow')
        def error = ''
        try { run('odd') } catch (IllegalStateException refused) { error = refused.message }
        tell([error.contains('unknown role sleeper'), installed(), resultOf(run('look')).role])
        """,
        {"follow": guard("follower"), "odd": guard("sleeper"), "look": guard(None)},
    )
    assert told == [[True, [1, 1], "follower"]]
