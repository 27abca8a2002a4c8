"""How the adapter takes what real controllers and proxies answer: recordings of a real one, and faults, replayed by a local server."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.failures import ServerFailed
from bot.errors import BotError, NotStarted, Permanent, Temporary
from bot.model import ItemConfig
from bot.settings.connection import ConnectionConfig
from rehearsal.free_ports import free_port

RECORDINGS = Path(__file__).parent / "recordings" / "jenkins-2.426.2"
TOKEN = "11secret22"
END = "\n)]}."
"""What python-jenkins lets every script print last, to know that it came to its end."""


@dataclass
class Answer:
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """Answers every request alike, and keeps what was asked."""

    answer: Answer | Callable[[str], Answer]
    port: int = 0
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    """Method, path, headers and body."""
    silent: threading.Event = field(default_factory=threading.Event)
    """Set: the server reads, but never answers, until it ends."""

    def client(self, prefix: str = "", **options: Any) -> JenkinsClient:
        return JenkinsClient(
            f"http://127.0.0.1:{self.port}{prefix}", "bot", TOKEN, ConnectionConfig(**options)
        )


@contextlib.contextmanager
def serve(answer: Answer | Callable[[str], Answer]) -> Iterator[Server]:
    state = Server(answer)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            state.requests.append((self.command, self.path, dict(self.headers), body))
            if state.silent.is_set():
                ended.wait(30)
                self.close_connection = True
                return
            told = state.answer if isinstance(state.answer, Answer) else state.answer(body)
            raw = told.body.encode()
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def recorded(name: str) -> Answer:
    response = json.loads((RECORDINGS / f"{name}.json").read_text())["response"]
    dropped = {"Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection"}
    body = response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])
    headers = {key: value for key, value in response["headers"].items() if key not in dropped}
    return Answer(response["status"], body, headers)


def result(value: Any) -> Answer:
    text = f"CI-UPGRADE-RESULT:{json.dumps(value)}\n{END.strip()}"
    return Answer(200, text, {"Content-Type": "text/plain;charset=utf-8"})


def arguments(body: str) -> Any:
    """What the script that was posted parses."""
    text = parse_qs(body)["script"][0]
    line = next(line for line in text.splitlines() if line.startswith("def arguments"))
    return json.loads(base64.b64decode("".join(line.split("'")[1:-3:2])))


def failure(
    server: Server,
    call: Callable[[JenkinsClient], Any] = lambda client: client.guard(),
    timeout_seconds: float = 60,
) -> BotError:
    with pytest.raises(BotError) as caught:
        call(server.client(timeout_seconds=timeout_seconds, read_attempts=1))
    trace = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in trace
    assert base64.b64encode(f"bot:{TOKEN}".encode()).decode() not in trace
    assert len(str(caught.value)) < 500
    return caught.value


def test_boot_reads_the_login_page_without_credentials() -> None:
    """Version and boot id are headers of a page that anybody may see."""
    with serve(recorded("login-anonymous")) as server:
        boot = server.client().boot()
        assert (boot.version, boot.boot_id) == ("2.426.2", "0e8aaa8e")
        [(method, path, headers, _)] = server.requests
    assert (method, path) == ("GET", "/login")
    assert "Authorization" not in headers


def test_starting_controller_is_not_started() -> None:
    """While it boots it answers 503 without an X-Jenkins header; before that the port refuses."""
    starting = Answer(503, (RECORDINGS / "starting.body").read_text())
    with serve(starting) as server:
        for call in (JenkinsClient.boot, JenkinsClient.guard):
            assert isinstance(failure(server, call), NotStarted)
        assert server.client().probe("/login").status == 503
    nobody = Server(starting, free_port())
    for call in (JenkinsClient.boot, JenkinsClient.guard):
        assert isinstance(failure(nobody, call), NotStarted)


def test_something_else_at_the_address_is_no_jenkins() -> None:
    """A page without the header is permanent for boot, and so is a login page that a proxy puts before scripts."""
    with serve(Answer(200, "<html>sign in</html>", {"Content-Type": "text/html"})) as server:
        assert isinstance(failure(server, JenkinsClient.boot), Permanent)
        assert isinstance(failure(server), Permanent)


@pytest.mark.parametrize("name", ["script-compile-error", "script-runtime-error"])
def test_failed_script_is_permanent_although_the_status_is_200(name: str) -> None:
    """The answer's text is the reason, in one line that is cut."""
    with serve(recorded(name)) as server:
        error = failure(server)
    assert isinstance(error, Permanent)
    assert "\n" not in str(error)
    assert ("startup failed" in str(error)) or ("boom" in str(error))


def test_refusals_name_what_to_check() -> None:
    """401 speaks of the token and its user, 403 of the permission; trying again would change nothing."""
    with serve(recorded("bad-token")) as server:
        error = failure(server)
        assert isinstance(error, Permanent)
        assert "API token of bot" in str(error)
    with serve(recorded("api-anonymous-forbidden")) as server:
        error = failure(server)
        assert isinstance(error, Permanent)
        assert "Overall/Administer" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Permanent),
        (400, Permanent),
        (404, Permanent),
        (405, Permanent),
        (413, Permanent),
        (418, Permanent),
        (429, Temporary),
        (500, ServerFailed),
        (502, Temporary),
        (503, NotStarted),
        (504, Temporary),
        (599, Temporary),
    ],
)
def test_every_status_has_its_verdict(status: int, kind: type[BotError]) -> None:
    """Gateways and overload pass by themselves; the rest needs a human. A long body is not quoted."""
    headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status == 302 else {}
    with serve(Answer(status, "x" * 100_000, headers)) as server:
        assert type(failure(server)) is kind


def test_silence_is_temporary_and_a_probe_of_status_0() -> None:
    """The read timeout is the configured one, for scripts, boot and probes."""
    with serve(Answer(200)) as server:
        server.silent.set()
        for call in (JenkinsClient.guard, JenkinsClient.boot):
            assert type(failure(server, call, timeout_seconds=0.3)) is Temporary
        probe = server.client(timeout_seconds=0.2).probe("/api/json")
    assert probe.status == 0
    assert probe.seconds >= 0.2


def test_connection_that_breaks_off_is_temporary() -> None:
    """The peer accepts and hangs up without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            assert isinstance(failure(Server(Answer(200), listener.getsockname()[1])), Temporary)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_first_request_carries_credentials_and_no_crumb_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One request a script, under the prefix, signed from the first on; neither .netrc nor a proxy of the environment comes in between."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with serve(result({"ids": []})) as server:
        client = server.client("/tools/jenkins/")
        client.cancel([1, 2])
        client.probe("/view/all/")
        (method, path, headers, body), (_, probed, probe_headers, _) = server.requests
    signed = "Basic " + base64.b64encode(f"bot:{TOKEN}".encode()).decode()
    assert (method, path) == ("POST", "/tools/jenkins/scriptText")
    assert headers["Authorization"] == probe_headers["Authorization"] == signed
    assert probed == "/tools/jenkins/view/all/"
    assert arguments(body) == {"ids": [1, 2]}


def test_probe_never_raises_and_follows_nothing() -> None:
    """A redirect is the answer; an unusable path is no answer."""
    with serve(Answer(302, "", {"Location": "/elsewhere"})) as server:
        client = server.client()
        assert client.probe("/").status == 302
        assert len(server.requests) == 1
    assert JenkinsClient("http://127.0.0.1:99999", "bot", TOKEN).probe("/").status == 0


def test_large_changes_go_in_several_requests() -> None:
    """Some releases refuse forms above 200,000 bytes: configurations are sent in their order, each once, and failures told at the end."""

    def answer(body: str) -> Answer:
        items = [item["name"] for item in arguments(body)["items"]]
        return result({"written": [name for name in items if name != "j3"], "failed": {}})

    items = [ItemConfig(f"j{number}", 0, "<x>" + "ü" * 15_000 + "</x>") for number in range(20)]
    with serve(answer) as server:
        with pytest.raises(Permanent, match="j3"):
            server.client().write_items(items)
        sent = [arguments(body)["items"] for _, _, _, body in server.requests]
        sizes = [len(body) for _, _, _, body in server.requests]
    assert [item["name"] for batch in sent for item in batch] == [item.name for item in items]
    assert len(sent) > 1
    assert max(sizes) < 200_000


def test_one_client_serves_many_threads() -> None:
    """Each gets the answer to its own question."""

    def answer(body: str) -> Answer:
        return result({"missing": arguments(body)["jobs"], "failed": {}})

    with serve(answer) as server:
        client = server.client()
        found: dict[int, tuple[str, ...]] = {}

        def ask(number: int) -> None:
            for _ in range(5):
                found[number] = client.reload([f"j{number}"])

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: (f"j{number}",) for number in range(8)}
