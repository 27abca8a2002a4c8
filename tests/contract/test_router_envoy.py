"""The router contract on a real Envoy, and what is particular to Envoy."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.routers.envoy import EnvoyRouter
from bot.errors import Permanent, Temporary
from bot.model import RouterState, Side
from bot.settings.routers import EnvoyConfig
from rehearsal.envoy import Envoy, bootstrap
from tests.contract.router_backends import Backend, free_port
from tests.contract.router_contract import RouterContract
from tests.contract.router_contract_changes import RouterChangesContract
from tests.contract.router_rig import Connection, Rig, eventually

DOCUMENTATION = Path(__file__).parents[2] / "docs"
STATE = RouterState("http://127.0.0.1:1", None, 0, Side.BLUE)


def configuration(admin: str, resources: Path) -> EnvoyConfig:
    return EnvoyConfig.model_validate({"kind": "envoy", "admin": admin, "resources": resources})


@pytest.fixture
def envoy(tmp_path: Path) -> Iterator[Envoy]:
    with Envoy(tmp_path / "envoy", free_port(), free_port(), free_port()) as running:
        yield running


@pytest.fixture
def rig(envoy: Envoy) -> Iterator[Rig]:
    blue, green = Backend("blue"), Backend("green")

    def restart() -> None:
        envoy.stop()
        envoy.start()

    blue.start()
    green.start()
    try:
        assert envoy.agent_port is not None
        router = EnvoyRouter("main", configuration(envoy.admin_url, envoy.resources))
        yield Rig(router, envoy.url, envoy.agent_port, blue, green, restart)
    finally:
        blue.stop()
        green.stop()


class TestEnvoy(RouterContract):
    """State and routing."""


class TestEnvoyChanges(RouterChangesContract):
    """Failures, changes under load, long connections, counters."""


def test_an_envoy_that_does_not_answer_is_a_temporary_error(tmp_path: Path) -> None:
    """The text names the address, so that somebody can look there."""
    admin = f"http://127.0.0.1:{free_port()}"
    router = EnvoyRouter("main", configuration(admin, tmp_path))
    for verb in (
        router.read,
        router.traffic,
        lambda: router.apply(STATE),
        lambda: router.close_owner_connections(Side.BLUE),
    ):
        with pytest.raises(Temporary, match=admin):
            verb()


def test_something_else_at_the_admin_address_is_a_permanent_error(rig: Rig, envoy: Envoy) -> None:
    """The public listener instead of the admin one, for example."""
    rig.router.apply(rig.state())
    router = EnvoyRouter("main", configuration(envoy.url, envoy.resources))
    for verb in (router.read, router.traffic, lambda: router.apply(STATE)):
        with pytest.raises(Permanent, match="admin"):
            verb()


def test_an_envoy_of_another_controller_is_left_alone(rig: Rig, envoy: Envoy) -> None:
    """A copied configuration must not take over somebody's router."""
    rig.router.apply(rig.state(10))
    other = EnvoyRouter("other", configuration(envoy.admin_url, envoy.resources))
    with pytest.raises(Permanent, match="main"):
        other.read()
    with pytest.raises(Permanent, match="main"):
        other.apply(STATE)
    assert rig.router.read() == rig.state(10)


def test_an_envoy_that_reads_another_directory_is_noticed(envoy: Envoy, tmp_path: Path) -> None:
    """A file that nobody reads is not a change."""
    router = EnvoyRouter("main", configuration(envoy.admin_url, tmp_path))
    with pytest.raises(Temporary, match=str(tmp_path)):
        router.apply(STATE)


def test_a_directory_that_cannot_be_written_is_a_permanent_error(envoy: Envoy, tmp_path: Path) -> None:
    """The text names the file."""
    router = EnvoyRouter("main", configuration(envoy.admin_url, tmp_path / "missing"))
    with pytest.raises(Permanent, match="missing"):
        router.apply(STATE)


def test_what_envoy_rejects_is_said_and_changes_nothing(rig: Rig, envoy: Envoy) -> None:
    """Envoy goes on with what it had, and a good state is taken afterwards."""
    rig.router.apply(rig.state(10))
    broken = EnvoyRouter("main", configuration(envoy.admin_url, envoy.resources), cookie="line\nbreak")
    with pytest.raises(Permanent, match="rejected"):
        broken.apply(rig.state(20))
    assert rig.router.read() == rig.state(10)
    rig.router.apply(rig.state(30))
    assert rig.router.read() == rig.state(30)


def test_an_envoy_without_a_drain_time_is_refused_at_the_first_apply(tmp_path: Path) -> None:
    """With Envoy's default, agents would be kept on the old owner for ten minutes."""
    with Envoy(tmp_path, free_port(), free_port(), drain_seconds=600) as envoy:
        router = EnvoyRouter("main", configuration(envoy.admin_url, envoy.resources))
        with pytest.raises(Permanent, match="--drain-time-s"):
            router.apply(STATE)


def test_an_envoy_that_is_still_starting_is_a_temporary_error(rig: Rig, envoy: Envoy) -> None:
    """It answers before it has read its files: that must not look like an Envoy that was told nothing."""
    rig.router.apply(rig.state(10))
    rig.green.login_seconds = 1.0  # Envoy asks for its health before it serves
    envoy.stop()
    starting = threading.Thread(target=envoy.start)
    starting.start()
    waits = 0
    while True:
        try:
            found = rig.router.read()
            break
        except Temporary:
            waits += 1
    starting.join()
    assert found == rig.state(10)
    assert waits > 0


def test_weights_changed_by_hand_are_read_as_they_are(rig: Rig, envoy: Envoy) -> None:
    """The read-back is what Envoy does, not what it was once told; the next apply mends it."""
    rig.router.apply(rig.state(10))
    path = envoy.resources / "rds.json"
    routes = json.loads(path.read_text())
    choice = routes["resources"][0]["virtual_hosts"][0]["routes"][-1]["route"]["weighted_clusters"][
        "clusters"
    ]
    choice[0]["weight"], choice[1]["weight"] = 23, 77
    replace(path, json.dumps(routes | {"version_info": "by hand"}))
    eventually(lambda: rig.router.read() == rig.state(77))
    rig.router.apply(rig.state(10))
    assert rig.router.read() == rig.state(10)


def test_addresses_changed_by_hand_are_an_error_until_the_next_apply(rig: Rig, envoy: Envoy) -> None:
    """No state says that blue is somewhere else than it is said to be."""
    rig.router.apply(rig.state(10))
    path = envoy.resources / "cds.json"
    replace(path, path.read_text().replace(f'"port_value": {rig.blue.port}', '"port_value": 1'))

    def refused() -> bool:
        try:
            rig.router.read()
        except Permanent:
            return True
        return False

    eventually(refused)
    rig.router.apply(rig.state(10))
    assert rig.router.read() == rig.state(10)


def test_damaged_files_are_mended_by_the_next_apply(rig: Rig, envoy: Envoy) -> None:
    """Envoy ignores them while it runs, but a restart would read them."""
    rig.router.apply(rig.state(10))
    whole = {path.name: path.read_text() for path in envoy.resources.iterdir()}
    assert sorted(whole) == ["cds.json", "lds.json", "rds.json"]
    for name in whole:
        replace(envoy.resources / name, "{")
    rig.router.apply(rig.state(10))
    assert {path.name: path.read_text() for path in envoy.resources.iterdir()} == whole


def test_instances_may_be_named(rig: Rig) -> None:
    """Container names are host names."""
    state = dataclasses.replace(
        rig.state(100, Side.BLUE),
        blue=rig.blue.url.replace("127.0.0.1", "localhost"),
        green=rig.green.url.replace("127.0.0.1", "localhost"),
    )
    rig.router.apply(state)
    assert rig.router.read() == state
    assert rig.side() == "green"
    assert rig.side("/cli") == "blue"
    with Connection.tcp(rig.agent_port) as agent:
        assert agent.side() == "blue"


def test_an_address_without_plain_http_is_refused(rig: Rig) -> None:
    """TLS towards instances is not supported, and never silently left out."""
    with pytest.raises(Permanent, match="https"):
        rig.router.apply(dataclasses.replace(STATE, blue="https://127.0.0.1:8443"))


def replace(path: Path, text: str) -> None:
    """As somebody with another tool would: whole, by rename."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(path)


def test_the_documented_bootstrap_file_is_the_one_that_is_tested() -> None:
    """``python -m rehearsal.envoy > docs/envoy.yaml`` after a change."""
    documented = (DOCUMENTATION / "envoy.yaml").read_text()
    assert documented == bootstrap(8080, 9901, Path("/var/lib/ci-upgrade/envoy"), 50000, address="0.0.0.0")


@pytest.mark.parametrize("owner", list(Side))
def test_everything_goes_back_from_a_green_whose_name_is_gone(rig: Rig, owner: Side) -> None:
    """Envoy looks names up itself; one that has no address, as that of a stopped container, hinders no change."""
    lost = {"blue": rig.blue.url.replace("127.0.0.1", "localhost"), "green": "http://absent.invalid:8080"}
    for state in (rig.state(50, owner), rig.state(0, owner), rig.state(0)):
        named = dataclasses.replace(state, **lost)  # type: ignore[arg-type] # fields of text
        rig.router.apply(named)
        assert rig.router.read() == named
    assert {rig.side() for _ in range(5)} == {"blue"}
    back = RouterState(lost["blue"], None, 0, Side.BLUE, rig.blue.agent_port, None)
    rig.router.apply(back)
    assert rig.router.read() == back
    assert rig.side("/cli") == "blue"
