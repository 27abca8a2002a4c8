"""What the scripts use of Jenkins exists in every LTS line from 2.346 on: held to what was captured from its source."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from adapters.jenkins.script_table import SCRIPTS as TABLE
from tests.unit.jenkins_api.capture import CAPTURED, OLDEST, USED, declares, found

SCRIPTS = Path(__file__).parents[2] / "adapters/jenkins/scripts"
TEXTS = {file.stem: file.read_text() for file in SCRIPTS.glob("*.groovy")}
USE = yaml.safe_load(USED.read_text())
NOISE = re.compile(r"^import .*$|//.*$|'(?:[^'\\]|\\.)*'", re.MULTILINE)


def property_of(member: str) -> set[str]:
    """The names under which Groovy lets a member be used: ``getNodes()`` is ``nodes`` as well."""
    name = member.removesuffix("()")
    accessor = re.fullmatch(r"(?:get|is|set)([A-Z]\w*)", name)
    return {name} | ({accessor[1][0].lower() + accessor[1][1:]} if accessor else set())


def known_members() -> set[str]:
    members = {member for of_class in USE["classes"].values() for member in of_class}
    nested = {name.partition("$")[2] for name in USE["classes"]}
    return nested | {name for member in members for name in property_of(member)}


def test_captured_is_what_the_table_names() -> None:
    """Whoever adds to the table looks it up in the source again."""
    captured = json.loads(CAPTURED.read_text())
    assert captured["members"] == sorted(
        f"{name}.{member}" for name, members in USE["classes"].items() for member in members
    )
    assert captured["releases"][0] == ".".join(str(part) for part in OLDEST)
    assert len(captured["releases"]) >= 18


def test_everything_exists_in_every_release() -> None:
    """No LTS line since the oldest that a script is said to run on lacks anything that is used without being asked for first."""
    captured = json.loads(CAPTURED.read_text())
    assert captured["missing"] == {}
    assert {script.since for script in TABLE.values()} == {captured["releases"][0]}


@pytest.mark.parametrize("name", TEXTS)
def test_every_word_of_a_script_is_accounted_for(name: str) -> None:
    """Each member that is used is Jenkins' (and looked up), a plugin's, XStream's, Java's or Groovy's, or the script's own."""
    words = set(re.findall(r"\.\s*([A-Za-z_]\w*)", NOISE.sub("", TEXTS[name])))
    own = set(re.findall(r"(\w+):|\b(?:def|final \S+|static \w+) (\w+)", TEXTS[name]))
    guarded = {word for one in USE["guarded"] for word in property_of(one)}
    elsewhere = {*guarded, *USE["plugins"], *USE["xstream"], *USE["java"], *USE["arguments"]}
    assert words - known_members() - elsewhere - {word for pair in own for word in pair} == set()


def test_every_import_is_in_the_table() -> None:
    """Except Java's own."""
    imports = {
        one
        for text in TEXTS.values()
        for one in re.findall(r"^import (\S+)$", text, re.MULTILINE)
        if not one.startswith(("java.", "javax."))
    }
    outer = {name.partition("$")[0] for name in USE["classes"]}
    assert imports - outer == set()


def test_nothing_in_the_table_is_unused() -> None:
    """A member that no script uses any more goes out."""
    text = "\n".join(TEXTS.values())
    unused = [
        f"{name}.{member}"
        for name, members in USE["classes"].items()
        for member in members
        if not member.startswith(("[", "<"))
        and not any(re.search(rf"\b{word}\b", text) for word in property_of(member))
    ]
    assert unused == []


def test_lookup_tells_declarations_from_uses() -> None:
    """A call is none, and a nested class has members of its own."""
    source = "public class A { B b; public int getX() { return getY(); } static class B { final int z = 1; public B(int q) {} } }"
    assert declares(source, "getX()")
    assert not declares(source, "getY()")
    assert found(source, "p.A$B", "z")
    assert found(source, "p.A$B", "<init>")
    assert not found(source, "p.A$B", "getX()")
    assert not found(source, "p.A$C", "[type]")
