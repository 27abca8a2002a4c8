"""How the command line speaks with the bot that runs: one request, one reply, each a line of JSON over a unix socket."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from bot.errors import Refused

__all__ = [
    "LONGEST_REPLY",
    "LONGEST_REQUEST",
    "Reply",
    "Request",
    "Verb",
    "decode_reply",
    "decode_request",
    "encode",
    "socket_path",
]

LONGEST_REQUEST = 16 * 1024
"""Bytes, with the line's end."""
LONGEST_REPLY = 256 * 1024
"""Bytes, with the line's end."""

Verb = Literal["status", "question", "approve", "hold", "resume", "rollback"]


@dataclass(frozen=True, slots=True)
class Request:
    verb: Verb
    """``question`` asks what waits for approval, and changes nothing."""
    named: str = ""
    """A controller or an upgrade's id; empty where only one can be meant."""
    reason: str = ""
    evidence: str = ""
    """For ``approve``: the hash that the question came with."""


@dataclass(frozen=True, slots=True)
class Reply:
    done: bool
    """False: it was refused and nothing was changed."""
    text: str
    lines: tuple[str, ...] = ()
    evidence: str = ""
    """With a question: the hash of the figures that are shown."""
    needs_reason: bool = False
    """With a question: the comparison failed, so approving needs a written reason."""


def socket_path(state_directory: Path) -> Path:
    return state_directory / "bot.sock"


def encode(message: Request | Reply) -> bytes:
    """One line. A reply that is too long loses its last lines, and says so."""
    line = json.dumps(dataclasses.asdict(message)).encode() + b"\n"
    if isinstance(message, Reply) and len(line) > LONGEST_REPLY:
        kept = message.lines[: len(message.lines) // 2]
        if kept:
            return encode(dataclasses.replace(message, lines=(*kept[:-1], "… and more")))
        return encode(Reply(message.done, message.text[: LONGEST_REPLY // 16] + "…"))
    return line


def decode_request(line: bytes) -> Request:
    """:raises Refused: when it is none."""
    try:
        return _REQUEST.validate_json(line, strict=True)
    except ValidationError as error:
        raise Refused(
            "The request is not understood: use the ci-upgrade command of the same release."
        ) from error


def decode_reply(line: bytes) -> Reply:
    """:raises Refused: when it is none."""
    try:
        return _REPLY.validate_json(line, strict=True)
    except ValidationError as error:
        raise Refused(
            "The answer is not understood: use the ci-upgrade command of the same release."
        ) from error


_REQUEST, _REPLY = TypeAdapter(Request), TypeAdapter(Reply)
