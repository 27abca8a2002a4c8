"""Scripts that are not the bot's: the few that were recorded on a real controller, and the errors of all others.

There is no Groovy here. Each recorded script is known by the Java names in it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rehearsal.jenkins.action_beans import cause_text
from rehearsal.jenkins.scripts.look_scripts import JAVA_VERSION, monitors
from rehearsal.jenkins.scripts.session import ScriptFailed, Session

__all__ = ["output", "stack_trace"]

_FRAMES = (
    "\tat Script1.run(Script1.groovy:1)\n"
    "\tat groovy.lang.GroovyShell.evaluate(GroovyShell.java:574)\n"
    "\tat groovy.lang.GroovyShell.evaluate(GroovyShell.java:612)\n"
    "\tat groovy.lang.GroovyShell.evaluate(GroovyShell.java:583)\n"
    "\tat hudson.util.RemotingDiagnostics$Script.call(RemotingDiagnostics.java:149)\n"
    "\tat hudson.remoting.LocalChannel.call(LocalChannel.java:47)\n"
    "\tat jenkins.model.Jenkins.doScriptText(Jenkins.java:4847)\n"
    "\tat java.base/java.lang.Thread.run(Thread.java:840)\n"
)
_THROW = re.compile(r"\A\s*throw new (\w+)\(\"([^\"]*)\"\)")
_DISPATCHER = re.compile(
    r"class (\w+) extends QueueTaskDispatcher.*getShortDescription\(\)\s*\{\s*\"([^\"]*)\"", re.DOTALL
)
_REMOVAL = re.compile(r"QueueTaskDispatcher\).*\.remove\(.*it\.class\.name==\"(\w+)\"", re.DOTALL)


def output(session: Session, script: str) -> str:
    """What the script prints.

    :raises ScriptFailed: for a script that throws, or that nobody here understands.
    """
    thrown = _THROW.search(script)
    if thrown is not None:
        raise ScriptFailed(f"java.lang.{thrown[1]}: {thrown[2]}")
    controller = session.controller
    dispatcher = _DISPATCHER.search(script)
    if dispatcher is not None:
        controller.dispatchers[dispatcher[1]] = dispatcher[2]
        return "held\n"
    removal = _REMOVAL.search(script)
    if removal is not None:
        known = controller.dispatchers.pop(removal[1], None) is not None
        controller.changed.notify_all()
        return (
            f"{str(known).lower()}\nResult: java.util.concurrent.CompletableFuture@425ac671[Not completed]\n"
        )
    if "JsonOutput" in script:
        return json.dumps(_recorded(session, script), ensure_ascii=False, separators=(",", ":")) + "\n"
    if re.fullmatch(
        r"\s*println\s*\(?\s*(jenkins\.model\.)?Jenkins\.(get\(\)|instance)\.version\s*\)?\s*", script
    ):
        return f"{controller.version}\n"
    if not script.strip():
        return ""
    raise ScriptFailed(_compile_error(script))


def stack_trace(first_line: str) -> str:
    return f"{first_line}\n{_FRAMES}"


def _recorded(session: Session, script: str) -> Any:
    controller = session.controller
    if "failedPlugins" in script:
        return [{"name": name, "cause": cause} for name, cause in controller.plugins.failed.items()]
    if "AdministrativeMonitor" in script:
        return [{"id": name, "name": title} for name, title in monitors(controller).items()]
    if "computers.collect" in script:
        return [
            {
                "name": one.name,
                "online": not one.offline,
                "java": None if one.offline else JAVA_VERSION,
                "remoting": None,
            }
            for one in controller.computers.all()
        ]
    if "Queue.getInstance().items" in script:
        return [
            {
                "id": item.id,
                "job": item.job.full_name,
                "params": [
                    {"type": one.java_class, "name": one.value("name"), "value": one.value("value")}
                    for one in item.actions.parameters or ()
                ],
                "causes": [{"type": one.java_class, "text": cause_text(one)} for one in item.actions.causes],
            }
            for item in controller.queue.items()
        ]
    if "java.specification.version" in script:
        executors = controller.computers.built_in.executors
        return {
            "java": JAVA_VERSION,
            "spec": JAVA_VERSION.split(".")[0],
            "home": str(controller.home),
            "executors": executors,
        }
    raise ScriptFailed(_compile_error(script))


def _compile_error(script: str) -> str:
    line = script.split("\n", 1)[0]
    column = len(line) + 1
    return (
        "org.codehaus.groovy.control.MultipleCompilationErrorsException: startup failed:\n"
        f"Script1.groovy: 1: unexpected token:  @ line 1, column {column}.\n"
        f"   {line}\n{' ' * (column + 2)}^\n\n1 error\n"
    )
