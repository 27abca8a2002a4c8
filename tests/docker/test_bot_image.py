"""The bot as its image runs it: no rights, a read-only root, a health check, an end within seconds.

No registry can be reached, so the image is put together from the stand-ins' base and this installation; user, environment, health
check and stop signal are those that the Dockerfile says.
"""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.controller_image import ensure_base
from rehearsal.free_ports import free_port
from rehearsal.slack import RunningWorkspace, Settings
from tests.docker.one_engine import ONE_ENGINE
from tests.fakes.world import make_config

pytestmark = ONE_ENGINE

ROOT = Path(__file__).parent.parent.parent
COMMAND = ["python3", "-c", "from bot.cli import main; main()"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def last(instruction: str) -> str:
    """The value of the Dockerfile's last line of that kind."""
    found: list[str] = re.findall(rf"^{instruction} (.*)$", DOCKERFILE, re.MULTILINE)
    return found[-1]


def libraries(packages: str) -> set[str]:
    """The machine's shared libraries that installed packages load; the base has only what Python itself does."""
    modules = [str(path) for path in Path(packages).rglob("*.so")]
    listed = subprocess.run(["ldd", *modules], capture_output=True, text=True, check=False).stdout
    found: set[str] = set(re.findall(r"=> (/(?:usr/)?lib/\S+) \(", listed))
    return {name for name in found if not Path(name).name.startswith(("libc.", "libpython"))}


@pytest.fixture
def container(engine: Any, tmp_path: Path) -> Iterator[Any]:
    """Serving, with a workspace on this machine to connect to."""
    data = make_config(tmp_path).model_dump(mode="json")
    data["state_directory"] = "/var/lib/ci-upgrade/state"
    data["backups"]["directory"] = "/var/lib/ci-upgrade/backups"
    (tmp_path / "ci-upgrade.yaml").write_text(yaml.safe_dump(data))
    settings = Settings()
    with RunningWorkspace(settings, port=free_port()) as workspace:
        user = re.findall(r"--uid (\d+)", DOCKERFILE)[0]
        assert last("USER") == "ci-upgrade"
        packages = sysconfig.get_path("purelib")
        made = engine.containers.run(
            ensure_base(engine),
            entrypoint=COMMAND,
            command=json.loads(last("CMD")),
            user=user,
            read_only=True,
            tmpfs={"/tmp": "", "/var/lib/ci-upgrade": f"uid={user}"},  # noqa: S108  # inside the container
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            network_mode="host",
            stop_signal=last("STOPSIGNAL"),
            environment={
                "PYTHONPATH": f"/src:{packages}",
                "LD_LIBRARY_PATH": "/opt/python/lib:/host-libraries",
                "PYTHONUNBUFFERED": "1",
                "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108  # inside the container
                "CI_UPGRADE_CONFIG": "/etc/ci-upgrade.yaml",
                "SLACK_API_URL": workspace.api_url,
                "SLACK_BOT_TOKEN": settings.bot_token,
                "SLACK_APP_TOKEN": settings.app_token,
                "MAIN_TOKEN": "x",
            },
            volumes={
                str(ROOT): {"bind": "/src", "mode": "ro"},
                packages: {"bind": packages, "mode": "ro"},
                str(tmp_path / "ci-upgrade.yaml"): {"bind": "/etc/ci-upgrade.yaml", "mode": "ro"},
                **{
                    name: {"bind": f"/host-libraries/{Path(name).name}", "mode": "ro"}
                    for name in libraries(packages)
                },
            },
            detach=True,
        )
        try:
            yield made
        finally:
            made.remove(force=True, v=True)


def test_the_bot_serves_without_rights_and_ends_when_it_is_told(container: Any) -> None:
    """Healthy by the Dockerfile's own check; SIGTERM ends it by itself, long before it would be killed."""
    check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert check == ["ci-upgrade", "health"]
    deadline = time.monotonic() + 120
    while True:
        container.reload()
        assert container.status == "running", container.logs().decode()
        if container.exec_run([*COMMAND, "health"]).exit_code == 0:
            break
        assert time.monotonic() < deadline, container.logs().decode()
        time.sleep(0.5)
    container.stop(timeout=30)
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 0, container.logs().decode()
