"""What an update centre publishes is read as Jenkins reads it, from an excerpt of the public files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rehearsal.updates
from bot.errors import Permanent
from bot.model import Dependency
from bot.plugins.update_center_format import parse_plugin_versions, parse_update_center

EXCERPT = Path(rehearsal.updates.__file__).parent
PUBLISHED = (EXCERPT / "update-center.actual.json").read_text(encoding="utf-8")


def test_excerpt_of_the_public_file() -> None:
    """Every plugin, its needs and its checksum, the core, the advisories and the deprecations are there."""
    found = parse_update_center(PUBLISHED, "here", 5.0)
    raw = json.loads(PUBLISHED)
    assert (found.core, found.origin, found.fetched_at) == ("2.516.3", "here", 5.0)
    assert set(found.releases) == set(raw["plugins"])
    git = found.releases["git"]
    assert (git.version, git.required_core, git.size, git.title) == ("5.7.0", "2.479.1", 619928, "Git")
    assert git.sha256 == "20f7121b7cfda1d31b0c447b3e3598dc9e5f04fd5fe7e9e784122a496c2e5cea"
    assert git.url == "https://updates.jenkins.io/download/plugins/git/5.7.0/git.hpi"
    assert Dependency("git-client", "6.1.0", False) in git.dependencies
    assert Dependency("promoted-builds", "965.vcda_c6a_e0998f", True) in git.dependencies
    assert len(found.advisories) == len(raw["warnings"])
    assert found.deprecations["BlameSubversion"].startswith("https://")


def test_advisory_applies_to_whole_versions() -> None:
    """The patterns of the public file tell affected releases from those that are not."""
    advisories = {one.id: one for one in parse_update_center(PUBLISHED, "here", 0).advisories}
    core = advisories["core-2_528"]
    assert core.kind == "core"
    assert core.affects("2.426.2")
    assert core.affects("2.516.2")
    assert not core.affects("2.516.3")
    assert not core.affects("2.528")


def test_wrapped_file_says_the_same() -> None:
    """``update-center.json`` is the same data inside of a call."""
    wrapped = f"updateCenter.post(\n{PUBLISHED}\n);"
    assert parse_update_center(wrapped, "x", 0) == parse_update_center(PUBLISHED, "x", 0)


def test_every_version_of_a_plugin() -> None:
    """``plugin-versions.json`` is a list of releases for each plugin."""
    found = parse_plugin_versions((EXCERPT / "plugin-versions.json").read_text(encoding="utf-8"), "here")
    versions = {release.version for release in found["matrix-auth"]}
    assert {"3.2.1", "3.2.2"} <= versions
    assert all(release.sha256 for releases in found.values() for release in releases)


@pytest.mark.parametrize(
    "text", ["", "<html>sign in</html>", "[]", '{"plugins": []}', '{"core": {}}', "{broken"]
)
def test_other_files_are_refused_by_name(text: str) -> None:
    """A login page or half a file is not taken for an update centre without plugins."""
    with pytest.raises(Permanent, match="proxy page"):
        parse_update_center(text, "proxy page", 0)


def entry(**other: Any) -> dict[str, Any]:
    return {"name": "x", "version": "1", "url": "http://x", **other}


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        (entry(requiredCore="null"), "required_core", ""),
        (entry(), "required_core", ""),
        (entry(sha256="AAAA"), "sha256", ""),
        (entry(sha256="not base64!"), "sha256", ""),
        (entry(dependencies=[{"name": "y"}, {"version": "1"}, 3]), "dependencies", (Dependency("y", "0"),)),
    ],
)
def test_odd_entries_are_read_as_far_as_they_go(raw: dict[str, Any], field: str, value: object) -> None:
    """Fields that are missing or damaged are empty; an empty checksum means that the file is never taken."""
    found = parse_update_center(json.dumps({"plugins": {"x": raw}}), "x", 0)
    assert getattr(found.releases["x"], field) == value


def test_unusable_entries_are_passed_over() -> None:
    """One plugin without a version does not hide the others."""
    found = parse_update_center(
        json.dumps({"plugins": {"bad": {"name": "bad"}, "worse": 7, "x": entry()}}), "x", 0
    )
    assert set(found.releases) == {"x"}


def test_label_marks_a_deprecated_plugin() -> None:
    """Sites without a list of deprecations mark plugins by a label; the list's own address wins."""
    data = {
        "plugins": {
            "a": {**entry(labels=["deprecated"]), "name": "a"},
            "b": {**entry(labels=["deprecated"]), "name": "b"},
        },
        "deprecations": {"b": {"url": "https://why"}},
    }
    found = parse_update_center(json.dumps(data), "x", 0)
    assert found.deprecations == {"a": "https://plugins.jenkins.io/a/", "b": "https://why"}
