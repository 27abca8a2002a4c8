"""Asks the bot that runs on this machine."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from bot.errors import BotError, Refused
from bot.local_protocol import (
    LONGEST_REPLY,
    LONGEST_REQUEST,
    Reply,
    Request,
    decode_reply,
    encode,
    socket_path,
)

__all__ = ["NotRunning", "ask"]

ANSWER_SECONDS = 60.0


class NotRunning(BotError):
    """No bot listens in the state directory. Nothing was changed."""


def ask(state_directory: Path, request: Request) -> Reply:
    """Send one request.

    :raises NotRunning: when no bot listens.
    :raises Refused: when this account may not ask, or the answer is not understood.
    :raises BotError: when no answer came; whether it was done is not known then.
    """
    path, line = socket_path(state_directory), encode(request)
    if len(line) > LONGEST_REQUEST:
        raise Refused(
            f"The request is longer than {LONGEST_REQUEST} bytes: shorten the reason. Nothing was changed."
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(
                f"No bot runs on {state_directory}: start it with `ci-upgrade serve`, upgrades go on where they were."
            ) from error
        except PermissionError as error:
            raise Refused(f"You may not use {path}: work as the account that the bot runs as.") from error
        except OSError as error:
            raise Refused(f"{path} cannot be used: {error}") from error
        try:
            # A bot that is busy says so and closes without a look at the request; its words are there to be read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(line)
            line = b""
            while not line.endswith(b"\n") and len(line) <= LONGEST_REPLY:
                part = connection.recv(65536)
                if not part:
                    break
                line += part
        except OSError as error:
            raise BotError(
                f"The bot did not answer ({error}); whether it was done is not known. `ci-upgrade status` says where things stand."
            ) from error
    if not line.endswith(b"\n"):
        raise BotError(
            "The bot ended before it answered; whether it was done is not known. `ci-upgrade status` says where things stand."
        )
    return decode_reply(line)
