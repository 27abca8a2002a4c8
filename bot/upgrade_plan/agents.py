"""Whether the agents can work for the target, and for each release on the way. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Agent
from bot.plugins.version_number import older
from bot.upgrade_plan.records import AgentLine, Finding
from bot.versions import java_feature, java_for, remoting_minimum

__all__ = ["agent_findings", "agent_lines", "agent_port_findings"]

FETCH_REMOTING = frozenset({"hudson.plugins.sshslaves.SSHLauncher"})
"""Launchers that copy the controller's own remoting to the agent at each connection, so that it is never too old."""
DIAL_IN = "hudson.slaves.JNLPLauncher"
"""Of agents that come by themselves, over TCP or as a WebSocket: which, only they know."""


def agent_lines(agents: Sequence[Agent], next_hop: str) -> tuple[AgentLine, ...]:
    """Each agent with what does not fit the release that comes next."""
    return tuple(
        AgentLine(agent.name, agent.online, agent.java, agent.remoting, tuple(_faults(agent, next_hop)))
        for agent in agents
    )


def agent_port_findings(agents: Sequence[Agent], port: int, routed: int | None) -> Iterator[Finding]:
    """``port``: where the controller listens for agents, -1 nowhere; ``routed``: where the router is to reach that, None nowhere."""
    inbound = [agent.name for agent in agents if agent.launcher == DIAL_IN]
    if inbound and port >= 0 and routed is None:
        text = (
            "`agent_port` of `environment.blue` is not set, so nothing leads agents to the TCP port of the new owner: those of these "
            f"that do not use WebSocket stay offline after the handover: {', '.join(inbound)}."
        )
        yield Finding("warning", "Agent port", text)


def agent_findings(lines: Sequence[AgentLine], source: str, hops: Sequence[str]) -> Iterator[Finding]:
    """What agents must change before the first of the hops, and what on the way."""
    target = hops[-1]
    if not lines:
        yield Finding("ok", "Agents", "there are none.")
        return
    if len(hops) > 1:
        yield Finding("blocker", "Hops", _stop(source, hops))
    faulty = [f"{line.name} ({', '.join(line.faults)})" for line in lines if line.faults]
    if faulty:
        text = (
            f"{hops[0]} needs Java {_either(java_for(hops[0]))} and remoting {remoting_minimum(hops[0])} on agents; "
            f"change these first, they can go on working for {source} meanwhile: {', '.join(faulty)}."
        )
        yield Finding("blocker", "Agents", text)
    newer = [line.name for line in lines if _newer_java(line, target)]
    if newer:
        text = f"these run a Java that {target} is not tested with: {', '.join(newer)}."
        yield Finding("warning", "Agents", text)
    silent = [line.name for line in lines if not line.online or line.java is None]
    asks_more = java_for(source) != java_for(target) or remoting_minimum(source) != remoting_minimum(target)
    if silent and asks_more:
        text = (
            f"could not be asked for their Java ({_either(java_for(target))} is needed): {', '.join(silent)}."
        )
        yield Finding("warning", "Agents", text)
    if not faulty and len(silent) < len(lines):
        asked = len(lines) - len(silent)
        yield Finding("ok", "Agents", f"{asked} have a Java and a remoting that {target} takes.")


def _stop(source: str, hops: Sequence[str]) -> str:
    stop, target = hops[0], hops[-1]
    both = sorted(set(java_for(stop)) & set(java_for(target)))
    return (
        f"no Java runs agents of both {source} and {target}: upgrade to {stop} first, change the agents to "
        f"Java {_either(both)} there, then upgrade to {target}."
    )


def _faults(agent: Agent, target: str) -> Iterator[str]:
    feature = java_feature(agent.java) if agent.java else None
    # An older Java cannot load the classes that the controller sends; a newer one mostly can.
    if feature is not None and feature < min(java_for(target)):
        yield f"Java {agent.java}"
    fetched = agent.launcher in FETCH_REMOTING
    if agent.remoting and not fetched and older(agent.remoting, remoting_minimum(target)):
        yield f"remoting {agent.remoting}"


def _newer_java(line: AgentLine, target: str) -> bool:
    feature = java_feature(line.java) if line.java else None
    return feature is not None and feature > min(java_for(target)) and feature not in java_for(target)


def _either(versions: Sequence[int]) -> str:
    return " or ".join(map(str, versions))
