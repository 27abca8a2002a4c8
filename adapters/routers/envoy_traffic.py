"""Envoy's counters as traffic of the two sides.

Health checks never reach these counters. A WebSocket counts as one request when it is opened, and has no response time.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.routers import envoy_resources as resources
from adapters.routers.envoy_admin import EnvoyAdmin
from bot.model import JSON, Histogram, Side, Traffic

__all__ = ["traffic"]

REQUESTS = "upstream_rq_completed"
"""Answers, those that Envoy made itself among them; an attempt that was sent again is not one."""
ERRORS = "upstream_rq_5xx"
TIMES = "upstream_rq_time"
"""Histogram in milliseconds."""


def traffic(admin: EnvoyAdmin) -> Mapping[Side, Traffic]:
    """Ask Envoy once for each kind of counter.

    Where the other side answered for one that is down, the request belongs to the side that the session is on, and is an error
    of that side although its user saw none.
    """
    prefix = r"^cluster\.jenkins-(?:blue|green)(?:-first|-connections)?\."
    counters = admin.values(f"{prefix}(?:{REQUESTS}|{ERRORS})$")
    histograms = admin.histograms(f"{prefix}{TIMES}$")
    endpoints = admin.endpoints()
    return {side: _traffic(side, counters, histograms, endpoints) for side in Side}


def _traffic(
    side: Side,
    counters: Mapping[str, int | str],
    histograms: Mapping[str, tuple[tuple[float, int], ...]],
    endpoints: Mapping[str, JSON],
) -> Traffic:
    clusters = (resources.instance(side), resources.failover(side), resources.connections(side))

    def count(counter: str) -> int:
        return sum(int(counters.get(f"cluster.{cluster}.{counter}", 0)) for cluster in clusters)

    helped = _answered_by_other(endpoints.get(resources.failover(side), []))
    times = [
        histograms[name]
        for name in (f"cluster.{cluster}.{TIMES}" for cluster in clusters)
        if name in histograms
    ]
    return Traffic(requests=count(REQUESTS), errors=count(ERRORS) + helped, latency=_sum(times))


def _answered_by_other(endpoints: JSON) -> int:
    return sum(
        int(stat.get("value", 0))
        for endpoint in endpoints
        if endpoint.get("priority", 0) > 0
        for stat in endpoint["stats"]
        if stat["name"] == "rq_success"
    )


def _sum(histograms: list[tuple[tuple[float, int], ...]]) -> Histogram:
    """All have the same bounds: they are set for the whole Envoy."""
    if not histograms:
        return Histogram((), ())
    bounds = tuple(bound / 1000 for bound, _ in histograms[0])
    counts = tuple(
        sum(values) for values in zip(*([count for _, count in one] for one in histograms), strict=True)
    )
    return Histogram(bounds, counts)
