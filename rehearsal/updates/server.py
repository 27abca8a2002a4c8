"""Answers the paths of ``updates.jenkins.io`` that a program asks for: data for a core, every version, plugin files.

As there, ``?version=`` chooses among tiers by a redirect, and a tier offers the newest release of each plugin that runs on it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from rehearsal.jenkins.plugins import make_plugin
from rehearsal.jenkins.release import at_least
from rehearsal.updates.sixty import DATA, manifest_dependencies

__all__ = ["UpdateCentreStandIn"]

_TIER = re.compile(r"^/dynamic-(?P<core>[\d.]+)/update-center\.actual\.json$")
_FILE = re.compile(r"^/download/plugins/(?P<name>[\w-]+)/(?P<version>[\w.-]+)/(?P=name)\.hpi$")
NEWEST_LTS = "2.516.3"


class UpdateCentreStandIn:
    """Listens on 127.0.0.1 inside of the ``with`` block, on a port of its own choice."""

    def __init__(self, directory: Path) -> None:
        """Plugin files are made in the directory, each when it is first asked for."""
        self._directory = directory
        self._releases: Mapping[str, Mapping[str, dict[str, Any]]] = _read("plugin-versions.json")["plugins"]
        self._published = _read("update-center.actual.json")
        self._lock = threading.Lock()
        self.requests: list[str] = []
        """Paths with their queries, in the order in which they came."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, target: str) -> tuple[int, Mapping[str, str], bytes]:
        """(status, headers, body) for a request's path and query."""
        self.requests.append(target)
        address = urlsplit(target)
        if address.path == "/update-center.actual.json":
            core = parse_qs(address.query).get("version", [NEWEST_LTS])[0]
            return 302, {"Location": f"/dynamic-{core}/update-center.actual.json"}, b""
        if address.path == "/stable/update-center.actual.json":
            return self._json(self._tier(NEWEST_LTS))
        if address.path == "/tiers.json":
            return self._json({"stableCores": ["2.440.1", "2.479.3", NEWEST_LTS], "weeklyCores": ["2.480"]})
        if tier := _TIER.match(address.path):
            return self._json(self._tier(tier["core"]))
        if address.path == "/current/plugin-versions.json":
            return self._json({"plugins": {name: self._every(name) for name in self._releases}})
        if (file := _FILE.match(address.path)) and file["version"] in self._releases.get(file["name"], {}):
            return 200, {}, self._file(file["name"], file["version"]).read_bytes()
        return 404, {}, b"no such file"

    def _json(self, data: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps(data).encode()

    def _tier(self, core: str) -> dict[str, Any]:
        offered = {
            name: self._as_served(fitting[-1])
            for name in self._releases
            if (fitting := [one for one in self._by_age(name) if at_least(core, one["requiredCore"])])
        }
        return {**self._published, "plugins": offered}

    def _every(self, name: str) -> dict[str, Any]:
        return {entry["version"]: self._as_served(entry) for entry in self._by_age(name)}

    def _by_age(self, name: str) -> list[dict[str, Any]]:
        return sorted(self._releases[name].values(), key=lambda entry: str(entry["releaseTimestamp"]))

    def _as_served(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        content = self._file(entry["name"], entry["version"]).read_bytes()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        url = f"{self.url}/download/plugins/{entry['name']}/{entry['version']}/{entry['name']}.hpi"
        return {**entry, "sha256": digest, "size": len(content), "url": url}

    def _file(self, name: str, version: str) -> Path:
        path = self._directory / name / version / f"{name}.hpi"
        with self._lock:
            if not path.exists():
                entry = self._releases[name][version]
                dependencies = manifest_dependencies(entry["dependencies"])
                make_plugin(
                    path, name, version, required_core=entry["requiredCore"], dependencies=dependencies
                )
        return path


def _handler(standin: UpdateCentreStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = standin.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Requests are counted, not printed."""

    return Handler


@cache
def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return data
