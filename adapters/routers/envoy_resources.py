"""What Envoy is told about one controller: its routes, clusters and inner listeners, as xDS resources in JSON. Pure.

Sessions, owner requests and owner connections go different ways, so that each can be switched, failed over or cut alone:

- ``jenkins-<side>`` is the instance alone. Owner requests and webhooks go there, and sessions while the other side may not help.
- ``jenkins-<side>-first`` is the instance with the other one behind it: sessions fail over while it does not answer.
- ``jenkins-<side>-connections`` leads over an inner listener of the same name to the instance. WebSockets of agents and of the CLI
  take this way: Envoy ends the connections of a listener when it is replaced, and has no other means to end running ones.
- ``jenkins-agents`` is the TCP agent port of the owner, over the inner listener ``jenkins-<side>-agents`` for the same reason.

Field names are those of Envoy's v3 API, https://www.envoyproxy.io/docs/envoy/latest/api-v3/api.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from bot.errors import Permanent
from bot.model import JSON, RouterState, Side

__all__ = [
    "AGENTS",
    "METADATA",
    "OWNER_ROUTE",
    "ROUTES",
    "SESSION_ROUTE",
    "Address",
    "Document",
    "address",
    "agent_cluster",
    "cds",
    "connections",
    "failover",
    "instance",
    "lds",
    "rds",
]

METADATA = "ci-upgrade"
"""Key of this product's own data in Envoy's resources."""
ROUTES = "jenkins"
"""Name of the route configuration that the bootstrap file asks for."""
OWNER_ROUTE = "owner"
SESSION_ROUTE = "new-sessions"

AGENTS = "jenkins-agents"
"""The cluster to which the bootstrap file's agent listener leads."""

TYPE = "type.googleapis.com/envoy."
CONNECTION_PATHS = ("/wsagents", "/cli")
"""Inbound agents and the CLI, also over WebSocket (jenkins.agents.WebSocketAgents, hudson.cli.CLIAction)."""
OWNER_PATHS = ("/tcpSlaveAgentListener/",)
"""Where agents ask for the TCP port and the instance's identity (hudson.TcpSlaveAgentListener)."""
QUEUE_ITEMS = "/queue/item/"
"""Queue ids mean something only on the instance that gave them out."""
UPSTREAM_IDLE = "20s"
"""Below the 30 s after which Jenkins' Jetty closes a kept-alive connection, so that Envoy never sends into a closing one."""
UNLIMITED = 100_000
"""Envoy's own limits (1024 connections and requests, 3 retries) would refuse requests of a large controller."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instance listens; ``path`` is its context path, "" or such as ``/jenkins``."""

    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one resource file. The version is a digest of its content, and Envoy reports it back."""

    kind: Literal["rds", "cds", "lds"]
    version: str
    text: str


# ---- names -----------------------------------------------------------------------------------------------------


def instance(side: Side) -> str:
    return f"jenkins-{side.value}"


def failover(side: Side) -> str:
    return f"jenkins-{side.value}-first"


def connections(side: Side) -> str:
    return f"jenkins-{side.value}-connections"


def agent_cluster(side: Side) -> str:
    return f"jenkins-{side.value}-agents"


# ---- the three files -------------------------------------------------------------------------------------------


def cds(state: RouterState) -> Document:
    """Clusters: they depend on addresses and on who owns the agents, never on the session weight."""
    addresses = _addresses(state)
    ports = {Side.BLUE: state.blue_agent_port, Side.GREEN: state.green_agent_port}
    urls = {Side.BLUE: state.blue, Side.GREEN: state.green}
    resources = []
    for side, place in addresses.items():
        resources.append(
            _http_cluster(instance(side), [place])
            | {"metadata": {"filter_metadata": {METADATA: {"url": urls[side]}}}}
        )
        resources.append(_inner_cluster(connections(side), connections(side)))
        if side.other in addresses:
            resources.append(
                _http_cluster(failover(side), [place, addresses[side.other]])
                | {"health_checks": [_health_check(place)]}
            )
        port = ports[side]
        if port is not None:
            resources.append(_cluster(agent_cluster(side), [Address(place.host, port, "")]))
    if ports[state.owner] is not None:
        resources.append(_inner_cluster(AGENTS, agent_cluster(state.owner)))
    return _document("cds", resources)


def rds(name: str, cookie: str, webhook_paths: Sequence[str], state: RouterState) -> Document:
    """Routes of the controller ``name``: they hold the session weight and the owner."""
    path = _addresses(state)[Side.BLUE].path
    routes = [*_owner_routes(path, webhook_paths, state.owner), *_session_routes(cookie, state)]
    host = {"name": name, "domains": ["*"], "routes": routes, "retry_policy": _safe_retries()}
    return _document(
        "rds",
        [{"@type": f"{TYPE}config.route.v3.RouteConfiguration", "name": ROUTES, "virtual_hosts": [host]}],
    )


def lds(generations: Mapping[Side, int]) -> Document:
    """Inner listeners. A side whose generation grew gets new ones, and the connections of its old ones are ended."""
    return _document(
        "lds",
        [
            _inner_listener(name, target, generations[side])
            for side in Side
            for name, target in (
                (connections(side), instance(side)),
                (agent_cluster(side), agent_cluster(side)),
            )
        ],
    )


def address(url: str) -> Address:
    """Take an instance's base URL apart.

    :raises Permanent: when it is not an address that Envoy can be given.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise Permanent(f"Envoy reaches instances over plain http only, not at {url}")
    return Address(parts.hostname, parts.port or 80, parts.path.rstrip("/"))


def _addresses(state: RouterState) -> dict[Side, Address]:
    if state.green is None:
        if state.owner is Side.GREEN or state.weight:
            raise Permanent("green has no address, so it can neither be the owner nor get sessions")
        return {Side.BLUE: address(state.blue)}
    if not 0 <= state.weight <= 100:
        raise Permanent(f"the session weight is a percentage from 0 to 100, not {state.weight}")
    found = {Side.BLUE: address(state.blue), Side.GREEN: address(state.green)}
    if found[Side.BLUE].path != found[Side.GREEN].path:
        raise Permanent(f"blue and green differ in their context path: {state.blue} and {state.green}")
    return found


def _document(kind: Literal["rds", "cds", "lds"], resources: Sequence[JSON]) -> Document:
    version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
    text = json.dumps({"version_info": version, "resources": resources}, indent=1)
    return Document(kind, version, text + "\n")


# ---- routes ----------------------------------------------------------------------------------------------------


def _owner_routes(path: str, webhook_paths: Sequence[str], owner: Side) -> Iterable[JSON]:
    authorized = {"name": "authorization", "present_match": True}
    reading = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}
    for prefix in CONNECTION_PATHS:
        yield _route({"path_separated_prefix": path + prefix}, {"cluster": connections(owner)})
    for prefix in (*OWNER_PATHS, *webhook_paths):
        yield _route({"prefix": path + prefix}, {"cluster": instance(owner)})
    yield _route({"prefix": path + QUEUE_ITEMS, "headers": [authorized]}, {"cluster": instance(owner)})
    yield _route(
        {"prefix": "/", "headers": [authorized, reading | {"invert_match": True}]},
        {"cluster": instance(owner)},
    ) | {"name": OWNER_ROUTE}


def _session_routes(cookie: str, state: RouterState) -> Iterable[JSON]:
    weights = {Side.BLUE: 100 - state.weight, Side.GREEN: state.weight}
    sides = [side for side in Side if side is Side.BLUE or state.green is not None]
    helped = {
        side: side.other in sides and (weights[side.other] > 0 or state.owner is side.other) for side in sides
    }
    clusters = {side: failover(side) if helped[side] else instance(side) for side in sides}
    for side in sides:
        # Without a route for its cookie, a session of a side with weight 0 is a new session: moved, and told so.
        if weights[side] > 0:
            known = {"name": "cookie", "string_match": {"safe_regex": {"regex": _cookie(cookie, side)}}}
            yield _route({"prefix": "/", "headers": [known]}, {"cluster": clusters[side]})
    choice = [
        {
            "name": clusters[side],
            "weight": weights[side],
            "response_headers_to_add": [
                {
                    "header": {
                        "key": "set-cookie",
                        "value": f"{cookie}={side.value}; Path=/; HttpOnly; SameSite=Lax",
                    }
                }
            ],
        }
        for side in sides
    ]
    yield _route({"prefix": "/"}, {"weighted_clusters": {"clusters": choice}}) | {"name": SESSION_ROUTE}


def _cookie(name: str, side: Side) -> str:
    """The whole Cookie header of a session that belongs to the side (Envoy's regular expressions match whole values)."""
    return rf"(?:.*;\s*)?{re.escape(name)}={side.value}(?:\s*;.*)?"


def _route(match: JSON, action: JSON) -> JSON:
    # Downloads, progressive logs, WebSockets and the CLI last as long as they last.
    return {"match": match, "route": action | {"timeout": "0s", "idle_timeout": "0s"}}


def _safe_retries() -> JSON:
    """Only what surely never reached an instance is sent again; the second attempt asks the side behind, if there is one."""
    return {
        "retry_on": "connect-failure,refused-stream,reset-before-request",
        "num_retries": 2,
        "retry_priority": {
            "name": "envoy.retry_priorities.previous_priorities",
            "typed_config": {
                "@type": f"{TYPE}extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                "update_frequency": 1,
            },
        },
    }


# ---- clusters --------------------------------------------------------------------------------------------------


def _cluster(name: str, places: Sequence[Address]) -> JSON:
    """A cluster whose first place serves alone while it is healthy."""
    endpoints = [
        {
            "priority": priority,
            "lb_endpoints": [
                {
                    "endpoint": {
                        "address": {"socket_address": {"address": place.host, "port_value": place.port}},
                        "hostname": place.host,
                    }
                }
            ],
        }
        for priority, place in enumerate(places)
    ]
    literal = all(_is_ip(place.host) for place in places)
    return {
        "@type": f"{TYPE}config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC" if literal else "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": UNLIMITED,
                    "max_pending_requests": UNLIMITED,
                    "max_requests": UNLIMITED,
                    "max_retries": UNLIMITED,
                }
            ]
        },
    }


def _http_cluster(name: str, places: Sequence[Address]) -> JSON:
    options = {
        "@type": f"{TYPE}extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"idle_timeout": UPSTREAM_IDLE},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return _cluster(name, places) | {
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        }
    }


def _inner_cluster(name: str, listener: str) -> JSON:
    endpoint = {"endpoint": {"address": {"envoy_internal_address": {"server_listener_name": listener}}}}
    cluster: dict[str, JSON] = _http_cluster(name, [])
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return cluster | {"load_assignment": assignment}


def _health_check(place: Address) -> JSON:
    """A starting Jenkins answers 503 on its login page, which needs no credentials."""
    return {
        "timeout": "3s",
        "interval": "2s",
        # Envoy asks only once a minute while a cluster has had no requests yet.
        "no_traffic_interval": "2s",
        # For lost answers only: an answer outside the expected ones counts at once.
        "unhealthy_threshold": 3,
        "healthy_threshold": 1,
        "http_health_check": {
            "path": f"{place.path}/login",
            "expected_statuses": [{"start": 200, "end": 500}],
        },
    }


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# ---- inner listeners -------------------------------------------------------------------------------------------


def _inner_listener(name: str, target: str, generation: int) -> JSON:
    proxy = {
        "@type": f"{TYPE}extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": name,
        "cluster": target,
        # Agents may be silent for longer than Envoy's default of an hour.
        "idle_timeout": "0s",
    }
    return {
        "@type": f"{TYPE}config.listener.v3.Listener",
        "name": name,
        "internal_listener": {},
        "metadata": {"filter_metadata": {METADATA: {"generation": generation}}},
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}],
    }
