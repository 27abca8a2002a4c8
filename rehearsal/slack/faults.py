"""What can be made to go wrong, and what is counted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from rehearsal.slack.records import Json

__all__ = ["LATE_SECONDS", "Call", "Failure", "Faults", "Journal", "Rates"]

LATE_SECONDS = 3.0
"""An app that acknowledges later than this has failed in the eyes of Slack."""


@dataclass(slots=True)
class Failure:
    """The next ``count`` calls of ``method`` (None: of any) fail with ``error``."""

    error: str
    count: int = 1
    method: str | None = None
    retry_after: int = 1
    """Seconds, for ``ratelimited``."""
    done_first: bool = False
    """The call takes effect and only its answer is lost with the connection."""


@dataclass(slots=True)
class Faults:
    outage: bool = False
    """Every request is answered 503 and sockets are cut."""
    delay_seconds: float = 0.0
    """Wait this long before each Web API answer."""
    enforce_rates: bool = False
    """Apply Slack's own rate limits."""
    deliver_twice: bool = False
    """Send every command, click and event a second time, as Slack does when an acknowledgement is lost."""
    failures: list[Failure] = field(default_factory=list)

    def next_failure(self, method: str) -> Failure | None:
        """Takes one from the first that fits."""
        for failure in self.failures:
            if failure.count > 0 and failure.method in (None, method):
                failure.count -= 1
                if failure.count == 0:
                    self.failures.remove(failure)
                return failure
        return None

    def to_json(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    at: float
    arguments: Json
    """Without the token."""
    ok: bool
    error: str | None


@dataclass(slots=True)
class Journal:
    """Every Web API call, and counters of what a person would notice."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=20_000))
    """The latest; ``totals`` counts all."""
    totals: Counter[str] = field(default_factory=Counter)
    acks: int = 0
    acks_over_3s: int = 0
    unacknowledged: int = 0
    messages: int = 0
    """Posted by the app: public, ephemeral and through response URLs."""
    updates: int = 0

    def record(self, call: Call) -> None:
        self.calls.append(call)
        self.totals[call.method] += 1

    def counters(self) -> Json:
        return {
            "acks": self.acks,
            "acks_over_3s": self.acks_over_3s,
            "unacknowledged": self.unacknowledged,
            "messages": self.messages,
            "updates": self.updates,
            "calls": dict(self.totals),
        }


PER_MINUTE = {
    "apps.connections.open": 20,
    "chat.delete": 50,
    "chat.getPermalink": 300,
    "chat.postEphemeral": 100,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.info": 50,
    "conversations.list": 20,
    "conversations.members": 100,
    "conversations.open": 50,
    "conversations.replies": 50,
    "files.completeUploadExternal": 100,
    "files.getUploadURLExternal": 100,
    "reactions.add": 50,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "users.info": 100,
    "users.list": 20,
    "views.open": 100,
    "views.publish": 100,
    "views.push": 100,
    "views.update": 100,
}
"""Calls a minute: the tier named on each method's page of https://docs.slack.dev/reference/methods."""
POSTS_A_CHANNEL = 5, 5.0
"""``chat.postMessage`` takes one a second in each channel with short bursts above: at most five in five seconds."""


class Rates:
    """Slack's own rate limits over a sliding window."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: dict[str, deque[float]] = {}

    def seconds_to_wait(self, method: str, arguments: Json) -> int | None:
        """None when the call is taken; else the seconds for ``Retry-After``."""
        if method == "chat.postMessage":
            most, window = POSTS_A_CHANNEL
            key = f"{method} {arguments.get('channel')}"
        elif method in PER_MINUTE:
            most, window, key = PER_MINUTE[method], 60.0, method
        else:
            return None
        now = self._clock()
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - window:
            times.popleft()
        if len(times) >= most:
            return max(1, int(times[0] + window - now + 0.999))
        times.append(now)
        return None
