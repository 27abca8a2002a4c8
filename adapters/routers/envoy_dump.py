"""What Envoy's configuration dump says about one controller. Pure: the inverse of :mod:`adapters.routers.envoy_resources`.

Only resources that Envoy uses now are looked at; one that is still warming does not count. Format:
https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from adapters.routers import envoy_resources as resources
from adapters.routers.envoy_resources import METADATA
from bot.errors import ChangedByHand
from bot.model import JSON, RouterState, Side

__all__ = ["controller", "generations", "state"]

Clusters = Mapping[str, JSON]


def controller(dump: Sequence[JSON]) -> str | None:
    """Name of the controller that is routed; None when Envoy was told nothing yet."""
    host = _virtual_host(dump)
    return None if host is None else str(host["name"])


def state(dump: Sequence[JSON]) -> RouterState | None:
    """The state of the controller that is routed; None when Envoy was told nothing yet.

    Weight and owner are taken from the routes themselves, addresses from the clusters' own endpoints.

    :raises ChangedByHand: when it was changed by hand into something that no state says.
    """
    host = _virtual_host(dump)
    if host is None:
        return None
    clusters = {
        entry["cluster"]["name"]: entry["cluster"] for entry in _entries(dump, "dynamic_active_clusters")
    }
    try:
        return _state(host, clusters)
    except (KeyError, IndexError, StopIteration, TypeError, ValueError) as error:
        raise ChangedByHand(
            f"Envoy's resources for {host['name']} were not written by this bot, or were changed by hand: {error!r}"
        ) from error


def generations(dump: Sequence[JSON]) -> dict[Side, int] | None:
    """Generation of each side's inner listeners; None when Envoy has none yet."""
    listeners = {
        entry["name"]: entry for entry in _entries(dump, "dynamic_listeners") if "active_state" in entry
    }
    found = {}
    for side in Side:
        entry = listeners.get(resources.connections(side))
        if entry is None:
            return None
        metadata = entry["active_state"]["listener"].get("metadata", {}).get("filter_metadata", {})
        found[side] = int(metadata.get(METADATA, {}).get("generation", 0))
    return found


def _state(host: JSON, clusters: Clusters) -> RouterState:
    routes = {route["name"]: route["route"] for route in host["routes"] if "name" in route}
    owner_cluster = routes[resources.OWNER_ROUTE]["cluster"]
    owner = next(side for side in Side if resources.instance(side) == owner_cluster)
    choice = routes[resources.SESSION_ROUTE]["weighted_clusters"]["clusters"]
    weights = {entry["name"]: int(entry.get("weight", 0)) for entry in choice}
    weight = sum(weights.get(cluster(Side.GREEN), 0) for cluster in (resources.instance, resources.failover))
    blue = _url(clusters, Side.BLUE)
    if blue is None:
        raise ValueError("there is no cluster for blue")
    return RouterState(
        blue=blue,
        green=_url(clusters, Side.GREEN),
        weight=weight,
        owner=owner,
        blue_agent_port=_agent_port(clusters, Side.BLUE),
        green_agent_port=_agent_port(clusters, Side.GREEN),
    )


def _url(clusters: Clusters, side: Side) -> str | None:
    """The URL as it was given, held against the endpoint that Envoy really uses."""
    cluster = clusters.get(resources.instance(side))
    if cluster is None:
        return None
    url = cast(str, cluster["metadata"]["filter_metadata"][METADATA]["url"])
    place = resources.address(url)
    if (place.host, place.port) != _endpoint(cluster):
        raise ValueError(f"{side.value} is said to be {url}, but its endpoint is {_endpoint(cluster)}")
    return url


def _agent_port(clusters: Clusters, side: Side) -> int | None:
    cluster = clusters.get(resources.agent_cluster(side))
    return None if cluster is None else _endpoint(cluster)[1]


def _endpoint(cluster: JSON) -> tuple[str, int]:
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    socket = endpoint["address"]["socket_address"]
    return socket["address"], int(socket["port_value"])


def _virtual_host(dump: Sequence[JSON]) -> JSON | None:
    for entry in _entries(dump, "dynamic_route_configs"):
        configuration = entry.get("route_config", {})
        if configuration.get("name") == resources.ROUTES and configuration.get("virtual_hosts"):
            return configuration["virtual_hosts"][0]
    return None


def _entries(dump: Sequence[JSON], key: str) -> list[JSON]:
    return [entry for section in dump for entry in section.get(key, [])]
