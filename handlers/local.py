"""The way in on the bot's own machine: a unix socket that only the bot's own account, and root, can open.

File permission is the authentication; the kernel tells who is at the other end (``SO_PEERCRED``, see unix(7)).
"""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bot.commands import Actor
from bot.errors import BotError, Refused
from bot.local_protocol import LONGEST_REQUEST, Reply, Request, decode_request, encode, socket_path
from bot.people import local_id

__all__ = ["LocalServer"]

log = logging.getLogger(__name__)

MOST_AT_ONCE = 8
REQUEST_SECONDS = 5.0
"""Within this time the whole request must have come."""
REPLY_SECONDS = 5.0
"""Within this time the whole reply must have been taken."""
CLOSE_SECONDS = 5.0
"""How long requests under way are waited for at the end."""


class LocalServer:
    def __init__(self, state_directory: Path, answer: Callable[[Request, Actor], Reply]) -> None:
        """``answer`` is called from up to eight threads at once."""
        self._path = socket_path(state_directory)
        self._answer = answer
        self._listening: socket.socket | None = None
        self._closing = threading.Event()
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Listen, in place of a socket that an earlier bot left. Call it while the state directory's lock is held.

        Raises nothing: without this way in Slack still works, so the fault is only logged.
        """
        try:
            self._require_own_directory()
            self._listening = self._listen()
        except (OSError, Refused) as error:
            log.warning("the command line cannot reach this bot through %s: %s", self._path, error)
            return
        accepting = threading.Thread(target=self._accept, args=(self._listening,), name="local", daemon=True)
        self._threads.append(accepting)
        accepting.start()

    def close(self) -> None:
        """Take nothing more; what was begun is answered, within seconds."""
        if self._listening is None:
            return
        self._closing.set()
        self._path.unlink(missing_ok=True)
        # close() alone would leave a thread in accept() waiting for ever (see accept(2), shutdown(2)).
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        until = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _require_own_directory(self) -> None:
        """Who can write the directory can put a socket of their own there, and would be asked instead of the bot."""
        found = self._path.parent.stat()
        if found.st_uid not in (os.getuid(), 0) or found.st_mode & stat.S_IWOTH:
            raise Refused("its directory has to belong to the bot's account, and others must not write it")

    def _listen(self) -> socket.socket:
        if self._path.exists() and not stat.S_ISSOCK(self._path.lstat().st_mode):
            raise Refused("there is something else of that name")
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(fresh))
            # Nobody can connect before listen(), so there is no moment in which others can.
            fresh.chmod(0o600)
            listening.listen(MOST_AT_ONCE)
            fresh.rename(self._path)
        except OSError:
            listening.close()
            raise
        return listening

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError as error:
                if self._closing.is_set():
                    return
                log.warning("a connection of the command line failed: %s", error)
                self._closing.wait(0.1)  # out of file descriptors, say: neither give up nor spin
                continue
            if not self._free.acquire(blocking=False):
                with connection:
                    _send(connection, Reply(False, "The bot is busy with other requests: try again."))
                continue
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="local-request", daemon=True
            )
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                _send(connection, self._reply(connection))
        finally:
            self._free.release()

    def _reply(self, connection: socket.socket) -> Reply:
        try:
            request = decode_request(_line(connection))
            actor = _peer(connection)
            log.info("%s asks on the command line: %s %s", actor.id, request.verb, request.named)
            return self._answer(request, actor)
        except BotError as error:
            return Reply(False, str(error))
        except OSError as error:
            return Reply(False, f"The request did not arrive: {error}")
        except Exception:
            log.exception("a request of the command line failed")
            return Reply(
                False,
                "The bot failed at this; its log says why. `ci-upgrade status` says where things stand.",
            )


def _line(connection: socket.socket) -> bytes:
    """:raises Refused: when it is too long, or does not come in time."""
    until, line = time.monotonic() + REQUEST_SECONDS, b""
    while not line.endswith(b"\n"):
        left = until - time.monotonic()
        if left <= 0:
            raise Refused("The request took too long.")
        connection.settimeout(left)
        try:
            part = connection.recv(4096)
        except TimeoutError as error:
            raise Refused("The request took too long.") from error
        if not part:
            raise Refused("The request ended in the middle.")
        line += part
        if len(line) > LONGEST_REQUEST:
            raise Refused(f"The request is longer than {LONGEST_REQUEST} bytes: shorten the reason.")
    return line


def _peer(connection: socket.socket) -> Actor:
    form = struct.Struct("3i")  # pid, uid, gid, as in <sys/socket.h>
    _, uid, _ = form.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, form.size))
    try:
        account = pwd.getpwuid(uid).pw_name
    except KeyError:
        account = str(uid)  # containers often run as a number without a name
    return Actor(local_id(account), account, channel="")


def _send(connection: socket.socket, reply: Reply) -> None:
    connection.settimeout(REPLY_SECONDS)
    # What was done is in the journal and in the thread, whether or not the asker still listens.
    with contextlib.suppress(OSError):
        connection.sendall(encode(reply))
