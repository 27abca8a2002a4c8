"""Starts stand-in controllers as processes, the way a real controller is started, and speaks to them."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

from rehearsal.free_ports import free_port
from rehearsal.jenkins.seed import Accounts, seed_home
from rehearsal.jenkins.war import make_war

__all__ = ["Standin", "started", "wait_until"]

_T = TypeVar("_T")
WAITS = re.compile(r"until \[.*?done|waitUntil \{.*?\}|sleep \d+")
FAST = {"rehearsal.boot.seconds": "0.3", "rehearsal.stop.seconds": "0.1"}


def wait_until(ask: Callable[[], _T], what: str, seconds: float = 60) -> _T:
    """The first true answer.

    :raises AssertionError: when none came in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class Standin:
    """A running stand-in with the accounts of its home."""

    home: Path
    version: str
    accounts: Accounts
    port: int
    process: subprocess.Popen[bytes] | None = None
    """None: somebody else started it, and ends it."""
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request with the admin's API token unless ``auth`` is given."""
        options.setdefault("auth", (self.accounts.admin_user, self.accounts.admin_token))
        options.setdefault("timeout", 30)
        options.setdefault("allow_redirects", False)
        return self.http.request(method, self.url + path, **options)

    def get(self, path: str) -> Any:
        answer = self.send("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.json()

    def trigger(self, job: str, ticket: str | None = None, delay: str = "0sec") -> int:
        """Ask for a build at once; returns the queue item's id."""
        path = "/job/" + job.replace("/", "/job/")
        params = {"delay": delay} | ({"TICKET": ticket} if ticket is not None else {})
        answer = self.send(
            "POST", path + ("/build" if ticket is None else "/buildWithParameters"), params=params
        )
        assert answer.status_code in (201, 303), (answer.status_code, answer.text[:300])
        return int(answer.headers["Location"].rstrip("/").rpartition("/")[2])

    def hold(self, job: str) -> Path:
        """From now on builds of the job run until the file that is returned is made, over restarts and in copies too."""
        go = self.home.parent / f"{uuid.uuid4().hex}.go"
        path = "/job/" + job.replace("/", "/job/") + "/config.xml"
        before = self.send("GET", path).text
        wait = (
            f"waitUntil {{ fileExists('{go}') }}"
            if "<flow-definition" in before
            else f"until [ -e {go} ]; do sleep 1; done"
        )
        after, count = WAITS.subn(wait, before)
        assert count == 1, before
        assert self.send("POST", path, data=after.encode()).status_code == 200
        return go

    def after_all_changes(self) -> int:
        """A moment after every change of a job's configuration so far, and before the next; milliseconds since the epoch.

        The kernel dates files by a clock that ticks every few milliseconds.
        """
        newest = max(file.stat().st_mtime_ns for file in (self.home / "jobs").rglob("config.xml"))
        wait_until(lambda: time.time_ns() > newest + 50_000_000, "the kernel's clock has ticked")
        return newest // 1_000_000 + 25

    def script(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run one of the bot's named scripts."""
        answer = self.send("POST", "/scriptText", data={"script": script_text(name, arguments)})
        assert answer.text.startswith("CI-UPGRADE-RESULT:"), answer.text[:500]
        result: dict[str, Any] = json.loads(answer.text.removeprefix("CI-UPGRADE-RESULT:"))
        return result

    def guard(self, role: str | None, **more: Any) -> dict[str, Any]:
        return self.script("guard", {"role": role, "upgrade": "u1", "busy": [], "source": None, **more})

    def executions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.url}/rehearsal/executions", timeout=30).json()
        return found

    def finished(self, job: str, number: int) -> dict[str, Any]:
        """The build, once it is over."""
        path = "/job/" + job.replace("/", "/job/") + f"/{number}/api/json"
        wait_until(lambda: self._is_over(path), f"{job} #{number} ends")
        build: dict[str, Any] = self.get(path)
        return build

    def _is_over(self, path: str) -> bool:
        answer = self.send("GET", path)
        return answer.status_code == 200 and not answer.json()["building"]

    def wait_ready(self) -> None:
        def answers() -> bool:
            try:
                return requests.get(self.url + "/login", timeout=30).status_code == 200
            except requests.RequestException:
                return False

        wait_until(answers, "it starts")

    def terminate(self) -> None:
        assert self.process is not None, "it was started here"
        self.process.terminate()
        self.wait_ended()

    def kill(self) -> None:
        assert self.process is not None, "it was started here"
        self.process.send_signal(signal.SIGKILL)
        self.wait_ended()

    def wait_ended(self) -> None:
        assert self.process is not None, "it was started here"
        self.process.wait(60)


def script_text(name: str, arguments: Mapping[str, Any]) -> str:
    encoded = base64.b64encode(json.dumps(arguments).encode()).decode()
    return f"// ci-upgrade script: {name}\ndef a = new groovy.json.JsonSlurper().parseText(new String('{encoded}'.decodeBase64(), 'UTF-8'))\n"


@contextlib.contextmanager
def started(
    directory: Path,
    *,
    version: str = "2.426.2",
    home: Path | None = None,
    accounts: Accounts | None = None,
    properties: Mapping[str, str] = FAST,
    wait: bool = True,
    prefix: str = "",
) -> Iterator[Standin]:
    """A stand-in of a version on a home; without ``home`` a new one with every kind of job is seeded.

    The timers of a seeded home fire on leap days only: no test meets a minute boundary by chance.
    """
    home = home or directory / "home"
    if accounts is None:
        accounts = seed_home(
            home,
            version=version,
            jobs=12,
            builds=12,
            seed=7,
            root_url="http://ci.example.com/",
            executors=4,
            pipelines=True,
        )
        config = home / "jobs/timer-1/config.xml"
        config.write_text(config.read_text().replace("* * * * *", "0 0 29 2 *"))
    war = make_war(directory / f"jenkins-{version}.war", version)
    port = free_port()
    options = [f"-D{key}={value}" for key, value in properties.items()]
    arguments = [
        "-jar",
        str(war),
        f"--httpPort={port}",
        "--httpListenAddress=127.0.0.1",
        f"--prefix={prefix}",
    ]
    log = (directory / f"standin-{port}.log").open("wb")
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.jenkins", *options, *arguments],
            env={**os.environ, "JENKINS_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    standin = Standin(home, version, accounts, port, process)
    try:
        if wait:
            standin.wait_ready()
        yield standin
    finally:
        standin.http.close()
        if process.poll() is None:
            process.kill()
            process.wait(60)
