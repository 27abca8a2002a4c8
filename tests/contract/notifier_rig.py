"""A notifier between an outbox, a counting Web API and virtual time, for tests of delivery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.slack_notifier import SlackNotifier, slack_client
from bot.content import Content, Entry
from bot.ports import Outbox
from handlers.views import render
from tests.fakes.timing import VirtualClock
from tests.handlers.web_api import BOT_TOKEN, WebApi, running_web_api

__all__ = ["CHANNEL", "UPGRADE", "CountedOutbox", "Rig", "running_rig", "with_a_thread"]

UPGRADE, CHANNEL = "u1", "C1"
START = 1_764_000_000.0


class CountedOutbox(Outbox, Protocol):
    def undelivered(self) -> tuple[int, str | None]:
        """How many messages are not shown as they should be, and an error of one of them."""


@dataclass
class Rig:
    api: WebApi
    outbox: CountedOutbox
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))

    def __post_init__(self) -> None:
        client = slack_client(BOT_TOKEN, self.api.api_url)
        self.notifier = SlackNotifier(client, self.outbox, render, self.clock)

    def put(
        self, key: str, content: Content | str, *, upgrade: str = UPGRADE, channel: str = CHANNEL
    ) -> None:
        self.outbox.put(upgrade, key, channel, Entry(content) if isinstance(content, str) else content)

    def deliver(self) -> None:
        self.notifier.deliver_due()

    def after(self, seconds: float) -> None:
        """Let time pass and deliver."""
        self.clock.move(self.clock.now() + seconds)
        self.notifier.deliver_due()

    @property
    def posted(self) -> list[str]:
        return [call["text"] for call in self.api.of("chat.postMessage")]

    @property
    def updated(self) -> list[str]:
        return [call["text"] for call in self.api.of("chat.update")]

    @property
    def shown(self) -> list[str]:
        """What people see, oldest message first."""
        return [message["text"] for message in self.api.messages.values()]

    @property
    def waiting(self) -> int:
        return self.outbox.undelivered()[0]

    @property
    def error(self) -> Any:
        return self.outbox.undelivered()[1]


@contextmanager
def running_rig(outbox: CountedOutbox) -> Iterator[Rig]:
    with running_web_api() as api:
        yield Rig(api, outbox)


def with_a_thread(rig: Rig) -> Rig:
    """With a dashboard and one reply shown already."""
    rig.put("dashboard", "board")
    rig.put("event-1", "one")
    rig.deliver()
    rig.after(60)
    return rig
