"""``/scriptText``: always 200, the output or the error as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.scripts import (
    build_scripts,
    foreign,
    guard_scripts,
    item_scripts,
    look_scripts,
    node_scripts,
)
from rehearsal.jenkins.scripts.arguments import script_arguments, script_name
from rehearsal.jenkins.scripts.session import ScriptFailed, Session
from rehearsal.jenkins.secret_files import SecretFiles

__all__ = ["run"]

_Script = Callable[[Session, dict[str, Any]], Mapping[str, Any]]
_SCRIPTS: dict[str, _Script] = {
    **look_scripts.SCRIPTS,
    **guard_scripts.SCRIPTS,
    **build_scripts.SCRIPTS,
    **item_scripts.SCRIPTS,
    **node_scripts.SCRIPTS,
}
_LAST_PRINT = re.compile(r"\n?\s*print\s*\(?\s*([\"'])(.*)\1\s*\)?\s*\Z")
_NO_CODE = re.compile(r"//[^\n]*|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_SAME_BODY = re.compile(
    r"(?:\b(?:if|for|while|switch|catch)\b[^{}\n]*\)|\b(?:else|try|finally)|\A|;|\n)\s*\Z"
)
"""Before the brace of a block that belongs to the script's own body; any other begins a closure, a method or a class."""


def run(controller: Controller, secrets: SecretFiles, user: str, script: str) -> str:
    """The console's answer.

    A ``print`` of a constant in the last line, as python-jenkins appends it, is printed at the end, unless the script can return
    before: nothing is executed here, so one that can is taken to do it.
    """
    found = _LAST_PRINT.search(script)
    tail = ""
    if found is not None:
        script, tail = script[: found.start()], found[2]
        if _can_return(script):
            tail = ""
    session = Session(controller, secrets, user)
    try:
        with controller.lock:
            output = _output(session, script)
    except ScriptFailed as error:
        return foreign.stack_trace(str(error))
    return output + tail


def _can_return(script: str) -> bool:
    """Whether a ``return`` stands in the script's own body, also within ``if``, ``for`` or ``try``."""
    code = _NO_CODE.sub("", script)
    own = [True]
    for token in re.finditer(r"[{}]|\breturn\b", code):
        if token[0] == "{":
            own.append(own[-1] and _SAME_BODY.search(code, 0, token.start()) is not None)
        elif token[0] == "}":
            own = own[:-1] or [True]
        elif own[-1]:
            return True
    return False


def _output(session: Session, script: str) -> str:
    name = script_name(script)
    if name is None:
        return foreign.output(session, script)
    if name not in _SCRIPTS:
        raise ScriptFailed(
            f"groovy.lang.MissingPropertyException: No such property: {name} for class: Script1"
        )
    try:
        result = _SCRIPTS[name](session, script_arguments(script))
    except (KeyError, ValueError, TypeError) as error:
        raise ScriptFailed(f"java.lang.NullPointerException: {error}") from error
    return f"CI-UPGRADE-RESULT:{json.dumps(result, ensure_ascii=False)}\n"
