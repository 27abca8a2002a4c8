"""The scripts that move queue items between controllers, run by a real Groovy 2.4 against stubs of Jenkins' classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.groovy_rig import GroovyRig

pytestmark = pytest.mark.xdist_group("groovy")

ACTIONS = """<list>
  <hudson.model.CauseAction>
    <causes>
      <hudson.model.Cause_-UserIdCause>
        <userId>ann</userId>
      </hudson.model.Cause_-UserIdCause>
    </causes>
  </hudson.model.CauseAction>
  <hudson.model.ParametersAction>
    <parameters>
      <hudson.model.StringParameterValue>
        <name>TEXT</name>
        <value>a &amp; ü &#x1b;[1m</value>
      </hudson.model.StringParameterValue>
    </parameters>
  </hudson.model.ParametersAction>
</list>"""


def submit(
    job: str = "app", actions: str = ACTIONS, relay: str = "u1-blue-7-1"
) -> tuple[str, dict[str, Any]]:
    return "submit", {
        "job": job,
        "actions": actions,
        "relay": relay,
        "origin": "queued on blue: ann",
        "sinceMs": 5000,
        "delaySeconds": 0,
    }


def test_queue_shows_waiting_jobs_in_order_and_nothing_else(groovy: GroovyRig, tmp_path: Path) -> None:
    """Oldest first; `node` blocks, cells of a matrix and what an executor has already been given are left out."""
    [items] = groovy.play(
        tmp_path,
        """
        def enter = { task, Action... actions -> queue.enter(new Queue.WaitingItem(task, actions as List)) }
        enter(job('first'), by(new Cause.UserIdCause('ann')), by(new TimerTrigger.TimerTriggerCause()))
        enter(new Queue.Task() {}, by(new Cause.UserIdCause('ann')))
        enter(new MatrixConfiguration(jenkins, 'axis=a'))
        queue.pend(new Queue.BuildableItem(job('leaving'), []))
        enter(job('ü 2'), by(new TimerTrigger.TimerTriggerCause(), new SCMTrigger.SCMTriggerCause()))
        enter(job('relayed'), by(new Cause.UserIdCause('ann'), new Cause.RemoteCause('ci-upgrade', 'relay u1-blue-3-9: queued on blue')))
        enter(job('foreign'), by(new Cause.RemoteCause('elsewhere', 'relay u1-x: no')))
        tell(resultOf(run('queue')).items)
        """,
        {"queue": ("queue", {})},
    )
    assert [item["job"] for item in items] == ["first", "ü 2", "relayed", "foreign"]
    assert [item["timer"] for item in items] == [False, True, False, False]
    assert [item["relay"] for item in items] == [None, None, "u1-blue-3-9", None]
    assert items[0]["who"] == "Started by user ann, Started by timer"
    assert items[0]["sinceMs"] == 1_700_000_000_000 + items[0]["id"]


def test_item_that_cannot_be_written_is_still_listed(groovy: GroovyRig, tmp_path: Path) -> None:
    """Its actions are empty, so that it is found unreadable instead of taking the whole queue down; a broken cause has its class's name."""
    [items] = groovy.play(
        tmp_path,
        """
        def broken = new Action() { }
        Jenkins.XSTREAM2.registerConverter(new com.thoughtworks.xstream.converters.Converter() {
            boolean canConvert(Class type) { type == broken.getClass() }
            void marshal(Object o, com.thoughtworks.xstream.io.HierarchicalStreamWriter w, com.thoughtworks.xstream.converters.MarshallingContext c) { throw new NoClassDefFoundError('gone') }
            Object unmarshal(com.thoughtworks.xstream.io.HierarchicalStreamReader r, com.thoughtworks.xstream.converters.UnmarshallingContext c) { null }
        }, 100)
        queue.enter(new Queue.WaitingItem(job('odd'), [broken, by(new Cause() { String getShortDescription() { throw new IllegalStateException() } })]))
        queue.enter(new Queue.WaitingItem(job('even'), []))
        tell(resultOf(run('queue')).items.collect { [it.job, it.actions.empty, it.timer] })
        """,
        {"queue": ("queue", {})},
    )
    assert items == [["odd", True, False], ["even", False, False]]


def test_relayed_item_keeps_causes_and_exact_values(groovy: GroovyRig, tmp_path: Path) -> None:
    """One cause action with the original causes and the relay's; parameters as they were, control characters too; what `queue` gives fits."""
    outcome, kinds, causes, text, again = groovy.play(
        tmp_path,
        """
        def app = job('app')
        tell(resultOf(run('submit')))
        def item = queue.items[0]
        tell(item.actions.collect { it.getClass().simpleName })
        tell(item.getActions(CauseAction).collectMany { it.causes }.collect { it instanceof Cause.RemoteCause ? [it.addr, it.note] : [it.userId] })
        tell(item.getActions(ParametersAction)[0].allParameters[0].value)
        tell(resultOf(run('queue')).items.collect { [it.relay, Jenkins.XSTREAM2.fromXML("<?xml version='1.1'?>" + it.actions).size()] })
        """,
        {"submit": submit(), "queue": ("queue", {})},
    )
    assert outcome["outcome"] == "submitted"
    assert kinds == ["CauseAction", "ParametersAction"]
    assert causes == [["ann"], ["ci-upgrade", "relay u1-blue-7-1: queued on blue: ann"]]
    assert text == "a & ü \x1b[1m"
    assert again == [["u1-blue-7-1", 2]]


def test_quiet_period_is_kept(groovy: GroovyRig, tmp_path: Path) -> None:
    """What is left of a delay is told, and waited for on the other side; an item that is past it has none."""
    left, due = groovy.play(
        tmp_path,
        """
        job('app')
        queue.enter(new Queue.WaitingItem(job('later'), [], 3600))
        queue.enter(new Queue.WaitingItem(job('over'), [], -60))
        queue.pend(new Queue.BuildableItem(job('ready'), []))
        queue.enter(new Queue.BuildableItem(job('blocked'), []))
        tell(resultOf(run('queue')).items.collectEntries { [(it.job): it.delayMs] })
        run('submit')
        tell(queue.items.find { it.task.name == 'app' }.timestamp.timeInMillis - System.currentTimeMillis())
        """,
        {"queue": ("queue", {}), "submit": (submit()[0], {**submit()[1], "delaySeconds": 3600})},
    )
    assert 3_500_000 < left.pop("later") <= 3_600_000
    assert left == {"over": 0, "blocked": 0}
    assert 3_500_000 < due <= 3_600_000


def test_relay_happens_once(groovy: GroovyRig, tmp_path: Path) -> None:
    """The id is found in the queue, in a running build and in a finished one; a longer id that begins alike is another."""
    told = groovy.play(
        tmp_path,
        """
        def app = job('app')
        run('submit')
        tell(resultOf(run('submit')).outcome)
        def actions = new ArrayList(queue.items[0].actions)
        queue.cancel(queue.items[0])
        def build = new Run(app, 4, 6000)
        build.actions.addAll(actions)
        build.building = true
        new Run(app, 5, 7000)
        tell(resultOf(run('submit')))
        build.building = false
        tell(resultOf(run('submit')).outcome)
        tell(resultOf(run('other')).outcome)
        tell(queue.items.length)
        """,
        {"submit": submit(), "other": submit(relay="u1-blue-7")},
    )
    assert told == ["exists", {"outcome": "exists", "detail": "app #4"}, "exists", "submitted", 1]


def test_build_that_has_just_begun_is_known(groovy: GroovyRig, tmp_path: Path) -> None:
    """For a moment it has no causes; the item that it was is told by the queue for minutes, also when somebody cancelled it."""
    told = groovy.play(
        tmp_path,
        """
        def app = job('app')
        run('submit')
        queue.leave(queue.items[0])
        new Run(app, 4, 6000).building = true
        tell([resultOf(run('submit')).outcome, queue.items.length])
        """,
        {"submit": submit()},
    )
    assert told == [["exists", 0]]


def test_uploaded_file_cannot_be_carried(groovy: GroovyRig, tmp_path: Path) -> None:
    """It is in a temporary directory of the other controller: the item stays there, and says which parameter it is."""
    actions = ACTIONS.replace(
        "<parameters>",
        "<parameters><hudson.model.FileParameterValue><name>PATCH</name></hudson.model.FileParameterValue>",
    )
    outcome, queued = groovy.play(
        tmp_path,
        "job('app'); tell(resultOf(run('submit'))); tell(queue.items.length)",
        {"submit": submit(actions=actions)},
    )
    assert (outcome["outcome"], queued) == ("unreadable", 0)
    assert "PATCH" in outcome["detail"]


WAITING = """
package org.jenkinsci.plugins.workflow.support.steps.build
class BuildTriggerAction implements hudson.model.Action { String context }
"""
POLLING = """
package org.jenkinsci.lib.xtrigger
class XTriggerCause extends hudson.model.Cause { String getShortDescription() { 'polled' } }
class FileTriggerCause extends XTriggerCause { }
"""


def plugin(groovy: GroovyRig, directory: Path, *texts: str) -> Path:
    """Classes that a plugin brings."""
    classes = directory / "classes"
    classes.mkdir()
    sources = [directory / f"Plugin{number}.groovy" for number in range(len(texts))]
    for source, text in zip(sources, texts, strict=True):
        source.write_text(text)
    done = groovy.compile(sources, classes)
    assert done.returncode == 0, done.stdout + done.stderr
    return classes


def test_what_a_running_pipeline_waits_for_is_named_with_it(groovy: GroovyRig, tmp_path: Path) -> None:
    """As long as it runs; what its step is told by does not travel."""
    items, after = groovy.play(
        tmp_path,
        """
        import org.jenkinsci.plugins.workflow.support.steps.build.BuildTriggerAction
        def flow = new Run(job('flow', new Folder(jenkins, 'team')), 5, 1)
        flow.building = true
        def ended = new Run(job('other'), 1, 1)
        def enter = { name, Action... actions -> queue.enter(new Queue.WaitingItem(job(name), actions as List)) }
        enter('waits', by(new Cause.UpstreamCause(ended), new Cause.UpstreamCause(flow)), new BuildTriggerAction(context: 'x'))
        enter('waited', by(new Cause.UpstreamCause(ended)), new BuildTriggerAction(context: 'x'))
        enter('free', by(new Cause.UpstreamCause(flow)))
        tell(resultOf(run('queue')).items.collect { [it.job, it.awaitedBy, it.actions.contains('BuildTriggerAction')] })
        flow.building = false
        tell(resultOf(run('queue')).items.collect { it.awaitedBy })
        """,
        {"queue": ("queue", {})},
        more=plugin(groovy, tmp_path, WAITING),
    )
    assert items == [["waits", "team/flow #5", False], ["waited", None, False], ["free", None, False]]
    assert after == [None, None, None]


def test_polling_of_other_plugins_counts_as_the_clock(groovy: GroovyRig, tmp_path: Path) -> None:
    """The owner polls as well: on a follower it is refused, and what slipped through is not carried. Its subclasses count, too."""
    timer, taken = groovy.play(
        tmp_path,
        """
        import org.jenkinsci.lib.xtrigger.*
        queue.enter(new Queue.WaitingItem(job('polled'), [by(new FileTriggerCause(), new XTriggerCause())]))
        queue.enter(new Queue.WaitingItem(job('asked'), [by(new FileTriggerCause(), new Cause.UserIdCause('ann'))]))
        tell(resultOf(run('queue')).items.collect { it.timer })
        run('follow')
        def veto = ExtensionList.lookup(Queue.QueueDecisionHandler)[0]
        tell(queue.items.reverse().collect { veto.shouldSchedule(it.task, it.actions) })
        """,
        {
            "queue": ("queue", {}),
            "follow": ("guard", {"role": "follower", "upgrade": "u1", "busy": [], "source": None}),
        },
        more=plugin(groovy, tmp_path, POLLING),
    )
    assert timer == [True, False]
    assert taken == [False, True]


def test_old_builds_are_not_searched(groovy: GroovyRig, tmp_path: Path) -> None:
    """A build from before the asked time ends the search: history is never loaded as a whole."""
    [outcome] = groovy.play(
        tmp_path,
        """
        def build = new Run(job('app'), 1, 4999)
        build.actions << by(new Cause.RemoteCause('ci-upgrade', 'relay u1-blue-7-1: x'))
        tell(resultOf(run('submit')).outcome)
        """,
        {"submit": submit()},
    )
    assert outcome == "submitted"


def test_unreadable_actions_queue_nothing(groovy: GroovyRig, tmp_path: Path) -> None:
    """Nothing, half a text, a class that is not here (which Jenkins drops silently), no actions: rather no build than half of one."""
    unreadable = {
        "empty": ("", "StreamException"),
        "half": ("<list><hudson.model.CauseAction", "cause-exception"),
        "gone": ("<list><org.gone.PluginAction/></list>", "org.gone.PluginAction"),
        "text": ("<list><string>x</string></list>", "not a list of actions"),
        "single": ("<string>x</string>", "not a list of actions"),
    }
    outcomes, queued = groovy.play(
        tmp_path,
        """
        job('app')
        tell(['empty', 'half', 'gone', 'text', 'single'].collectEntries { [(it): resultOf(run(it))] })
        tell(queue.items.length)
        """,
        {name: submit(actions=actions) for name, (actions, _) in unreadable.items()},
    )
    assert queued == 0
    for name, (_, reason) in unreadable.items():
        assert outcomes[name]["outcome"] == "unreadable"
        assert reason in outcomes[name]["detail"]
        assert "\n" not in outcomes[name]["detail"]


def test_missing_disabled_and_refused(groovy: GroovyRig, tmp_path: Path) -> None:
    """A job that is not there or no task, a disabled one (which the queue itself would take), and a queue that says no."""
    told = groovy.play(
        tmp_path,
        """
        tell(resultOf(run('submit')).outcome)
        jenkins.items << new Folder(jenkins, 'team')
        tell(resultOf(run('folder')).outcome)
        def app = job('app')
        app.disabled = true
        tell(resultOf(run('submit')))
        app.disabled = false
        ExtensionList.lookup(Queue.QueueDecisionHandler).add(0, new Queue.QueueDecisionHandler() {
            boolean shouldSchedule(Queue.Task task, List<Action> actions) { false }
        })
        tell(resultOf(run('submit')).outcome)
        tell([queue.items.length, ACL.impersonated])
        """,
        {"submit": submit(), "folder": submit(job="team")},
    )
    assert told == [
        "no-such-job",
        "no-such-job",
        {"outcome": "refused", "detail": "the job is disabled"},
        "refused",
        [0, 0],
    ]


def test_folder_scan_is_relayed_too(groovy: GroovyRig, tmp_path: Path) -> None:
    """A computed folder has no builds to search; its scan is queued once."""
    told = groovy.play(
        tmp_path,
        """
        jenkins.items << new ComputedFolder(jenkins, 'branches')
        tell([resultOf(run('scan')).outcome, resultOf(run('scan')).outcome])
        """,
        {"scan": submit(job="branches")},
    )
    assert told == [["submitted", "exists"]]


def test_cancel_takes_only_what_was_named(groovy: GroovyRig, tmp_path: Path) -> None:
    """Unknown ids are fine, and a second time is too."""
    told = groovy.play(
        tmp_path,
        """
        (1..3).each { queue.enter(new Queue.WaitingItem(job('j' + it), [])) }
        tell(resultOf(run('cancel')).cancelled.sort())
        tell(resultOf(run('cancel')).cancelled)
        tell(queue.items.collect { it.id })
        """,
        {"cancel": ("cancel", {"ids": [1, 3, 99]})},
    )
    assert told == [[1, 3], [], [2]]
