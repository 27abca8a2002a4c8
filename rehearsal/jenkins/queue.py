"""The build queue: waiting → blocked or buildable → pending → left, as ``hudson.model.Queue`` moves items.

All methods expect the controller's lock to be held.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins.actions import Actions
from rehearsal.jenkins.documents import Element, ParseError, child, text_of, xml_name
from rehearsal.jenkins.items import Item, Job
from rehearsal.jenkins.release import QUEUE_COUNTER_AS_PROPERTY, at_least

__all__ = ["Queue", "QueueItem", "Stage", "now_ms"]

_LEFT_ITEMS_KEPT_SECONDS = 300
_COUNTER_PROPERTY = "jenkins.model.queue.QueueIdStrategy$DefaultStrategy"


class Stage(StrEnum):
    """The Java class of an item in each stage."""

    WAITING = "WaitingItem"
    BLOCKED = "BlockedItem"
    BUILDABLE = "BuildableItem"
    LEFT = "LeftItem"


@dataclass
class QueueItem:
    id: int
    job: Job
    actions: Actions
    since: int
    """Milliseconds since the epoch."""
    due: int
    """End of the quiet period, milliseconds since the epoch."""
    stage: Stage = Stage.WAITING
    buildable_since: int = 0
    reason: str | None = None
    """Why it is blocked."""
    pending: bool = False
    """Assigned to an executor, no build yet."""
    cancelled: bool = False
    number: int | None = None
    """The build it became."""
    left_at: float = 0.0

    def why(self) -> str | None:
        if self.stage is Stage.WAITING:
            remaining = self.due - now_ms()
            return (
                f"In the quiet period. Expires in {_span(remaining)}"
                if remaining >= 0
                else "Finished waiting"
            )
        return None if self.stage is Stage.LEFT else self.reason


class Queue:
    def __init__(self, file: Path, version: str, why_blocked: Callable[[QueueItem], str | None]) -> None:
        """``why_blocked`` tells what keeps an item from becoming buildable, None when nothing does."""
        self._file = file
        self._version = version
        self._why_blocked = why_blocked
        self._items: dict[int, QueueItem] = {}
        self._left: dict[int, QueueItem] = {}
        self._counter = 0
        self.changed_since_save = False
        self.loaded = False
        """False: nothing was read yet, so saving would lose what is on disk."""

    # ---- looking ---------------------------------------------------------------------------------------------

    def items(self) -> list[QueueItem]:
        """In the order of the REST API: waiting by due time, blocked, buildable and pending, each newest last."""
        order = {Stage.WAITING: 0, Stage.BLOCKED: 1, Stage.BUILDABLE: 2}
        return sorted(self._items.values(), key=lambda item: (order[item.stage], item.due, item.id))

    def find(self, item_id: int) -> QueueItem | None:
        """An item that is queued, or left the queue within the last five minutes."""
        return self._items.get(item_id) or self._left.get(item_id)

    def of(self, job: Job) -> QueueItem | None:
        return next((item for item in self.items() if item.job is job), None)

    def next_due(self) -> int | None:
        """When the next quiet period ends, milliseconds since the epoch."""
        return min((item.due for item in self._items.values() if item.stage is Stage.WAITING), default=None)

    # ---- changing --------------------------------------------------------------------------------------------

    def schedule(self, job: Job, delay_seconds: float, actions: Actions) -> tuple[QueueItem, bool]:
        """Queue a request, or fold it into an identical one; True when it is a new item."""
        due = now_ms() + int(delay_seconds * 1000)
        same = [
            item
            for item in self._items.values()
            if item.job is job and not item.pending and item.actions.same_parameters(actions)
        ]
        if same:
            for item in same:
                item.actions.fold(actions.causes)
                if item.stage is Stage.WAITING:
                    item.due = min(item.due, due)
            return same[0], False
        self._counter += 1
        item = QueueItem(self._counter, job, actions, now_ms(), due)
        self._items[item.id] = item
        self.changed_since_save = True
        return item, True

    def cancel(self, item_id: int) -> bool:
        """False when it is not queued (any more)."""
        item = self._items.get(item_id)
        if item is None or item.pending:
            return False
        item.cancelled = True
        self._leave(item)
        return True

    def cancel_all(self, job: Job) -> None:
        for item in [item for item in self._items.values() if item.job is job and not item.pending]:
            self.cancel(item.id)

    def started(self, item: QueueItem, number: int) -> None:
        """A pending item became a build."""
        item.number = number
        item.pending = False
        self._leave(item)

    def maintain(self) -> list[QueueItem]:
        """Move items on; returns the buildable ones in order, for the executors to take."""
        for item in self._blocked_first():
            if item.pending or (item.stage is Stage.WAITING and item.due > now_ms()):
                continue
            reason = self._why_blocked(item) or self._same_serial_job_ahead(item)
            if item.stage is Stage.WAITING:
                item.buildable_since = now_ms()
            item.stage = Stage.BUILDABLE if reason is None else Stage.BLOCKED
            item.reason = reason
        self._forget_left()
        return [item for item in self.items() if item.stage is Stage.BUILDABLE and not item.pending]

    def _blocked_first(self) -> list[QueueItem]:
        order = {Stage.BLOCKED: 0, Stage.BUILDABLE: 1, Stage.WAITING: 2}
        return sorted(self._items.values(), key=lambda item: (order[item.stage], item.id))

    def _same_serial_job_ahead(self, item: QueueItem) -> str | None:
        if item.job.concurrent or item.stage is Stage.BUILDABLE:
            return None
        ahead = any(
            other.job is item.job and other is not item and other.stage is Stage.BUILDABLE
            for other in self._items.values()
        )
        return "A build is already in progress" if ahead else None

    def _leave(self, item: QueueItem) -> None:
        del self._items[item.id]
        item.stage = Stage.LEFT
        item.left_at = time.monotonic()
        self._left[item.id] = item
        self.changed_since_save = True

    def _forget_left(self) -> None:
        limit = time.monotonic() - _LEFT_ITEMS_KEPT_SECONDS
        while self._left and next(iter(self._left.values())).left_at < limit:
            del self._left[next(iter(self._left))]

    # ---- disk ------------------------------------------------------------------------------------------------

    def save(self) -> None:
        root = Element("hudson.model.Queue_-State")
        if at_least(self._version, QUEUE_COUNTER_AS_PROPERTY):
            items = child(root, "items")
            entry = child(child(root, "properties"), "entry")
            child(entry, "string", _COUNTER_PROPERTY)
            child(entry, "long", str(self._counter))
        else:
            child(root, "counter", str(self._counter))
            items = child(root, "items")
        for item in self.items():
            _append(items, item)
        documents.write(self._file, root)
        self.changed_since_save = False

    def load(self, find: Callable[[str], Item | None]) -> None:
        """Replace the queue by what is on disk, which is then set aside as ``.bak``. Items of unknown jobs are dropped."""
        self._items.clear()
        self.loaded = True
        if not self._file.exists():
            return
        try:
            root = documents.read(self._file)
        except ParseError:
            return
        for element in root.iterfind("items/*"):
            job = find(text_of(element, "task"))
            if isinstance(job, Job):
                item = _read(element, job)
                self._items[item.id] = item
        self._counter = self._stored_counter(root)
        self._file.replace(self._file.with_name(self._file.name + ".bak"))

    def _stored_counter(self, root: Element) -> int:
        if at_least(self._version, QUEUE_COUNTER_AS_PROPERTY):
            for entry in root.iterfind("properties/entry"):
                if text_of(entry, "string") == _COUNTER_PROPERTY:
                    return int(text_of(entry, "long", "0"))
            return max(self._items, default=0)
        return int(text_of(root, "counter", "0"))


def now_ms() -> int:
    return int(time.time() * 1000)


def _append(items: Element, item: QueueItem) -> None:
    element = child(items, xml_name(f"hudson.model.Queue${item.stage}"))
    item.actions.append_to(child(element, "actions"))
    child(element, "id", str(item.id))
    child(element, "task", item.job.full_name, **{"class": item.job.java_class})
    child(element, "inQueueSince", str(item.since))
    if item.stage is Stage.WAITING:
        timestamp = child(element, "timestamp")
        child(timestamp, "time", str(item.due))
        child(timestamp, "timezone", "Etc/UTC")
    else:
        child(element, "buildableStartMilliseconds", str(item.buildable_since))


def _read(element: Element, job: Job) -> QueueItem:
    since = int(text_of(element, "inQueueSince", "0"))
    stage = Stage(documents.java_name(element.tag).rpartition("$")[2])
    return QueueItem(
        id=int(text_of(element, "id")),
        job=job,
        actions=Actions.from_element(element.find("actions")),
        since=since,
        due=int(text_of(element, "timestamp/time", str(since))),
        stage=stage,
        buildable_since=int(text_of(element, "buildableStartMilliseconds", "0")),
    )


def _span(milliseconds: int) -> str:
    """A time span as Jenkins words it: tenths below ten seconds, none above."""
    seconds = milliseconds / 1000
    return f"{int(seconds * 10) / 10:g} sec" if seconds < 10 else f"{int(seconds)} sec"
