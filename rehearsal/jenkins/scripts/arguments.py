"""How a script of the bot says its name and brings its arguments, as ``adapters/jenkins/scripts/README.md`` fixes it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

__all__ = ["script_arguments", "script_name"]

_NAME = re.compile(r"\A// ci-upgrade script: ([a-z-]+)\s*$", re.MULTILINE)
_ARGUMENTS = re.compile(r"new String\(([^()]*?)(?:\.join\(''\))?\.decodeBase64\(\)")

_LITERAL = re.compile(r"'([A-Za-z0-9+/=]*)'")
"""One, or several joined: a literal of a class file holds at most 65,535 bytes."""


def script_name(text: str) -> str | None:
    """The name in the first line, None for any other script."""
    found = _NAME.match(text)
    return None if found is None else found[1]


def script_arguments(text: str) -> dict[str, Any]:
    """The JSON object that the script parses.

    :raises ValueError: when there is none.
    """
    found = _ARGUMENTS.search(text)
    if found is None:
        raise ValueError("the script brings no arguments")
    arguments = json.loads(base64.b64decode("".join(_LITERAL.findall(found[1]))))
    if not isinstance(arguments, dict):
        raise ValueError("the arguments are no JSON object")
    return arguments
