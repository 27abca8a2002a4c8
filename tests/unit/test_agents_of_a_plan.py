"""Agents, Java and hops: who cannot work for the target, and when an upgrade has to stop on the way."""

from __future__ import annotations

import pytest

from bot.model import Agent
from bot.upgrade_plan.agents import agent_findings, agent_lines
from bot.upgrade_plan.records import Finding
from bot.versions import hops, java_feature, java_for, remoting_minimum

CURRENT = "3309.v27b_9314fd1a_4"


def findings(source: str, target: str, *agents: Agent) -> list[Finding]:
    way = hops(source, target)
    return list(agent_findings(agent_lines(agents, way[0]), source, way))


@pytest.mark.parametrize(
    ("version", "java", "remoting"),
    [
        ("2.346.3", (8, 11, 17), "3.14"),
        ("2.361.1", (11, 17), "4.2.1"),
        ("2.387.3", (11, 17), "4.7"),
        ("2.426.2", (11, 17, 21), "4.13"),
        ("2.479.1", (17, 21), "3107.v665000b_51092"),
        ("2.541.2", (17, 21, 25), "3107.v665000b_51092"),
        ("2.555.1", (21, 25), "3176.v207ec082a_8c0"),
        ("2.303.1", (8, 11), "0"),
    ],
)
def test_what_each_core_needs(version: str, java: tuple[int, ...], remoting: str) -> None:
    """Java feature versions and the least remoting, as the core's own source names them."""
    assert java_for(version) == java
    assert remoting_minimum(version) == remoting


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [
        ("2.426.2", "2.516.3", ("2.516.3",)),
        ("2.346.3", "2.516.3", ("2.516.3",)),
        ("2.332.4", "2.516.3", ("2.462.3", "2.516.3")),
        ("2.361.4", "2.555.1", ("2.541.3", "2.555.1")),
        ("2.277.4", "2.568.1", ("2.462.3", "2.568.1")),
    ],
)
def test_hops(source: str, target: str, way: tuple[str, ...]) -> None:
    """A stop is needed exactly when no Java runs agents of both; at the stop there is a Java for either side."""
    assert hops(source, target) == way
    if len(way) == 2:
        assert set(java_for(way[0])) & set(java_for(source))
        assert set(java_for(way[0])) & set(java_for(target))


def test_blocker_names_the_agents_and_what_is_wrong() -> None:
    """Old Java and old remoting block; those that fit are not named."""
    found = findings(
        "2.426.2",
        "2.516.3",
        Agent("fine", True, "17.0.9", CURRENT),
        Agent("java", True, "11.0.20", CURRENT),
        Agent("remoting", True, "21.0.1", "4.13.3"),
    )
    [blocker] = [one for one in found if one.level == "blocker"]
    assert "java (Java 11.0.20)" in blocker.text
    assert "remoting (remoting 4.13.3)" in blocker.text
    assert "fine" not in blocker.text
    assert "Java 17 or 21" in blocker.text


def test_agents_that_fetch_remoting_have_no_old_one() -> None:
    """SSH agents get the new controller's remoting when they connect to it; their Java still counts."""
    ssh = "hudson.plugins.sshslaves.SSHLauncher"
    assert not [
        one
        for one in findings("2.426.2", "2.516.3", Agent("a", True, "17", "4.13", ssh))
        if one.level == "blocker"
    ]
    [blocker] = [
        one
        for one in findings("2.426.2", "2.516.3", Agent("a", True, "11", "4.13", ssh))
        if one.level == "blocker"
    ]
    assert "a (Java 11)" in blocker.text


def test_silent_agents_are_a_warning_only_where_more_is_asked() -> None:
    """An offline agent is named when the target asks for more than the running release does."""
    offline = Agent("away", False, None, None)
    assert [one.level for one in findings("2.426.2", "2.516.3", offline)] == ["warning"]
    assert "away" in findings("2.426.2", "2.516.3", offline)[0].text
    assert not [one for one in findings("2.504.3", "2.516.3", offline) if one.level == "warning"]


def test_newer_java_is_a_warning_not_a_blocker() -> None:
    """It mostly works; it is only not among those that are tested."""
    found = findings("2.504.3", "2.516.3", Agent("modern", True, "25", CURRENT))
    assert ("warning", True) in [(one.level, "modern" in one.text) for one in found]
    assert not [one for one in found if one.level == "blocker"]


def test_a_needed_stop_blocks_and_says_what_to_do_there() -> None:
    """Agents are held to the stop, not to the target."""
    found = findings("2.332.4", "2.516.3", Agent("old", True, "11.0.20", "4.13.3"))
    [blocker] = [one for one in found if one.level == "blocker"]
    assert "upgrade to 2.462.3 first" in blocker.text
    assert "Java 17 or 21 there" in blocker.text


@pytest.mark.parametrize(
    ("text", "feature"), [("17.0.15", 17), ("1.8.0_392", 8), ("21", 21), ("25-ea", 25), ("unknown", None)]
)
def test_java_feature(text: str, feature: int | None) -> None:
    """From what a JVM says of itself."""
    assert java_feature(text) == feature
