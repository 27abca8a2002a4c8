"""One address that serves the Web API, Socket Mode, the control API and the page."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from rehearsal.slack.control_api import ControlApi
from rehearsal.slack.delivery import Courier
from rehearsal.slack.people import People
from rehearsal.slack.room import Room
from rehearsal.slack.settings import Settings
from rehearsal.slack.signed_http import SignedHttp
from rehearsal.slack.socket_mode import SocketMode
from rehearsal.slack.web_api import WebApi
from rehearsal.slack.workspace import SlackWorkspace

__all__ = ["RunningWorkspace", "WorkspaceServer"]

PAGE = Path(__file__).with_name("page")
LARGEST_BODY = 64 * 1024 * 1024
SAVE_SECONDS = 0.5
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' http: https: data:; style-src 'self'; frame-ancestors 'none'"
)


class WorkspaceServer:
    """The server inside a running event loop."""

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] = time.time) -> None:
        self.workspace = SlackWorkspace(settings, clock)
        self._room = Room(self.workspace)
        self._socket_mode = SocketMode(self._room)
        url = self.workspace.settings.events_url
        self._courier = Courier(self._room, SignedHttp(self._room, url) if url else self._socket_mode)
        people = People(self._room, self._courier)
        self._control = ControlApi(self._room, people, self._courier, self._socket_mode)
        self._runner: web.AppRunner | None = None
        self._saving: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen; port 0 takes a free one. Returns the address without a trailing slash.

        :raises OSError: when the port is taken.
        """
        self._load()
        app = web.Application(client_max_size=LARGEST_BODY)
        app.add_routes(WebApi(self._room, self._socket_mode).routes())
        app.add_routes(self._control.routes())
        app.add_routes([web.get("/", _page), web.get("/{name}", _page)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.workspace.address = f"http://{host}:{self._runner.addresses[0][1]}"
        self.workspace.watch(self._changed)
        return self.workspace.address

    async def stop(self) -> None:
        assert self._runner is not None
        self._control.close()
        self._socket_mode.cut()
        await self._courier.close()
        await self._runner.cleanup()
        if self._saving is not None:
            self._saving.cancel()
            self._save()

    def _changed(self, kind: str, _data: object) -> None:
        if kind in ("message", "removed") and self._saving is None and self.workspace.settings.state_file:
            self._saving = asyncio.get_running_loop().call_later(SAVE_SECONDS, self._save)

    def _save(self) -> None:
        self._saving = None
        path = self.workspace.settings.state_file
        assert path is not None
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(json.dumps(self.workspace.dump()), encoding="utf-8")
        temporary.replace(path)

    def _load(self) -> None:
        path = self.workspace.settings.state_file
        if path is not None and path.exists():
            self.workspace.load(json.loads(path.read_text(encoding="utf-8")))


class RunningWorkspace:
    """The server in a thread of its own, for tests and for ``rehearsal``. Talk to it with :class:`WorkspaceDriver`."""

    def __init__(
        self,
        settings: Settings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``clock``: epoch seconds; what Slack dates, and what rights expire by."""
        self.address = ""
        self._settings = settings
        self._clock = clock
        self._host, self._port = host, port
        self._thread = threading.Thread(target=self._run, name="slack-workspace", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failure: OSError | None = None

    @property
    def api_url(self) -> str:
        """For ``WebClient(base_url=…)``."""
        return f"{self.address}/api/"

    def start(self) -> Self:
        """Returns when it listens.

        :raises OSError: when the port is taken.
        """
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            server = WorkspaceServer(self._settings, self._clock)
            self.address = self._loop.run_until_complete(server.start(self._host, self._port))
            self._ready.set()
            self._loop.run_forever()
            self._loop.run_until_complete(server.stop())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


async def _page(request: web.Request) -> web.StreamResponse:
    path = PAGE / request.match_info.get("name", "index.html")
    if path.parent != PAGE or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(
        path, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    )
