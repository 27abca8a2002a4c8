"""The load generator's accounting, against a small controller in this process."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.catalogue import Catalogue, arrange
from rehearsal.exchanges import Exchange, ExchangeLog, read_exchanges
from rehearsal.load import Load, Visitor

JOBS = arrange(["canary", "app-1", "app-3", "serial-1", "timer-1", "team-a/app-2"])
ENOUGH = 120
"""Answers after which a test looks at the log."""
DEADLINE_SECONDS = 60.0


class Controller:
    """Knows sessions, crumbs and remember-me as a real one does. ``status_of`` may give a request another answer."""

    def __init__(self) -> None:
        self.status_of: Callable[[str, str], int | None] = lambda method, path: None
        self.tickets: Counter[str] = Counter()
        self.logins = 0
        self.boots = 1
        self.sessions: set[str] = set()
        self.answers = 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def forget_sessions(self) -> None:
        """As after a restart, or when a session's side changed; also the remember-me cookies mean nothing."""
        with self.lock:
            self.boots += 1
            self.sessions.clear()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:  # noqa: N805  the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                self._handle()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._handle()

            def _handle(self) -> None:
                with outer.lock:
                    status, body, headers = outer.answer(self.command, self.path, self)
                    outer.answers += 1
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {
                    "X-Jenkins": "2.0",
                    "Content-Length": str(len(body)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

        return Handler

    def answer(
        self, method: str, path: str, request: BaseHTTPRequestHandler
    ) -> tuple[int, str, dict[str, str]]:
        given = self.status_of(method, path)
        if given is not None:
            return given, "", {}
        found = re.search(r"JSESSIONID=(\w+)", request.headers.get("Cookie", ""))
        session = found[1] if found and found[1] in self.sessions else None
        if path.startswith("/login"):
            return 200, "", {}
        if path == "/j_spring_security_check":
            self.logins += 1
            new = f"s{self.boots}x{self.logins}"
            self.sessions.add(new)
            return 302, "", {"Location": "/", "Set-Cookie": f"JSESSIONID={new}; Path=/"}
        by_token = request.headers.get("Authorization") is not None
        if session is None and not by_token:
            return 403, "Authentication required", {}
        if method == "POST":
            if not by_token and request.headers.get("Jenkins-Crumb") != f"crumb-{session}":
                return 403, "No valid crumb", {}
            self.tickets[path.partition("TICKET=")[2].partition("&")[0]] += 1
            return 201, "", {}
        return 200, f'<head data-crumb-header="Jenkins-Crumb" data-crumb-value="crumb-{session}">', {}


@pytest.fixture
def controller() -> Iterator[Controller]:
    running = Controller()
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


def run(
    controller: Controller,
    log_path: Path,
    *,
    catalogue: Catalogue = JOBS,
    middle: Callable[[], None] | None = None,
    rate: float = 200,
) -> tuple[ExchangeLog, list[Exchange]]:
    """Load until enough was answered; ``middle`` is called half-way."""
    log = ExchangeLog(log_path)
    load = Load(
        controller.address,
        Visitor("ann", "secret", "token"),
        catalogue,
        {"2.0": "blue"},
        log,
        rate=rate,
        seed=7,
    )
    half_way, enough = threading.Event(), threading.Event()
    add = log.add

    def counting(exchange: Exchange) -> None:
        add(exchange)
        if log.total == ENOUGH // 2 and middle is not None:
            middle()
            half_way.set()
        if log.total >= ENOUGH:
            enough.set()

    log.add = counting  # type: ignore[method-assign]  # to know when enough was answered, without sleeping
    load.start()
    try:
        assert enough.wait(DEADLINE_SECONDS)
    finally:
        load.stop()
    log.close()
    return log, list(read_exchanges(log_path))


def test_a_healthy_controller_has_no_failed_request(controller: Controller, tmp_path: Path) -> None:
    """Every kind of client works, and the file holds every request that was counted."""
    log, exchanges = run(controller, tmp_path / "log")
    assert (log.failed, log.total) == (0, len(exchanges))
    assert {"page", "login", "api", "canary"} <= {one.kind for one in exchanges}
    assert {one.side for one in exchanges} == {"blue"}


def test_every_accepted_trigger_reached_the_controller_once(controller: Controller, tmp_path: Path) -> None:
    """Tickets are unique, and none is sent again."""
    _, exchanges = run(controller, tmp_path / "log")
    accepted = [one.ticket for one in exchanges if one.accepted]
    assert accepted
    assert controller.tickets == Counter(accepted)
    assert set(controller.tickets.values()) == {1}


def test_a_failing_trigger_is_not_sent_again(controller: Controller, tmp_path: Path) -> None:
    """A 503 counts as failed, and its ticket is never seen again."""
    controller.status_of = lambda method, path: 503 if "buildWithParameters" in path else None
    log, exchanges = run(controller, tmp_path / "log")
    failed = [one for one in exchanges if one.failure]
    assert failed
    assert all(one.status == 503 and one.ticket for one in failed)
    assert log.failed == len(failed) == len({one.ticket for one in failed})


def test_a_broken_connection_is_a_failed_request(controller: Controller, tmp_path: Path) -> None:
    """No answer has status 0, and the log says what happened."""
    controller.status_of = lambda method, path: 0 if "/job/canary/" in path else None
    _, exchanges = run(controller, tmp_path / "log")
    canaries = [one for one in exchanges if one.kind == "canary"]
    assert canaries
    assert all(one.status == 0 and one.failure for one in canaries)


def test_a_browser_whose_session_is_gone_signs_in_again(controller: Controller, tmp_path: Path) -> None:
    """Half-way all sessions are forgotten: pages answer 403 once, which is no failure, and people are back."""
    log, exchanges = run(controller, tmp_path / "log", middle=controller.forget_sessions)
    assert log.failed == 0
    assert any(one.kind == "page" and one.status == 403 for one in exchanges)
    assert [one for one in exchanges if one.kind == "page"][-1].status == 200


def test_a_browser_that_cannot_come_back_has_failed(controller: Controller, tmp_path: Path) -> None:
    """A page that answers 403 after signing in again is a failed request."""
    controller.status_of = lambda method, path: 403 if path.startswith("/view/") else None
    _, exchanges = run(controller, tmp_path / "log")
    views = [one for one in exchanges if one.path.startswith("/view/")]
    assert any(one.failure for one in views)
    assert sum(one.failure is None for one in views) >= sum(one.failure is not None for one in views)


def test_any_server_error_is_a_failed_request(controller: Controller, tmp_path: Path) -> None:
    """Also for reads of scripts."""
    controller.status_of = lambda method, path: 500 if path.startswith("/queue/") else None
    _, exchanges = run(controller, tmp_path / "log")
    assert all(bool(one.failure) == one.path.startswith("/queue/") for one in exchanges)


def test_a_refused_password_is_a_failed_request(controller: Controller, tmp_path: Path) -> None:
    """The login form answers 302 in either case; where it leads tells."""
    controller.status_of = lambda method, path: 401 if path == "/j_spring_security_check" else None
    log, exchanges = run(controller, tmp_path / "log")
    assert log.failed == sum(one.kind == "login" and one.failure is not None for one in exchanges) > 0


def test_the_same_seed_makes_the_same_first_choices(controller: Controller, tmp_path: Path) -> None:
    """Which client comes first and what it asks for does not depend on time."""
    first = run(controller, tmp_path / "one", catalogue=arrange(["app-3", "timer-1"]))[1]
    again = run(controller, tmp_path / "two", catalogue=arrange(["app-3", "timer-1"]))[1]
    begin = [min(exchanges, key=lambda one: one.at) for exchanges in (first, again)]
    assert (begin[0].kind, begin[0].path) == (begin[1].kind, begin[1].path)
