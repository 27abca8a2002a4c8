"""Jenkins as processes of this machine: blue, and where the bot may put what it makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from rehearsal.child_processes import end_group, end_recorded, spawn, tail
from rehearsal.launch import Launch, war_path

__all__ = ["ProcessHost"]


class ProcessHost:
    """Implements :class:`rehearsal.stage.Host`."""

    def __init__(
        self,
        directory: Path,
        launch: Launch,
        wars: Path,
        version: str,
        blue_ports: tuple[int, int],
        ports: range,
    ) -> None:
        """``blue_ports``: for requests and for agents."""
        self._launch = launch
        self._wars = wars
        self._version = version
        self._blue_port, self.listens_for_agents_at = blue_ports
        self._ports = ports
        self._home = directory / "blue" / "home"
        self._log = directory / "blue" / "jenkins.log"
        self._instances = directory / "instances"
        """One directory for each instance that the bot makes."""
        self._blue: subprocess.Popen[bytes] | None = None
        self.blue_url = f"http://127.0.0.1:{self._blue_port}"

    def start_blue(self, home: Path) -> None:
        self._home.parent.mkdir()
        home.rename(self._home)
        self._instances.mkdir()
        command = self._launch.arguments(war_path(self._wars, self._version), self._blue_port)
        self._blue = spawn(command, {**os.environ, "JENKINS_HOME": str(self._home)}, self._log)
        (self._home.parent / "pid").write_text(str(self._blue.pid))

    def blue_ended(self) -> bool:
        return self._blue is None or self._blue.poll() is not None

    def blue_log(self) -> str:
        return tail(self._log)

    def environment(self) -> dict[str, Any]:
        pid_file = self._home.parent / "pid"
        return {
            "kind": "process",
            "command": list(self._launch.command),
            "java": self._launch.java,
            "jvm_options": list(self._launch.jvm_options),
            "wars": str(war_path(self._wars, "{version}")),
            "directory": str(self._instances),
            "ports": [self._ports[0], self._ports[-1]],
            "stop_grace_seconds": 30,
            "blue": {
                "url": self.blue_url,
                "home": str(self._home),
                "pid_file": str(pid_file),
                "agent_port": self.listens_for_agents_at,
            },
        }

    def has_green(self) -> bool:
        return any(self._instances.iterdir())

    def close(self) -> None:
        if self._instances.exists():
            for directory in self._instances.iterdir():
                end_recorded(directory / "pid", directory / "home")
        if self._blue is not None:
            end_group(self._blue, at_once=True)
