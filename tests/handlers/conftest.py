"""A Web API to talk to, commands that remember what they were asked, and the real Bolt app between them."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from slack_bolt import App

from bot.commands import Actor, Answer, LiveUpgrade, OpenGate, Overview, StartChoices, StartRequest
from bot.content import Notice
from handlers.app import build_app
from handlers.credentials import Credentials
from tests.handlers.forms import CHOICES, GATES, LIVE, OVERVIEW
from tests.handlers.payloads import SIGNING_SECRET
from tests.handlers.web_api import APP_TOKEN, BOT_TOKEN, WebApi, running_web_api


@dataclass
class RecordingCommands:
    """Implements :class:`bot.commands.Commands`; ``answer`` says what every command answers."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    answer: Callable[[], Notice | None] = lambda: None
    held: threading.Event = field(default_factory=threading.Event)
    """Clear it and every command waits inside."""
    requests: list[StartRequest] = field(default_factory=list)
    """Those whose faults were asked for."""
    faults: dict[str, str] = field(default_factory=dict)
    choices: StartChoices = CHOICES
    live: tuple[LiveUpgrade, ...] = (LIVE,)
    gates: tuple[OpenGate, ...] = GATES
    seen: Overview = OVERVIEW

    def __post_init__(self) -> None:
        self.held.set()

    def run(self, text: str, actor: Actor) -> Notice:
        return self._take(actor, "run", text) or Notice("Done.")

    def click(self, action: str, value: str, actor: Actor) -> Notice | None:
        return self._take(actor, "click", action, value)

    def start(self, request: StartRequest, actor: Actor) -> Answer:
        return Answer(self._take(actor, "start", request.controller, request.version) or Notice("Upgrading."))

    def start_faults(self, request: StartRequest) -> Mapping[str, str]:
        self.requests.append(request)
        return self.faults

    def start_choices(self, controller: str | None) -> StartChoices:
        return dataclasses.replace(self.choices, controller=controller or self.choices.controller)

    def live_upgrades(self, actor: Actor) -> tuple[LiveUpgrade, ...]:
        self.actors.append(actor)
        return self.live

    def open_gates(self, actor: Actor) -> tuple[OpenGate, ...]:
        return self.gates

    def hold(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "hold", upgrade, reason) or Notice("Held.")

    def resume(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "resume", upgrade, reason) or Notice("Goes on.")

    def rollback(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "rollback", upgrade, reason) or Notice("Rolling back.")

    def abort(self, upgrade: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "abort", upgrade, reason) or Notice("Aborting.")

    def lock(self, controller: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "lock", controller, reason) or Notice("Locked.")

    def unlock(self, controller: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "unlock", controller, reason) or Notice("Unlocked.")

    def locks(self) -> Mapping[str, str]:
        return {state.name: state.lock for state in self.seen.controllers}

    def override(self, card: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "override", card, reason) or Notice("Approved.")

    def break_glass(self, card: str, reason: str, actor: Actor) -> Notice:
        return self._take(actor, "break-glass", card, reason) or Notice("Approved.")

    def overview(self, actor: Actor) -> Overview:
        self.actors.append(actor)
        return self.seen

    def _take(self, actor: Actor, *asked: str) -> Notice | None:
        assert self.held.wait(60)
        self.actors.append(actor)
        self.asked.append(asked)
        return self.answer()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would send 127.0.0.1 through a proxy too."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[WebApi]:
    with running_web_api() as api:
        yield api


@pytest.fixture
def credentials(api: WebApi) -> Credentials:
    return Credentials(BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, api.api_url)


@pytest.fixture
def commands() -> RecordingCommands:
    return RecordingCommands()


@pytest.fixture
def app(commands: RecordingCommands, credentials: Credentials) -> Iterator[App]:
    app, _ = build_app(commands, credentials)
    yield app
    commands.held.set()
    app.listener_runner.listener_executor.shutdown()
