"""A real HAProxy on this machine, and the configuration that it and every user of the HAProxy router starts with.

``python -m rehearsal.haproxy`` prints ``docs/haproxy.cfg``.
"""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from rehearsal.router_process import RouterProcess

__all__ = ["HAProxy", "configuration"]

ANSWER_SECONDS = 5.0

CONFIGURATION = """\
# HAProxy in front of one Jenkins controller, steered by ci-upgrade. See docs/routers.md.
#
# Before the first start, create the directory of the files that the bot keeps, with these files:
#   cd @FILES@ && touch jenkins.map jenkins-paths.map && echo 1 > jenkins.servers
# Start in master-worker mode, so that it can be reloaded: haproxy -W -f haproxy.cfg

global
  # For the bot only: whoever reaches it controls HAProxy. For a bot on another host: ipv4@10.0.0.5:9999 instead of a path.
  stats socket @SOCKET@ mode 660 level admin expose-fd listeners
  log stdout format raw local0 notice

defaults
  mode http
  log global
  option redispatch 1
  retries 3
  timeout connect 2s
  timeout check 3s
  timeout http-request 30s
  timeout http-keep-alive 30s
  # Each request has its own connection to Jenkins, so that none is sent into a kept-alive one that Jenkins is just closing.
  option http-server-close
  # Progressive logs and downloads may be silent for long; agents and the CLI even longer.
  timeout client 1h
  timeout server 1h
  timeout tunnel 24h
  option clitcpka
  option srvtcpka
  # What the bot has told HAProxy survives a reload and a restart.
  load-server-state-from-file local
  # 127.0.0.1:1 until the bot has told the addresses. Put blue's own here if it must be reachable before that.
  default-server init-addr last,127.0.0.1 inter 2s fastinter 250ms downinter 1s fall 3 rise 1

# The controller's public address. For TLS: bind :443 ssl crt /etc/haproxy/certs/ - and add "; Secure" to both cookies.
frontend jenkins
  bind @ADDRESS@:@PORT@
  # A reload closes kept-alive connections after an answer only, never under a request that is being sent.
  option idle-close-on-response
  option forwardfor
  # Behind another proxy that ends TLS, remove this line, so that what it says is passed on.
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]

  # The bot keeps both maps: who owns the builds, which share of new sessions goes to green, which paths belong to the owner.
  http-request set-var(txn.owner) str(owner),map(@FILES@/jenkins.map,blue)
  http-request set-var(txn.weight) str(weight),map(@FILES@/jenkins.map,0),add(0)
  http-request set-var(txn.path) path,concat(/)
  http-request set-var(txn.kind) var(txn.path),map_beg(@FILES@/jenkins-paths.map,session)

  # Agents, the CLI and webhooks go to the owner; so does what a script with a token wants changed.
  acl with_token req.hdr(authorization) -m found
  acl reading method GET HEAD
  acl to_connections var(txn.kind) -m str connections
  acl to_owner var(txn.kind) -m str owner
  acl to_queue var(txn.kind) -m str queue

  # Everybody else has a session. Who has one already stays, while that side has weight; the others are drawn by weight.
  acl on_blue req.cook(ci_upgrade_main) -m str blue
  acl on_green req.cook(ci_upgrade_main) -m str green
  acl blue_has_weight var(txn.weight) -m int lt 100
  acl green_has_weight var(txn.weight) -m int gt 0
  acl green_is_drawn rand(100),sub(txn.weight) -m int lt 0
  acl has_side var(txn.side) -m found
  http-request set-var(txn.side) str(blue) if on_blue blue_has_weight
  http-request set-var(txn.side) str(green) if on_green green_has_weight
  http-request set-var(txn.drawn) str(blue) if !has_side
  http-request set-var(txn.drawn) str(green) if !has_side green_is_drawn
  http-request set-var(txn.side) var(txn.drawn) if !has_side

  use_backend jenkins-%[var(txn.owner)]-connections if to_connections
  use_backend jenkins-%[var(txn.owner)]-owner if to_owner or with_token !reading or with_token to_queue
  use_backend jenkins-%[var(txn.side)]
@AGENT_FRONTEND@
# Sessions of blue; green helps while blue does not answer and the bot lets it.
backend jenkins-blue
  server-state-file-name @FILES@/jenkins.servers
  option httpchk
  http-check send meth GET uri-lf "%[str(login),map(@FILES@/jenkins.map,/login)]" hdr Host jenkins
  http-check expect status 200-499
  http-response add-header Set-Cookie "ci_upgrade_main=blue; Path=/; HttpOnly; SameSite=Lax" if { var(txn.drawn) -m found }
  use-server blue if TRUE
  server blue blue.invalid:1 check observe layer4 error-limit 1 on-error fastinter
  server green green.invalid:1 track jenkins-green/green

backend jenkins-green
  server-state-file-name @FILES@/jenkins.servers
  option httpchk
  http-check send meth GET uri-lf "%[str(login),map(@FILES@/jenkins.map,/login)]" hdr Host jenkins
  http-check expect status 200-499
  http-response add-header Set-Cookie "ci_upgrade_main=green; Path=/; HttpOnly; SameSite=Lax" if { var(txn.drawn) -m found }
  use-server green if TRUE
  server green green.invalid:1 check observe layer4 error-limit 1 on-error fastinter
  server blue blue.invalid:1 track jenkins-blue/blue

# Requests for the owner: nobody else ever answers them.
backend jenkins-blue-owner
  server-state-file-name @FILES@/jenkins.servers
  server blue blue.invalid:1

backend jenkins-green-owner
  server-state-file-name @FILES@/jenkins.servers
  server green green.invalid:1

# WebSockets of agents and the CLI: apart, so that they can be ended without touching anything else.
backend jenkins-blue-connections
  server-state-file-name @FILES@/jenkins.servers
  server blue blue.invalid:1

backend jenkins-green-connections
  server-state-file-name @FILES@/jenkins.servers
  server green green.invalid:1
@AGENT_BACKENDS@"""

AGENT_FRONTEND = """
# The TCP port for inbound agents. Leave it and its two backends out when all of them use WebSocket.
frontend jenkins-agents
  mode tcp
  bind @ADDRESS@:@AGENT_PORT@
  timeout client 24h
  use_backend jenkins-%[str(owner),map(@FILES@/jenkins.map,blue)]-agents
"""

AGENT_BACKENDS = """
backend jenkins-blue-agents
  mode tcp
  timeout server 24h
  server-state-file-name @FILES@/jenkins.servers
  server blue blue.invalid:1

backend jenkins-green-agents
  mode tcp
  timeout server 24h
  server-state-file-name @FILES@/jenkins.servers
  server green green.invalid:1
"""


def configuration(
    port: int,
    runtime_socket: str,
    files: Path,
    agent_port: int | None = None,
    *,
    address: str = "127.0.0.1",
) -> str:
    """The text of the configuration file; without ``agent_port`` there is nothing for TCP agents."""
    agents = agent_port is not None
    values = {
        "AGENT_FRONTEND": AGENT_FRONTEND if agents else "",
        "AGENT_BACKENDS": AGENT_BACKENDS if agents else "",
        "FILES": str(files),
        "SOCKET": runtime_socket,
        "ADDRESS": address,
        "PORT": str(port),
        "AGENT_PORT": str(agent_port),
    }
    text = CONFIGURATION
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


class HAProxy(RouterProcess):
    """An HAProxy in master-worker mode, which can be reloaded as well."""

    def __init__(self, directory: Path, port: int, agent_port: int | None = None) -> None:
        """``directory`` holds the configuration, the log and, in ``files``, what the bot writes."""
        super().__init__("HAProxy", directory / "haproxy.log")
        self.url = f"http://127.0.0.1:{port}"
        self.agent_port = agent_port
        # Not in the directory: HAProxy takes no path of a socket beyond 97 bytes.
        self._sockets = Path(tempfile.mkdtemp(prefix="ci-upgrade-"))
        self.socket = self._sockets / "admin.sock"
        self._master = self._sockets / "master.sock"
        self.files = directory / "files"
        self.configuration = directory / "haproxy.cfg"
        self.files.mkdir(parents=True, exist_ok=True)
        for name, text in (("jenkins.map", ""), ("jenkins-paths.map", ""), ("jenkins.servers", "1\n")):
            if not (self.files / name).exists():
                (self.files / name).write_text(text, encoding="utf-8")
        text = configuration(port, str(self.socket), self.files, agent_port)
        self.configuration.write_text(text, encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        """The section ``router`` of the bot's configuration."""
        instance = {"socket": str(self.socket), "maps": str(self.files), "files": str(self.files)}
        return {"kind": "haproxy", "instances": [instance]}

    def leads_to(self, port: int) -> bool:
        """Whether it was told of an instance that listens there."""
        return self.holds(f"blue http://127.0.0.1:{port}") or self.holds(f"green http://127.0.0.1:{port}")

    def holds(self, entry: str) -> bool:
        """Whether its map has this key and value, such as ``weight 25``; False while it does not answer."""
        try:
            lines = self._ask(self.socket, f"show map {self.files}/jenkins.map").splitlines()
        except OSError:
            return False
        return any(line.endswith(f" {entry}") for line in lines)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def start(self) -> None:
        command = [_binary(), "-W", "-S", str(self._master), "-f", str(self.configuration)]
        self._launch(command, lambda: self.worker() is not None and self._has_master())

    def reload(self) -> None:
        """As ``systemctl reload haproxy`` does; returns when the new worker answers on the runtime socket.

        :raises RuntimeError: when it does not come up.
        """
        assert self._process is not None, "it was started"
        before = self.worker()
        self._process.send_signal(signal.SIGUSR2)
        self._await(lambda: self.worker() not in (None, before) and self._has_master())

    def worker(self) -> str | None:
        """The process that answers on the runtime socket, None while none does."""
        try:
            lines = self._ask(self.socket, "show info").splitlines()
        except OSError:
            return None
        return next((line.partition(": ")[2] for line in lines if line.startswith("Pid: ")), None)

    def _has_master(self) -> bool:
        """Whether the master minds signals: it forks the worker first, and one that comes before is lost."""
        try:
            return bool(self._ask(self._master, "show proc"))
        except OSError:
            return False

    def _ask(self, address: Path, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(address))
            connection.sendall(command.encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)  # the master waits for more otherwise
            answer = b""
            while received := connection.recv(65536):
                answer += received
        return answer.decode()


def _binary() -> str:
    """Debian installs it outside of an ordinary user's path.

    :raises RuntimeError: when there is none.
    """
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("there is no haproxy: install the package haproxy")
    return found


if __name__ == "__main__":
    files = Path("/var/lib/ci-upgrade/haproxy")
    sys.stdout.write(configuration(8080, "/run/haproxy/ci-upgrade.sock", files, 50000, address="0.0.0.0"))  # noqa: S104 - the public address
