"""What `make test` runs with is written down."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _name(requirement: str) -> str:
    """As package indexes spell it (https://packaging.python.org/en/latest/specifications/name-normalization/)."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_every_package_that_is_asked_for_is_pinned() -> None:
    """To one release, and from the index: a path of one machine is nothing to another."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = chain(project["dependencies"], *project["optional-dependencies"].values())
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[a-z0-9.]+", line)] == []
    assert {_name(one) for one in asked} - {_name(line) for line in lines} == set()
