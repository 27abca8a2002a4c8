"""Images from a real registry: looked up, pulled with progress, pinned by digest; and what goes wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.environments.docker.images import reference
from bot.errors import Permanent, Temporary
from rehearsal.controller_image import tag
from tests.docker.one_engine import ONE_ENGINE
from tests.docker.registry import Gate, Registry, registry
from tests.docker.rig import DockerRig

pytestmark = ONE_ENGINE

VERSION = "2.440.1"


@pytest.fixture
def hub(engine: Any, tmp_path: Path) -> Iterator[Registry]:
    """Holds the release; the engine does not."""
    with registry(tmp_path) as running:
        name = f"{running.address}/jenkins"
        engine.images.get(tag(VERSION)).tag(name, f"{VERSION}-lts-jdk17")
        engine.images.push(name, f"{VERSION}-lts-jdk17")
        engine.images.remove(f"{name}:{VERSION}-lts-jdk17")
        yield running
        # By this name: the same image has another, under which the other tests know it.
        for image in engine.images.list(name):
            tags, digests = (
                [one for one in image.attrs[kind] or () if one.startswith(name)]
                for kind in ("RepoTags", "RepoDigests")
            )
            for known in tags or digests:  # a digest goes with its tag
                engine.images.remove(known)


def _environment(rig: DockerRig, address: str) -> Any:
    from adapters.environments.docker.environment import DockerEnvironment

    return DockerEnvironment(rig.name, rig.config(image=f"{address}/jenkins:{{version}}-lts-jdk17"))


def test_a_release_in_the_registry_is_found_without_pulling_it(rig: DockerRig, hub: Registry) -> None:
    """The plan changes nothing, and names the digest."""
    core = _environment(rig, hub.address).core(VERSION, rig.blue)
    assert core.reference.startswith(f"{hub.address}/jenkins:{VERSION}-lts-jdk17@sha256:")
    assert rig.client.images.list(f"{hub.address}/jenkins") == []


def test_a_pulled_release_is_pinned_by_its_digest(rig: DockerRig, hub: Registry) -> None:
    """Green is made from the very image that was looked at, whatever the tag says later."""
    environment = _environment(rig, hub.address)
    planned = environment.core(VERSION, rig.blue)
    assert environment.fetch(VERSION, rig.blue, lambda _text: None) == planned
    green = environment.create(f"{rig.name}-u1", rig.blue, VERSION, "u1")
    made = rig.inspect(green.name)
    digest = planned.reference.partition("@")[2]
    assert made["Config"]["Labels"]["ci-upgrade.digest"] == f"{hub.address}/jenkins@{digest}"
    assert made["Image"] == rig.client.images.get(tag(VERSION)).id


def test_an_image_that_is_nowhere_is_refused(rig: DockerRig, hub: Registry) -> None:
    """Before anything is made."""
    environment = _environment(rig, hub.address)
    with pytest.raises(Permanent, match="no image"):
        environment.core("2.999.1", rig.blue)
    with pytest.raises(Permanent):
        environment.create(f"{rig.name}-u1", rig.blue, "2.999.1", "u1")
    assert not any(rig.left().values())


def test_a_registry_that_does_not_answer_is_asked_again(rig: DockerRig) -> None:
    """Nobody knows yet whether there is such an image."""
    with pytest.raises(Temporary):
        _environment(rig, "127.0.0.1:9").core(VERSION, rig.blue)


def test_a_pull_that_is_cut_off_is_made_again(rig: DockerRig, hub: Registry) -> None:
    """It ends as a temporary failure with nothing made, and the next one succeeds."""
    gate = Gate(int(hub.address.rsplit(":", 1)[1]), limit=100)
    gate.start()
    try:
        environment = _environment(rig, f"127.0.0.1:{gate.port}")
        with pytest.raises(Temporary):
            environment.fetch(VERSION, rig.blue, lambda _text: None)
        gate.open.set()
        assert environment.fetch(VERSION, rig.blue, lambda _text: None).version == VERSION
    finally:
        gate.close()
        for image in rig.client.images.list(f"127.0.0.1:{gate.port}/jenkins"):
            rig.client.images.remove(image.tags[0])


@pytest.mark.parametrize(
    ("blue", "expected"),
    [
        ("jenkins/jenkins:2.426.2-lts-jdk17", "jenkins/jenkins:2.440.1-lts-jdk17"),
        ("jenkins/jenkins:lts", "jenkins/jenkins:2.440.1-lts"),
        ("jenkins/jenkins:lts-jdk21", "jenkins/jenkins:2.440.1-lts-jdk21"),
        ("jenkins/jenkins", "jenkins/jenkins:2.440.1-lts"),
        ("registry.example.com:5000/ci/jenkins:2.426.2", "registry.example.com:5000/ci/jenkins:2.440.1"),
        ("jenkins/jenkins:2.426.2-lts@sha256:0123", "jenkins/jenkins:2.440.1-lts"),
    ],
)
def test_the_target_is_blues_image_with_another_tag(blue: str, expected: str) -> None:
    assert reference(None, blue, "2.440.1") == expected


def test_a_weekly_release_has_no_lts_in_its_tag() -> None:
    assert reference(None, "jenkins/jenkins:latest-jdk21", "2.530") == "jenkins/jenkins:2.530-jdk21"


def test_a_tag_without_a_version_needs_a_template() -> None:
    """And the text says which key to set."""
    with pytest.raises(Permanent, match=r"environment\.image"):
        reference(None, "ours/jenkins:stable", "2.440.1")
    assert reference("ours/jenkins:j{version}", "ours/jenkins:stable", "2.440.1") == "ours/jenkins:j2.440.1"
