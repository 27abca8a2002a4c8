"""The way in on the bot's machine: who may open it, and what clients that misbehave can do to the bot: nothing."""

from __future__ import annotations

import getpass
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.commands import Actor
from bot.errors import BotError, Refused
from bot.local_client import NotRunning, ask
from bot.local_protocol import LONGEST_REPLY, LONGEST_REQUEST, Reply, Request, decode_reply, socket_path
from handlers.local import MOST_AT_ONCE, LocalServer

STATUS = Request("status")


class Bot:
    """Answers, and notes what it was asked by whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, Actor]] = []
        self.reply = Reply(True, "fine")
        self.waiting: threading.Event | None = None

    def answer(self, request: Request, actor: Actor) -> Reply:
        self.asked.append((request, actor))
        if self.waiting is not None:
            self.waiting.wait(60)
        if request.named == "broken":
            raise RuntimeError("made-up fault")
        return self.reply


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def server(tmp_path: Path, bot: Bot) -> Iterator[LocalServer]:
    server = LocalServer(tmp_path, bot.answer)
    server.start()
    try:
        yield server
    finally:
        server.close()


def raw(directory: Path, data: bytes, *, end: bool = True) -> Reply:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(socket_path(directory)))
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return decode_reply(answer.readline())


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


def test_a_request_arrives_with_the_account_that_asks(server: LocalServer, bot: Bot, tmp_path: Path) -> None:
    """The account comes from the kernel; the request cannot name another."""
    request = Request("hold", "main", "the disk\nis full", "0f")
    assert ask(tmp_path, request) == Reply(True, "fine")
    ((asked, actor),) = bot.asked
    assert asked == request
    assert actor.id == f"cli:{getpass.getuser()}"


def test_an_account_without_a_name_is_known_by_its_number(
    server: LocalServer, bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs as a mere number."""

    def unknown(_uid: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("handlers.local.pwd.getpwuid", unknown)
    ask(tmp_path, STATUS)
    assert bot.asked[0][1].id == f"cli:{os.getuid()}"


def test_only_the_bots_own_account_can_open_it(server: LocalServer, tmp_path: Path) -> None:
    """File permission is the authentication."""
    assert stat.S_IMODE(socket_path(tmp_path).stat().st_mode) == 0o600


def test_a_socket_that_a_dead_bot_left_is_replaced(bot: Bot, tmp_path: Path) -> None:
    """And at the end nothing is left, so that the next command says that no bot runs."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(tmp_path)))
    with pytest.raises(NotRunning):
        ask(tmp_path, STATUS)
    server = LocalServer(tmp_path, bot.answer)
    server.start()
    assert ask(tmp_path, STATUS).done
    server.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotRunning):
        ask(tmp_path, STATUS)


def test_a_file_of_that_name_is_left_alone(
    bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The bot runs without this way in, and says why."""
    socket_path(tmp_path).write_text("somebody's")
    server = LocalServer(tmp_path, bot.answer)
    server.start()
    server.close()
    assert socket_path(tmp_path).read_text() == "somebody's"
    assert "something else" in caplog.text


def test_no_socket_where_others_could_put_their_own(
    bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can write the directory could answer in the bot's place."""
    tmp_path.chmod(0o777)
    server = LocalServer(tmp_path, bot.answer)
    server.start()
    server.close()
    assert not socket_path(tmp_path).exists()
    assert "others must not write it" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"hold main\n",
        b"[]\n",
        b"\xff\xfe\n",
        b"[" * 10_000 + b"\n",
        b'{"verb": "start"}\n',
        b'{"verb": "hold", "named": 7}\n',
        b'{"named": "main"}\n',
        b'{"verb": "status"',
        b"x" * (LONGEST_REQUEST + 1),
    ],
    ids=lambda line: repr(line[:30]),
)
def test_a_broken_line_is_refused_and_nothing_is_asked(
    server: LocalServer, bot: Bot, tmp_path: Path, line: bytes
) -> None:
    """With a sentence, and the next client is served."""
    refusal = raw(tmp_path, line)
    assert not refusal.done
    assert refusal.text
    assert bot.asked == []
    assert ask(tmp_path, STATUS).done


def test_a_client_that_sends_slowly_is_let_go(
    server: LocalServer, bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time counts for the whole request, not anew for each byte."""
    monkeypatch.setattr("handlers.local.REQUEST_SECONDS", 0.05)
    assert "too long" in raw(tmp_path, b'{"verb":', end=False).text
    assert bot.asked == []


def test_a_client_that_is_gone_does_not_stop_what_it_asked(
    server: LocalServer, bot: Bot, tmp_path: Path
) -> None:
    """Its request is done, and others are served."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(socket_path(tmp_path)))
        connection.sendall(b'{"verb": "hold"}\n')
    eventually(lambda: len(bot.asked) == 1)
    assert ask(tmp_path, STATUS).done


def test_a_fault_of_the_bot_is_told_and_the_next_client_is_served(
    server: LocalServer, tmp_path: Path
) -> None:
    """The log has the rest."""
    told = ask(tmp_path, Request("status", "broken"))
    assert not told.done
    assert "made-up fault" not in told.text
    assert ask(tmp_path, STATUS).done


def test_more_clients_than_it_serves_at_once_are_told_to_come_back(
    server: LocalServer, bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that keep every place busy cost eight threads and no more; a place that is left is given to the next."""
    monkeypatch.setattr("handlers.local.REQUEST_SECONDS", 60.0)
    with ExitStack() as clients:
        for _ in range(MOST_AT_ONCE):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(socket_path(tmp_path)))
        assert "busy" in raw(tmp_path, b"").text
        assert "busy" in ask(tmp_path, STATUS).text
    eventually(lambda: ask(tmp_path, STATUS).done)


def test_a_long_answer_is_cut_and_says_so(server: LocalServer, bot: Bot, tmp_path: Path) -> None:
    """The client would not take more."""
    bot.reply = Reply(True, "Status", ("x" * 1000,) * (2 * LONGEST_REPLY // 1000))
    told = ask(tmp_path, STATUS)
    assert told.lines[-1] == "… and more"
    assert 1 < len(told.lines) < len(bot.reply.lines)
    bot.reply = Reply(True, "x" * 2 * LONGEST_REPLY)
    assert ask(tmp_path, STATUS).text.endswith("x…")


def test_clients_that_do_not_take_a_long_answer_are_let_go(
    server: LocalServer, bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their places are free again."""
    monkeypatch.setattr("handlers.local.REPLY_SECONDS", 0.05)
    monkeypatch.setattr("handlers.local.REQUEST_SECONDS", 60.0)
    bot.reply = Reply(True, "Status", ("x" * 1000,) * (LONGEST_REPLY * 9 // 10_000))
    with ExitStack() as clients:
        for _ in range(MOST_AT_ONCE):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.connect(str(socket_path(tmp_path)))
            client.sendall(b'{"verb": "status"}\n')
        eventually(lambda: len(bot.asked) == MOST_AT_ONCE)
        bot.reply = Reply(True, "fine")
        eventually(lambda: ask(tmp_path, STATUS).done)


def test_what_is_under_way_at_the_end_is_answered(bot: Bot, tmp_path: Path) -> None:
    """A bot that stops takes nothing more, and does not leave a client in doubt."""
    server = LocalServer(tmp_path, bot.answer)
    server.start()
    bot.waiting = threading.Event()
    replies: list[Reply] = []
    asking = threading.Thread(target=lambda: replies.append(ask(tmp_path, Request("rollback"))))
    asking.start()
    eventually(lambda: len(bot.asked) == 1)
    closing = threading.Thread(target=server.close)
    closing.start()
    eventually(lambda: not socket_path(tmp_path).exists())
    bot.waiting.set()
    closing.join(60)
    asking.join(60)
    assert replies == [Reply(True, "fine")]


def test_a_bot_that_dies_before_it_answers_leaves_the_outcome_open(tmp_path: Path) -> None:
    """The text says so instead of "nothing was changed"."""
    with socket.socket(socket.AF_UNIX) as dying:
        dying.bind(str(socket_path(tmp_path)))
        dying.listen(1)

        def die() -> None:
            connection, _ = dying.accept()
            connection.recv(4096)
            connection.close()

        thread = threading.Thread(target=die)
        thread.start()
        with pytest.raises(BotError, match="not known"):
            ask(tmp_path, STATUS)
        thread.join(60)


def test_a_reason_that_is_too_long_is_refused_before_it_is_sent(
    server: LocalServer, bot: Bot, tmp_path: Path
) -> None:
    """A connection that ends in the middle would leave the outcome open."""
    with pytest.raises(Refused, match="shorten"):
        ask(tmp_path, Request("hold", "main", "x" * LONGEST_REQUEST))
    assert bot.asked == []


def test_a_directory_that_is_too_long_for_a_socket_is_refused_with_its_name(tmp_path: Path) -> None:
    """Unix sockets have 108 bytes for their path (unix(7))."""
    with pytest.raises(Refused, match="too long"):
        ask(tmp_path / ("x" * 120), STATUS)
