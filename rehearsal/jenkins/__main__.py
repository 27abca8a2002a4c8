"""Run as a real controller would be: ``JENKINS_HOME=/dir python -m rehearsal.jenkins -jar jenkins.war --httpPort=8080``."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.jenkins.controller import Options
from rehearsal.jenkins.lifecycle import Lifecycle
from rehearsal.jenkins.server import make_server
from rehearsal.jenkins.war import read_version

__all__ = ["main", "parse_options"]

_EXIT_ON_RESTART = 5
"""What a real one's ExitLifecycle ends with: in a container, something outside starts it again."""
_MEMORY = re.compile(r"-Xmx(\d+)([kmg])", re.IGNORECASE)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_options(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Java's command line: ``[-Dkey=value] [-Xmx…] -jar WAR [--httpPort=N] [--httpListenAddress=A] [--prefix=/P]``.

    :raises SystemExit: when there is no war or no home.
    """
    properties: dict[str, str] = {}
    winstone: dict[str, str] = {}
    war: Path | None = None
    memory = 512 << 20
    remaining = list(arguments)
    while remaining:
        argument = remaining.pop(0)
        if argument == "-jar" and remaining:
            war = Path(remaining.pop(0))
        elif argument.startswith("-D"):
            key, _, value = argument[2:].partition("=")
            properties[key] = value
        elif argument.startswith("--"):
            key, _, value = argument[2:].partition("=")
            winstone[key] = value
        elif found := _MEMORY.match(argument):
            memory = int(found[1]) * _UNITS[found[2].lower()]
    home = properties.get("JENKINS_HOME") or environ.get("JENKINS_HOME")
    if war is None or home is None:
        raise SystemExit(
            "usage: JENKINS_HOME=DIR python -m rehearsal.jenkins [-Dkey=value ...] -jar WAR --httpPort=N"
        )
    return Options(
        home=Path(home).absolute(),
        version=read_version(war),
        port=int(winstone.get("httpPort", "8080")),
        war=war,
        address=winstone.get("httpListenAddress", "0.0.0.0"),  # noqa: S104  what a real one listens on by default
        prefix=winstone.get("prefix", "").rstrip("/"),
        properties=properties,
        max_memory_bytes=memory,
    )


def main() -> None:
    options = parse_options(sys.argv[1:], os.environ)
    options.home.mkdir(parents=True, exist_ok=True)
    life = Lifecycle(options)
    server = make_server(options.address, options.port, options.prefix, life.answer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: life.request_exit(False))
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="listener", daemon=True
    ).start()
    life.boot()
    # Again and again: a signal that the system hands to another thread does not end a wait without a timeout.
    while not life.ended.wait(0.1):
        pass
    server.shutdown()
    server.server_close()
    life.shut_down()
    sys.stdout.flush()
    if life.restart and options.properties.get("hudson.lifecycle") == "hudson.lifecycle.ExitLifecycle":
        os._exit(_EXIT_ON_RESTART)
    if life.restart:
        os.execv(sys.executable, [sys.executable, "-m", "rehearsal.jenkins", *sys.argv[1:]])  # noqa: S606  the same program again
    os._exit(143)


if __name__ == "__main__":
    main()
