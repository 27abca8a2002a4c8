"""Looks up what the scripts use in Jenkins' source: ``python -m tests.unit.jenkins_api.capture JENKINS.git`` writes captured.json.

``JENKINS.git`` is a clone of jenkinsci/jenkins with the branches ``stable-2.346`` and later.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

__all__ = ["CAPTURED", "OLDEST", "USED"]

HERE = Path(__file__).parent
USED = HERE / "used.yaml"
CAPTURED = HERE / "captured.json"
OLDEST = (2, 346)
NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)
"""Comments and literals, whose braces and words would be mistaken."""


def declares(source: str, member: str) -> bool:
    """Whether Java source text declares it, told by what stands around the name."""
    name = re.escape(member.removesuffix("()"))
    after = r"\s*\(" if member.endswith("()") else r"\s*[=;]"
    return re.search(rf"(?<=[\w>\]])(?<!return)(?<!new)(?<!throw)\s+{name}{after}", source) is not None


def body_of(source: str, nested: str) -> str:
    """The text of a nested type; all of it when there is none of that name."""
    start = re.search(rf"\b(?:class|interface|enum)\s+{nested}\b", source)
    if start is None:
        return ""
    depth = 0
    for place in range(source.index("{", start.end()), len(source)):
        depth += {"{": 1, "}": -1}.get(source[place], 0)
        if depth == 0:
            return source[start.start() : place + 1]
    return source[start.start() :]


def found(source: str, name: str, member: str) -> bool:
    simple = name.rpartition("$")[2] if "$" in name else name.rpartition(".")[2]
    body = body_of(source, simple)
    if member == "[type]":
        return body != ""
    if member == "<init>":
        return re.search(rf"public\s+{simple}\s*\(", body) is not None
    return declares(body, member)


def main(repository: str) -> None:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", repository, *words], capture_output=True, text=True, check=True
        ).stdout

    branches = sorted(
        tuple(int(part) for part in line.strip(" *").rpartition("stable-")[2].split("."))
        for line in git("branch", "--all", "--list", "*stable-2.*", "--format=%(refname:short)").splitlines()
    )
    checked = [branch for branch in branches if branch >= OLDEST]
    missing: dict[str, list[str]] = {}
    used = yaml.safe_load(USED.read_text())["classes"]
    for branch in checked:
        label = ".".join(str(part) for part in branch)
        for name, members in used.items():
            path = f"core/src/main/java/{name.partition('$')[0].replace('.', '/')}.java"
            source = NO_CODE.sub("", git("show", f"stable-{label}:{path}"))
            for member in members:
                if not found(source, name, member):
                    missing.setdefault(f"{name}.{member}", []).append(label)
    captured = {
        "releases": [".".join(str(part) for part in branch) for branch in checked],
        "members": sorted(f"{name}.{member}" for name, members in used.items() for member in members),
        "missing": missing,
    }
    CAPTURED.write_text(json.dumps(captured, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
