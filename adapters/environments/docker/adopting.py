"""A starting configuration from a container that runs a Jenkins."""

from __future__ import annotations

from urllib.parse import urlsplit

from adapters.environments.docker.blueprint import environment, home_path, networks_of
from adapters.environments.docker.engine import Engine
from adapters.environments.docker.homes import inspect
from bot.errors import Permanent
from bot.model import JSON
from bot.settings.environments import DockerEngineConfig

__all__ = ["starting_configuration"]

TEMPLATE = """\
# Made from the container {container} ({image}; home {home}; networks {networks}).
state_directory: /var/lib/ci-upgrade
backups:
  directory: /var/backups/ci-upgrade
slack:
  channel: null                  # TODO the channel's id, such as C0123456789; null: where a command was typed
  operators: []                  # user ids that may start and roll back; empty: everybody
  approvers: []                  # user ids that may approve; empty: the operators
controllers:
  {name}:
    url: {public}                # TODO the URL that users know; it leads to the router
    user: upgrade-bot            # TODO a Jenkins user with Overall/Administer
    token_env: JENKINS_TOKEN     # the variable that holds this user's API token
    environment:
      kind: docker{engine}
      blue:
        container: {container}
        url: {url}{agent_port}{reach}
    router:
      kind: haproxy              # docs/routers.md and docs/haproxy.cfg say how to set it up; envoy is possible too
      instances:
        - socket: /run/haproxy/ci-upgrade.sock  # these three as docs/haproxy.cfg has them
          maps: /var/lib/ci-upgrade/haproxy
          files: /var/lib/ci-upgrade/haproxy    # the same directory as the bot sees it
"""


def starting_configuration(container: str, name: str, docker_host: str | None) -> str:
    """YAML text.

    :raises Permanent: when there is no such container, or no Jenkins in it that could be reached.
    """
    found = inspect(Engine(DockerEngineConfig(url=docker_host)), container)
    if found is None:
        raise Permanent(f"there is no container {container}: `docker ps` lists the names")
    url, by_name = _url(found, _address(docker_host))
    inside = environment(found).get("JENKINS_SLAVE_AGENT_PORT", "50000")
    agent_port = inside if by_name else _published(found, inside)
    return TEMPLATE.format(
        container=found["Name"].removeprefix("/"),
        name=name,
        image=found["Config"]["Image"],
        home=home_path(found),
        networks=", ".join(networks_of(found)) or "none",
        public=url,
        url=url,
        engine=f"\n      engine:\n        url: {docker_host}\n        address: {_address(docker_host)}\n      isolation: unrouted"
        if docker_host and not docker_host.startswith("unix://")
        else "",
        agent_port=f"\n        agent_port: {agent_port}" if agent_port else "",
        reach="\n      reach: name               # nothing is published: bot and router must be on one of its networks"
        if by_name
        else "",
    )


def _url(found: JSON, address: str) -> tuple[str, bool]:
    """Where the Jenkins is reached, and whether that is by its name in a network."""
    published = _published(found, "8080")
    if published:
        return f"http://{address}:{published}", False
    if set(networks_of(found)) - {"bridge"}:
        return f"http://{found['Name'].removeprefix('/')}:8080", True
    raise Permanent(
        f"the port 8080 of {found['Name'].removeprefix('/')} is not published, and it is on no network of its own: "
        "publish it, or put it on a network with the bot and the router"
    )


def _published(found: JSON, port: str) -> str | None:
    bindings = (found["HostConfig"].get("PortBindings") or {}).get(f"{port}/tcp") or ()
    return next((str(one["HostPort"]) for one in bindings if one["HostPort"]), None)


def _address(docker_host: str | None) -> str:
    host = urlsplit(docker_host or "").hostname
    return host if host and not (docker_host or "").startswith("unix://") else "127.0.0.1"
