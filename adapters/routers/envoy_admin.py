"""Questions to Envoy's admin interface (https://www.envoyproxy.io/docs/envoy/latest/operations/admin)."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from bot.errors import Permanent, Temporary
from bot.model import JSON

__all__ = ["EnvoyAdmin"]

TIMEOUT_SECONDS = 3.0


class EnvoyAdmin:
    """Only reads.

    Every question raises :class:`Temporary` when Envoy does not answer and :class:`Permanent` when something else answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def config_dump(self) -> list[JSON]:
        """All configuration that is loaded now, in sections.

        :raises Temporary: also while Envoy is starting: it answers, but knows only a part yet.
        """
        if self._get("/server_info", "state") in ("PRE_INITIALIZING", "INITIALIZING"):
            raise Temporary(f"Envoy at {self.url} is still starting")
        sections: list[JSON] = self._get("/config_dump", "configs")
        return sections

    def values(self, pattern: str) -> Mapping[str, int | str]:
        """Counters, gauges and texts whose name the regular expression finds."""
        return {stat["name"]: stat["value"] for stat in self._stats(pattern) if "value" in stat}

    def histograms(self, pattern: str) -> Mapping[str, tuple[tuple[float, int], ...]]:
        """Histograms whose name the regular expression finds: pairs of (upper bound, values up to it), since the start."""
        return {
            histogram["name"]: tuple(
                (float(bucket["upper_bound"]), int(bucket["cumulative"])) for bucket in histogram["buckets"]
            )
            for stat in self._stats(pattern)
            if "histograms" in stat
            for histogram in stat["histograms"]
        }

    def endpoints(self) -> Mapping[str, JSON]:
        """Cluster name → its endpoints with their counters."""
        clusters = self._get("/clusters", "cluster_statuses", empty=[], format="json")
        return {cluster["name"]: cluster.get("host_statuses", []) for cluster in clusters}

    def drain_seconds(self) -> float:
        """How long connections of a replaced listener live on (``--drain-time-s``)."""
        options = self._get("/server_info", "command_line_options")
        return float(options.get("drain_time", "0s").rstrip("s"))

    def _stats(self, pattern: str) -> list[JSON]:
        stats: list[JSON] = self._get(
            "/stats", "stats", format="json", histogram_buckets="cumulative", filter=pattern
        )
        return stats

    def _get(self, path: str, key: str, *, empty: JSON = None, **query: str) -> JSON:
        """What the JSON object that ``path`` answers has under ``key``.

        ``empty`` stands for a list that Envoy leaves out while it is empty; without it the key must be there.
        """
        try:
            with requests.Session() as session:
                session.trust_env = False  # the admin address is never behind a proxy
                response = session.get(self.url + path, params=query, timeout=TIMEOUT_SECONDS)
                if response.status_code != requests.codes.ok:
                    raise Permanent(
                        f"{self.url}{path} answered {response.status_code}: is it Envoy's admin address?"
                    )
                answer = response.json()
                return answer[key] if empty is None else answer.get(key, empty)
        except (requests.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise Permanent(
                f"{self.url}{path} did not answer as Envoy does: is it Envoy's admin address?"
            ) from error
        except requests.RequestException as error:
            raise Temporary(f"Envoy's admin interface at {self.url} does not answer") from error
