"""The router contract on a real HAProxy, and what is particular to HAProxy."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.routers.haproxy import HaproxyRouter
from adapters.routers.haproxy_socket import HaproxySocket
from bot.errors import Permanent, Temporary
from bot.model import RouterState, Side
from bot.settings.routers import HaproxyConfig
from rehearsal.haproxy import HAProxy
from rehearsal.haproxy import configuration as cfg
from tests.contract.haproxy_rig import configuration, rig_with
from tests.contract.router_backends import free_port
from tests.contract.router_contract import RouterContract
from tests.contract.router_contract_changes import RouterChangesContract, load
from tests.contract.router_rig import Connection, Rig, eventually

DOCUMENTATION = Path(__file__).parents[2] / "docs"
STATE = RouterState("http://127.0.0.1:1", None, 0, Side.BLUE)


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[HAProxy]:
    with HAProxy(tmp_path / "haproxy", free_port(), free_port()) as running:
        yield running


@pytest.fixture
def rig(haproxy: HAProxy) -> Iterator[Rig]:
    with rig_with(haproxy) as ready:
        yield ready


class TestHaproxy(RouterContract):
    """State and routing."""


class TestHaproxyChanges(RouterChangesContract):
    """Failures, changes under load, long connections, counters."""


# ---- reloads and restarts ----------------------------------------------------------------------------------------


def test_a_reload_at_25_percent_drops_no_request_and_keeps_the_state(rig: Rig, haproxy: HAProxy) -> None:
    """Sessions, owner and open connections are where they were; nobody sees an error, and no bot is needed."""
    rig.router.apply(rig.state(25, Side.GREEN))
    sessions = {side: rig.session(side) for side in Side}
    with Connection.websocket(rig.url, "/wsagents/") as agent, Connection.tcp(rig.agent_port) as tcp_agent:
        with load(rig) as answers:
            eventually(lambda: answers["200"] > 20)
            haproxy.reload()
            reached = answers["200"]
            eventually(lambda: answers["200"] > reached + 50)
        assert set(answers) == {"200"}, answers
        assert (agent.side(), tcp_agent.side()) == ("green", "green")
    assert rig.router.read() == rig.state(25, Side.GREEN)
    for side, session in sessions.items():
        assert {rig.side(session=session) for _ in range(10)} == {side.value}


def test_a_restart_at_25_percent_leads_everybody_where_they_were(rig: Rig, haproxy: HAProxy) -> None:
    """Requests fail while there is no HAProxy, and not one after it."""
    rig.router.apply(rig.state(25, Side.GREEN))
    session = rig.session(Side.GREEN)
    with load(rig) as answers:
        eventually(lambda: answers["200"] > 20)
        rig.restart()
    with load(rig) as answers:
        eventually(lambda: answers["200"] > 50)
    assert set(answers) == {"200"}, answers
    assert rig.router.read() == rig.state(25, Side.GREEN)
    assert {rig.side(session=session) for _ in range(10)} == {"green"}
    assert rig.side("/cli") == "green"


def test_an_instance_that_was_down_when_the_state_was_kept_serves_after_a_restart(rig: Rig) -> None:
    """Files say where an instance is, not how it was: whether it works, health checks tell."""
    rig.green.stop()
    rig.router.apply(rig.state(100, Side.GREEN))
    assert requests.get(rig.url, timeout=60).status_code == 503
    rig.green.start()
    rig.restart()
    assert {rig.side() for _ in range(10)} == {"green"}


def test_without_files_a_reload_loses_the_state_and_the_bot_notices(rig: Rig, haproxy: HAProxy) -> None:
    """An HAProxy on another host: reading is an error until the state is applied again."""
    instance = {"socket": str(haproxy.socket), "maps": str(haproxy.files)}
    router = HaproxyRouter("main", HaproxyConfig.model_validate({"kind": "haproxy", "instances": [instance]}))
    router.apply(rig.state(25))
    haproxy.reload()
    with pytest.raises(Permanent, match="reloaded"):
        router.read()
    router.apply(rig.state(25))
    assert router.read() == rig.state(25)
    assert rig.side(session=rig.session(Side.GREEN)) == "green"


def test_counters_never_fall_when_haproxy_is_reloaded(rig: Rig, haproxy: HAProxy) -> None:
    """HAProxy begins at 0 again; a sum that fell would count everything twice."""
    rig.router.apply(rig.state(0))
    for _ in range(10):
        rig.side()
    eventually(lambda: rig.router.traffic()[Side.BLUE].requests == 10)
    haproxy.reload()
    for _ in range(3):
        rig.side()
    eventually(lambda: rig.router.traffic()[Side.BLUE].requests == 13)


def test_without_kept_alive_clients_a_lost_request_is_answered(rig: Rig, haproxy: HAProxy) -> None:
    """The documented choice for those who fear browsers that send a request again when its connection was closed."""
    text = haproxy.configuration.read_text()
    haproxy.configuration.write_text(
        text.replace("\nfrontend jenkins\n", "\nfrontend jenkins\n  option httpclose\n")
    )
    rig.restart()
    rig.answers_for_the_dead = True
    TestHaproxyChanges().test_a_request_that_reached_an_instance_is_not_sent_again(rig)


# ---- what cannot be reached, or is not what it should be ----------------------------------------------------------


@pytest.mark.parametrize("address", ["/absent/admin.sock", "127.0.0.1:{port}"])
def test_a_socket_that_does_not_answer_is_a_temporary_error(address: str) -> None:
    """The text names the socket, so that somebody can look there."""
    address = address.format(port=free_port())
    config = HaproxyConfig.model_validate({"kind": "haproxy", "instances": [{"socket": address}]})
    router = HaproxyRouter("main", config)
    for verb in (
        router.read,
        router.traffic,
        lambda: router.apply(STATE),
        lambda: router.apply_where_possible(STATE),
        lambda: router.close_owner_connections(Side.BLUE),
    ):
        with pytest.raises(Temporary, match=address):
            verb()


def test_a_runtime_socket_may_be_a_tcp_port(rig: Rig, haproxy: HAProxy) -> None:
    """For an HAProxy on another host."""
    port = free_port()
    text = haproxy.configuration.read_text()
    haproxy.configuration.write_text(
        text.replace("\nglobal\n", f"\nglobal\n  stats socket ipv4@127.0.0.1:{port} level admin\n")
    )
    rig.restart()
    instance = {"socket": f"127.0.0.1:{port}", "maps": str(haproxy.files), "files": str(haproxy.files)}
    router = HaproxyRouter("main", HaproxyConfig.model_validate({"kind": "haproxy", "instances": [instance]}))
    router.apply(rig.state(100))
    assert router.read() == rig.router.read() == rig.state(100)


def test_something_else_at_the_socket_is_a_permanent_error(rig: Rig, haproxy: HAProxy) -> None:
    """The public port instead of the runtime one, for example."""
    place = rig.url.removeprefix("http://")
    config = HaproxyConfig.model_validate({"kind": "haproxy", "instances": [{"socket": place}]})
    router = HaproxyRouter("main", config)
    for verb in (router.read, lambda: router.apply(STATE)):
        with pytest.raises(Permanent, match="stats socket"):
            verb()


def test_an_haproxy_of_another_controller_is_left_alone(rig: Rig, haproxy: HAProxy) -> None:
    """A copied configuration must not take over somebody's router."""
    rig.router.apply(rig.state(10))
    other = HaproxyRouter("other", configuration(haproxy))
    with pytest.raises(Permanent, match="main"):
        other.read()
    with pytest.raises(Permanent, match="main"):
        other.apply(STATE)
    assert rig.router.read() == rig.state(10)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (("jenkins-green-owner", "other-owner"), "jenkins-green-owner"),
        (
            ("  server green green.invalid:1 track jenkins-green/green\n", ""),
            "server green in a backend jenkins-blue",
        ),
        (("jenkins-paths.map", "other.map"), "jenkins-paths.map"),
    ],
)
def test_what_the_configuration_lacks_is_named(
    rig: Rig, haproxy: HAProxy, change: tuple[str, str], missing: str
) -> None:
    """A backend, a server or a map; nothing is changed."""
    (haproxy.files / "other.map").touch()
    haproxy.configuration.write_text(haproxy.configuration.read_text().replace(*change))
    rig.restart()
    for verb in (rig.router.read, lambda: rig.router.apply(STATE)):
        with pytest.raises(Permanent, match=missing) as caught:
            verb()
        assert "docs/haproxy.cfg" in str(caught.value)


def test_a_directory_that_cannot_be_written_is_a_permanent_error(rig: Rig, haproxy: HAProxy) -> None:
    """The text names the file, and HAProxy goes on as before."""
    rig.router.apply(rig.state(10))
    instance = {"socket": str(haproxy.socket), "maps": str(haproxy.files), "files": "/absent"}
    router = HaproxyRouter("main", HaproxyConfig.model_validate({"kind": "haproxy", "instances": [instance]}))
    with pytest.raises(Permanent, match="/absent/jenkins"):
        router.apply(rig.state(25))
    assert rig.router.read() == rig.state(10)


def test_an_address_without_plain_http_is_refused(rig: Rig) -> None:
    """TLS towards instances is not supported, and never silently left out."""
    with pytest.raises(Permanent, match="https"):
        rig.router.apply(dataclasses.replace(STATE, blue="https://127.0.0.1:8443"))


class Names:
    """What Docker's DNS does: a stopped container has no address, and a restarted one may have another."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
        self.known = names
        really = socket.getaddrinfo

        def look_up(host: str, *rest: Any, **options: Any) -> Any:
            if host not in ("blue.test", "green.test"):
                return really(host, *rest, **options)
            if host not in self.known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return really(self.known[host], *rest, **options)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch, **{"blue.test": "127.0.0.1", "green.test": "127.0.0.1"})


def named(rig: Rig, weight: int, owner: Side = Side.BLUE) -> RouterState:
    urls = {
        side.value: (rig.blue if side is Side.BLUE else rig.green).url.replace(
            "127.0.0.1", f"{side.value}.test"
        )
        for side in Side
    }
    return dataclasses.replace(rig.state(weight, owner), **urls)  # type: ignore[arg-type] # fields of text


def test_instances_may_be_named(rig: Rig, names: Names) -> None:
    """Container names are host names; what has to be led to a name that nobody knows is a temporary error."""
    rig.router.apply(named(rig, 0))
    assert rig.router.read() == named(rig, 0)
    assert rig.side() == "blue"
    lost = dataclasses.replace(named(rig, 0), green="http://absent.invalid:8080")
    rig.router.apply(lost)
    assert rig.router.read() == lost
    for state in (dataclasses.replace(lost, weight=10), dataclasses.replace(lost, owner=Side.GREEN)):
        with pytest.raises(Temporary, match=r"absent\.invalid"):
            rig.router.apply(state)
    assert rig.router.read() == lost


@pytest.mark.parametrize("owner", list(Side))
def test_everything_goes_back_from_a_named_green_that_ended(rig: Rig, names: Names, owner: Side) -> None:
    """Docker forgets the name of a stopped container: sessions go to blue all the same, then the owner's requests, then green is forgotten."""
    rig.router.apply(named(rig, 50, owner))
    session = rig.session(Side.GREEN)
    rig.green.stop()
    del names.known["green.test"]
    assert rig.router.read() == named(rig, 50, owner)
    back = RouterState(named(rig, 0).blue, None, 0, Side.BLUE, rig.blue.agent_port, None)
    for state in (named(rig, 0, owner), named(rig, 0), back):
        assert rig.router.apply_where_possible(state) == ()
        assert rig.router.read() == state
        assert {rig.side(session=session) for _ in range(5)} == {"blue"}
    assert rig.side("/cli") == "blue"


def test_a_named_green_that_ended_is_in_maintenance_after_a_restart(
    rig: Rig, haproxy: HAProxy, names: Names
) -> None:
    """An HAProxy that has lost its files as well has nothing to keep for it, and is told the rest."""
    rig.router.apply(named(rig, 10))
    del names.known["green.test"]
    for file, text in (("jenkins.map", ""), ("jenkins-paths.map", ""), ("jenkins.servers", "1\n")):
        (haproxy.files / file).write_text(text)
    rig.restart()
    rig.router.apply(named(rig, 0))
    assert rig.router.read() == named(rig, 0)
    assert rig.side() == "blue"


def test_a_name_that_leads_elsewhere_is_said_and_followed(rig: Rig, names: Names) -> None:
    """A container that was restarted: not a change by hand. The next apply leads to the new address."""
    rig.router.apply(named(rig, 50))
    names.known["green.test"] = "127.0.0.2"
    with pytest.raises(Permanent, match="the name of an instance"):
        rig.router.read()
    rig.router.apply(named(rig, 50))
    assert rig.router.read() == named(rig, 50)


# ---- what somebody did by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "set server jenkins-green/green state maint",
        "set server jenkins-blue-owner/blue state drain",
        "set server jenkins-green-connections/green addr 127.0.0.1 port 1",
        "clear map {files}/jenkins-paths.map",
        "set map {files}/jenkins.map weight many",
        "del map {files}/jenkins.map owner",
    ],
)
def test_a_change_by_hand_is_an_error_until_the_next_apply(rig: Rig, haproxy: HAProxy, command: str) -> None:
    """No state says what HAProxy does then."""
    rig.router.apply(rig.state(50))
    HaproxySocket(str(haproxy.socket)).ask(command.format(files=haproxy.files))
    with pytest.raises(Permanent, match="by hand"):
        rig.router.read()
    rig.router.apply(rig.state(50))
    assert rig.router.read() == rig.state(50)
    assert {rig.side(session=rig.session(side)) for side in Side} == {"blue", "green"}


def test_a_weight_changed_by_hand_is_read_as_it_is(rig: Rig, haproxy: HAProxy) -> None:
    """The read-back is what HAProxy does, not what it was once told."""
    rig.router.apply(rig.state(10))
    HaproxySocket(str(haproxy.socket)).ask(f"set map {haproxy.files}/jenkins.map weight 77")
    assert rig.router.read() == rig.state(77)


def test_damaged_files_are_mended_by_the_next_apply(rig: Rig, haproxy: HAProxy) -> None:
    """HAProxy ignores them while it runs, but a restart would read them."""
    rig.router.apply(rig.state(10))
    assert sorted(path.name for path in haproxy.files.iterdir()) == [
        "jenkins-paths.map",
        "jenkins.map",
        "jenkins.servers",
    ]
    for path in haproxy.files.iterdir():
        path.write_text("damaged\n")
    rig.router.apply(rig.state(10))
    rig.restart()
    assert rig.router.read() == rig.state(10)
    assert rig.side(session=rig.session(Side.GREEN)) == "green"


# ---- drain, then kill --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "ended"), [(None, False), (0.2, True)])
def test_requests_at_a_side_without_weight_are_ended_by_policy_only(
    rig: Rig, haproxy: HAProxy, seconds: float | None, ended: bool
) -> None:
    """Without one they may go on as long as they like; a request of the other side is never touched."""
    router = HaproxyRouter("main", configuration(haproxy, end_requests_after_seconds=seconds))
    router.apply(rig.state(50))
    sessions = {side: rig.session(side) for side in Side}
    complete: dict[Side, bool] = {}

    def watch_log(side: Side) -> None:
        try:
            answer = sessions[side].get(rig.url + "/stream", timeout=60)
            complete[side] = answer.content == b"halfhalf"
        except requests.RequestException:
            complete[side] = False

    watching = [threading.Thread(target=watch_log, args=(side,)) for side in Side]
    for thread in watching:
        thread.start()
    socket = HaproxySocket(str(haproxy.socket))
    eventually(lambda: all(socket.connections(f"jenkins-{side.value}") for side in Side))
    router.apply(rig.state(0))
    if ended:
        eventually(lambda: Side.GREEN in complete)
    for backend in (rig.blue, rig.green):
        backend.release.set()
    for thread in watching:
        thread.join()
    assert complete == {Side.BLUE: True, Side.GREEN: not ended}


def test_a_directory_with_a_long_name_will_do(tmp_path: Path) -> None:
    """A path of a socket has less than a hundred bytes; the sockets are elsewhere, and gone afterwards."""
    with HAProxy(tmp_path / ("x" * 120), free_port()) as running:
        assert running.worker() is not None
    assert not running.socket.parent.exists()


def test_the_documented_configuration_is_the_one_that_is_tested() -> None:
    """``python -m rehearsal.haproxy > docs/haproxy.cfg`` after a change."""
    documented = (DOCUMENTATION / "haproxy.cfg").read_text()
    files = Path("/var/lib/ci-upgrade/haproxy")
    assert documented == cfg(8080, "/run/haproxy/ci-upgrade.sock", files, 50000, address="0.0.0.0")
