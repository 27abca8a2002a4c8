"""The table of scripts is true: what stands there exists, and what exists stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.jenkins.script_table import SCRIPTS as TABLE
from bot.plugins.version_number import VersionNumber
from bot.versions import OLDEST_SOURCE

SCRIPTS = Path(__file__).parents[2] / "adapters/jenkins/scripts"
CORE = ("hudson.", "jenkins.", "java.", "javax.xml.transform.", "groovy.")
PLUGINS = ("hudson.plugins.", "hudson.matrix.", "hudson.maven.", "jenkins.plugins.", "jenkins.branch.")
"""Packages of plugins that look like the core's."""


def test_every_script_has_its_row_and_names_itself() -> None:
    """One row a file; the first line tells an auditor and the stand-in which script it is."""
    rows = re.findall(r"^\| `([a-z-]+)` \|", (SCRIPTS / "README.md").read_text(), re.MULTILINE)
    files = {file.stem: file for file in SCRIPTS.glob("*.groovy")}
    assert sorted(rows) == sorted(files)
    for name, file in files.items():
        assert file.read_text().splitlines()[0] == f"// ci-upgrade script: {name}"


def test_plugin_classes_are_only_looked_up_by_name() -> None:
    """An import of a class that is not of the core or of Java fails to compile where its plugin is missing."""
    for file in SCRIPTS.glob("*.groovy"):
        imports = re.findall(r"^import (?:static )?(\S+)", file.read_text(), re.MULTILINE)
        foreign = [one for one in imports if not one.startswith(CORE) or one.startswith(PLUGINS)]
        assert foreign == [], file.name


def test_every_script_gives_its_result_as_marked_json() -> None:
    """`/scriptText` answers 200 whatever happens: only the mark tells a result from an error text."""
    for file in SCRIPTS.glob("*.groovy"):
        text = file.read_text()
        assert "println('CI-UPGRADE-RESULT:' + " in text, file.name
        assert "@ARGUMENTS@" in text, file.name


def test_every_script_has_its_timeout_and_range() -> None:
    """The adapter takes them from there; a script that walks over every job has minutes."""
    texts = {file.stem: file.read_text() for file in SCRIPTS.glob("*.groovy")}
    assert sorted(TABLE) == sorted(texts)
    for name, script in TABLE.items():
        assert 0 <= script.seconds <= 600, name
        walks = re.search(r"[aA]llItems\(", texts[name]) is not None
        assert not walks or script.seconds >= 60, name


def test_preflight_asks_for_what_every_script_needs() -> None:
    """The oldest release that may be upgraded has all that any of them uses."""
    assert max((script.since for script in TABLE.values()), key=VersionNumber) == OLDEST_SOURCE


@pytest.mark.parametrize("name", TABLE)
def test_plugin_classes_are_those_of_the_table(name: str) -> None:
    """Each stands in the text as a string: compared with a name, or loaded where its absence is expected."""
    text = (SCRIPTS / f"{name}.groovy").read_text()
    named = set(re.findall(r"'((?:[a-z]\w*\.){2,}[A-Z]\w*)'", text)) - {"hudson.diagnosis.OldDataMonitor"}
    assert named == set(TABLE[name].plugin_classes)
    assert ("loadClass(" in text) <= ("ClassNotFoundException" in text)
