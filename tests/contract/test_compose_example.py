"""`compose.yaml`, the `Dockerfile`, `docs/haproxy.cfg` and what `ci-upgrade adopt` writes fit together: who may write where, and a real
HAProxy that runs without rights on what the example prepares."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from adapters.environments.docker.adopting import TEMPLATE
from adapters.routers.haproxy import HaproxyRouter
from bot.config import Config, parse
from bot.model import RouterState, Side
from bot.settings.routers import HaproxyConfig
from rehearsal.free_ports import free_port
from tests.contract.router_rig import eventually

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
BOT_USER = int(re.findall(r"--uid (\d+)", DOCKERFILE)[0])
HAPROXY_USER = 99
"""User and group of the image ``haproxy``, as its Dockerfile makes them."""
PREPARATION = SERVICES["haproxy-init"]["command"][0]
STATE = RouterState("http://127.0.0.1:1", "http://127.0.0.1:2", 25, Side.BLUE, 3, 4)


def adopted() -> Config:
    """What ``adopt`` writes for a Jenkins that is not published, as the one in the example."""
    names = dict.fromkeys(("container", "image", "home", "networks"), "x")
    text = TEMPLATE.format(
        **names,
        name="main",
        public="http://ci",
        url="http://x:8080",
        engine="",
        agent_port="",
        reach="\n      reach: name",
    )
    return parse(yaml.safe_load(text), "adopted")


def mounts(service: str) -> dict[PurePosixPath, str]:
    """Directory in the container → name of the volume, where it may be written."""
    parts = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    return {PurePosixPath(part[1]): part[0] for part in parts if part[2:] != ["ro"]}


def made_by(text: str, user: str) -> set[PurePosixPath]:
    """Directories that ``install -d`` makes for this user."""
    lines = re.findall(rf"install -d -o {user} ([^\n]*)", text)
    return {PurePosixPath(word) for line in lines for word in line.split() if word.startswith("/")}


def test_every_name_is_declared_and_the_bot_has_no_rights() -> None:
    """Networks and volumes; what has to be there first is waited for."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    bot = SERVICES["ci-upgrade"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    for service in SERVICES.values():
        assert set(service.get("networks", ())) <= set(compose["networks"])
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source.startswith((".", "/")) or source in compose["volumes"]
    for name in ("haproxy", "ci-upgrade"):
        assert SERVICES[name]["depends_on"] == {
            "haproxy-init": {"condition": "service_completed_successfully"}
        }


def test_the_bot_may_write_wherever_its_configuration_says() -> None:
    """Each such path is on a volume whose root belongs to the bot's user: by the image, or by the preparation."""
    config, volumes = adopted(), mounts("ci-upgrade")
    router = config.controllers["main"].router
    assert isinstance(router, HaproxyConfig)
    [instance] = router.instances
    assert instance.files is not None
    owned = made_by(DOCKERFILE, "ci-upgrade") | made_by(PREPARATION, str(BOT_USER))
    for path in (config.state_directory, config.backups.directory, instance.files):
        holders = [volume for volume in volumes if PurePosixPath(path).is_relative_to(volume)]
        assert max(holders, key=lambda volume: len(volume.parts)) in owned, path
    assert PurePosixPath(instance.socket).parent in volumes
    assert SERVICES["ci-upgrade"]["group_add"] == [str(HAPROXY_USER)]


def test_what_adopt_writes_names_what_the_example_of_haproxy_has() -> None:
    """Its socket and its directory; with the files, a reload leads everybody where they were."""
    router = adopted().controllers["main"].router
    assert isinstance(router, HaproxyConfig)
    [instance] = router.instances
    text = (ROOT / "docs/haproxy.cfg").read_text()
    assert f"stats socket {instance.socket} " in text
    assert f"map({instance.maps}/{router.name}.map," in text
    assert f"server-state-file-name {instance.files}/{router.name}.servers" in text
    assert mounts("ci-upgrade")[PurePosixPath(str(instance.files))] == "haproxy_state"


@contextmanager
def acting_as(user: int, group: int, *groups: int) -> Iterator[None]:
    """With another user's rights, where the tests run as root."""
    before = os.getgroups()
    os.setgroups(groups)
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may pass through."""
    directory = Path(tempfile.mkdtemp(prefix="ci-upgrade-compose-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def test_haproxy_runs_without_rights_on_what_the_example_prepares(place: Path) -> None:
    """The shipped configuration as 99:99; the bot, as its own user, reaches the socket and keeps files from which HAProxy begins again."""
    run, files = place / "run", place / "files"
    (place / "etc").mkdir()
    configuration = place / "etc" / "haproxy.cfg"

    def moved(text: str) -> str:
        text = text.replace("/run/haproxy", str(run)).replace("/var/lib/ci-upgrade/haproxy", str(files))
        return text.replace("0.0.0.0:8080", f"127.0.0.1:{free_port()}").replace(
            "0.0.0.0:50000", f"127.0.0.1:{free_port()}"
        )

    configuration.write_text(moved((ROOT / "docs/haproxy.cfg").read_text()))
    for _ in range(2):  # it runs at every `docker compose up`
        subprocess.run([*SERVICES["haproxy-init"]["entrypoint"], moved(PREPARATION)], check=True)
    instance = {"socket": str(run / "ci-upgrade.sock"), "maps": str(files), "files": str(files)}
    router = HaproxyRouter("main", HaproxyConfig.model_validate({"kind": "haproxy", "instances": [instance]}))
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert program is not None

    def served() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [program, "-W", "-db", "-f", str(configuration)],
            user=HAPROXY_USER,
            group=HAPROXY_USER,
            extra_groups=[],
            stdout=subprocess.DEVNULL,
        )

    for told in (False, True):
        haproxy = served()
        try:
            eventually(lambda: haproxy.poll() is not None or _answers(run / "ci-upgrade.sock"))  # noqa: B023
            assert haproxy.poll() is None
            with acting_as(BOT_USER, BOT_USER, HAPROXY_USER):
                if not told:
                    router.apply(STATE)
                assert router.read() == STATE
        finally:
            haproxy.terminate()
            haproxy.wait(30)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
