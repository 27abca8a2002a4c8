"""The store on a real database file: compare-and-set, one live upgrade a controller, a durable outbox, one process."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from adapters.sqlite_store import SqliteStore, hold_lock
from bot.content import Entry as ThreadEntry
from bot.errors import ConfigurationError, Conflict, Refused
from bot.model import Instance
from bot.reasons import Reason
from bot.store import Entry
from bot.upgrade import Gate, Hold, Status, StepRecord, StepState, Upgrade, Vote, plan_steps

UPGRADE = Upgrade(
    "u1", "main", "2.426.2", "2.516.3", "U1", "C1", 1.0, plan_steps((10, "handover", 100)), "preflight", Status.RUNNING,
    Instance("blue", "2.426.2", "http://blue", "/home", 5000, {"pid_file": "/pid"}),
)  # fmt: skip
STARTED = Entry("u1", 1.0, "decision", "preflight", 1, "start", "U1", {"target": "2.516.3"})


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "state.db")


def test_an_upgrade_is_read_back_as_it_was_written(store: SqliteStore, tmp_path: Path) -> None:
    """With every kind of field, also by another process's connection."""
    full = dataclasses.replace(
        UPGRADE,
        green=Instance("green", "2.516.3", "http://green", "/g"),
        records={"backup": StepRecord(StepState.DONE, 1.0, 2.0, 2, None, "note")},
        hold=Hold(Reason.ASKED, "lunch", 3.0, "U1"),
        facts={"freeze_seconds": 0.4, "for_humans": ["a"]},
    )
    store.create(full, STARTED)
    assert SqliteStore(tmp_path / "state.db").get("u1") == full
    assert store.journal("u1") == (STARTED,)


def test_a_stale_save_changes_nothing(store: SqliteStore) -> None:
    store.create(UPGRADE, STARTED)
    first = store.save(dataclasses.replace(UPGRADE, weight=10))
    with pytest.raises(Conflict):
        store.save(dataclasses.replace(UPGRADE, weight=50), STARTED)
    assert store.get("u1") == first
    assert len(store.journal("u1")) == 1


def test_of_two_racing_writers_each_version_is_won_once(store: SqliteStore) -> None:
    """Threads that all add one end with the sum: no update is lost."""
    store.create(UPGRADE, STARTED)

    def add() -> None:
        for _ in range(20):
            while True:
                row = store.get("u1")
                try:
                    store.save(dataclasses.replace(row, weight=row.weight + 1))
                    break
                except Conflict:
                    continue

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("u1").weight == 80


def test_a_controller_has_one_live_upgrade(store: SqliteStore) -> None:
    store.create(UPGRADE, STARTED)
    with pytest.raises(Refused, match="u1"):
        store.create(dataclasses.replace(UPGRADE, id="u2"), STARTED)
    store.save(dataclasses.replace(UPGRADE, status=Status.COMPLETED))
    store.create(
        dataclasses.replace(UPGRADE, id="u2", created_at=2.0), dataclasses.replace(STARTED, upgrade="u2")
    )
    assert [upgrade.id for upgrade in store.history("main", 5)] == ["u2", "u1"]
    assert [upgrade.id for upgrade in store.live()] == ["u2"]


def test_a_gate_is_decided_once(store: SqliteStore) -> None:
    store.create(UPGRADE, STARTED)
    gate = Gate("g1", "u1", "gate-10", 1.0, 2.0, {"rows": []}, "abc", "pass")
    row = store.open_gate(gate, UPGRADE)
    row = store.decide(dataclasses.replace(gate, outcome="approved", decided_by="U2"), row)
    with pytest.raises(Conflict):
        store.decide(dataclasses.replace(gate, outcome="held"), row)
    decided = store.newest_gate("u1", "gate-10")
    assert decided is not None
    assert (decided.outcome, decided.decided_by) == ("approved", "U2")
    assert store.get("u1") == row


def test_a_vote_beside_a_decision_stays_in_the_record(store: SqliteStore) -> None:
    """Somebody approved while somebody else, who had not seen that yet, held the upgrade."""
    store.create(UPGRADE, STARTED)
    gate = Gate("g1", "u1", "gate-10", 1.0, 2.0, {"rows": []}, "abc", "pass")
    row = store.open_gate(gate, UPGRADE)
    vote = Vote("U2", 1.5, "looks good")
    store.vote(gate, (vote,))
    store.decide(dataclasses.replace(gate, outcome="held", decided_by="U3"), row)
    decided = store.gate("g1")
    assert decided is not None
    assert (decided.outcome, decided.votes) == ("held", (vote,))


def test_only_the_newest_text_of_a_message_is_due_and_the_thread_waits_for_its_parent(
    store: SqliteStore,
) -> None:
    store.put("u1", "event-1", "C1", ThreadEntry("in the thread"))
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    store.put("u1", "dashboard", "C1", ThreadEntry("two"))
    (parent,) = store.due(0.0)
    assert parent.content == ThreadEntry("two")
    store.sent(parent.id, parent.generation, "100.1")
    (child,) = store.due(0.0)
    assert child.thread_ts == "100.1"
    store.retry(child.id, 50.0, "ratelimited")
    assert store.due(49.0) == []
    assert store.undelivered() == (1, "ratelimited")
    store.give_up(child.id, "is_archived")
    assert store.due(60.0) == []


def test_what_is_new_in_a_thread_waits_for_what_came_before(store: SqliteStore) -> None:
    """Updates of what is shown do not, nor other threads; nor anything once the earlier one may be passed, or was given up."""
    for upgrade in ("u1", "u2"):
        for key in ("dashboard", "event-1", "event-2", "event-3"):
            store.put(upgrade, key, "C1", ThreadEntry(key))
    for row in store.due(0.0):
        store.sent(row.id, row.generation, "100.1")
    first = next(row for row in store.due(0.0) if row.upgrade == "u1")
    store.sent(first.id, first.generation, "100.2")
    store.put("u1", "event-1", "C1", ThreadEntry("changed"))

    def due() -> list[tuple[str, str]]:
        return [(row.upgrade, row.key) for row in store.due(10.0)]

    assert due() == [("u1", "event-1"), ("u1", "event-2"), ("u2", "event-1")]
    second = next(row for row in store.due(10.0) if row.key == "event-2")
    store.retry(second.id, 50.0, "internal_error")
    assert due() == [("u1", "event-1"), ("u2", "event-1")]
    store.retry(second.id, 50.0, "internal_error", passed=True)
    assert due() == [("u1", "event-1"), ("u1", "event-3"), ("u2", "event-1")]
    store.retry(second.id, 50.0, "internal_error")
    store.give_up(second.id, "internal_error")
    assert due() == [("u1", "event-1"), ("u1", "event-3"), ("u2", "event-1")]


def test_only_messages_that_people_look_for_count_as_not_shown(store: SqliteStore) -> None:
    """Of upgrades that live or began lately, and announcements that are still tried."""
    store.create(UPGRADE, STARTED)
    for upgrade in ("u1", "s1"):
        store.put(upgrade, "dashboard", "C1", ThreadEntry("one"))
        (row,) = (row for row in store.due(0.0) if row.upgrade == upgrade)
        store.give_up(row.id, f"{upgrade} is refused")
    assert store.undelivered(UPGRADE.created_at + 1) == (1, "u1 is refused")
    store.save(dataclasses.replace(UPGRADE, status=Status.ROLLED_BACK))
    assert store.undelivered(UPGRADE.created_at) == (1, "u1 is refused")
    assert store.undelivered(UPGRADE.created_at + 1) == (0, None)


def test_a_message_tells_which_upgrade_it_is_about(store: SqliteStore) -> None:
    """Of the thread's parent and of replies, in their own channel only."""
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    (row,) = store.due(0.0)
    store.sent(row.id, row.generation, "100.1")
    assert store.upgrade_shown_at("C1", "100.1") == "u1"
    assert store.upgrade_shown_at("C2", "100.1") is None
    assert store.upgrade_shown_at("C1", "100.2") is None


def test_news_of_a_given_up_message_are_due_again_after_the_quiet_time(store: SqliteStore) -> None:
    """The same content is no news."""
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    (row,) = store.due(0.0)
    store.give_up(row.id, "is_archived", 100.0)
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    assert store.due(200.0) == []
    store.put("u1", "dashboard", "C1", ThreadEntry("two"))
    assert store.due(99.0) == []
    (again,) = store.due(100.0)
    assert (again.content, again.attempts) == (ThreadEntry("two"), 0)


def test_only_what_was_not_said_yet_is_withdrawn(store: SqliteStore) -> None:
    """A posted message stays, and so does one of which nobody knows whether it was."""
    for key in ("dashboard", "event-1", "event-2"):
        store.put("u1", key, "C1", ThreadEntry(key))
    (parent,) = store.due(0.0)
    store.sent(parent.id, parent.generation, "100.1")
    (first,) = store.due(0.0)
    store.posting(first.id, 5.0)
    for key in ("dashboard", "event-1", "event-2", "nothing"):
        store.withdraw("u1", key)
    assert [row.key for row in store.due(0.0)] == ["event-1"]
    assert store.upgrade_shown_at("C1", "100.1") == "u1"


def test_a_message_that_changed_while_it_was_sent_is_due_again(store: SqliteStore) -> None:
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    (row,) = store.due(0.0)
    store.put("u1", "dashboard", "C1", ThreadEntry("two"))
    store.sent(row.id, row.generation, "100.1")
    (again,) = store.due(0.0)
    assert (again.content, again.ts) == (ThreadEntry("two"), "100.1")


def test_the_same_text_again_is_no_change(store: SqliteStore) -> None:
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    (row,) = store.due(0.0)
    store.sent(row.id, row.generation, "100.1")
    store.put("u1", "dashboard", "C1", ThreadEntry("one"))
    assert store.due(0.0) == []


def test_changes_of_an_attempt_are_found_by_their_outcome(store: SqliteStore) -> None:
    for kind, name, attempt in (
        ("intent", "create", 1),
        ("outcome", "create", 1),
        ("intent", "restore", 1),
        ("outcome", "x", 2),
    ):
        store.record(Entry("u1", 1.0, kind, "clone", attempt, name))
    assert store.changes_done("u1", "clone", 1) == {"create"}


def test_samples_and_documents_are_kept(store: SqliteStore) -> None:
    store.add_sample("u1", 1.0, {"weight": 10})
    store.add_sample("u1", 2.0, {"weight": 25})
    assert [sample["weight"] for _, sample in store.samples("u1", 1.5)] == [25]
    store.add_sample("u1", 3.0, {"weight": 50})
    assert [at for at, _ in store.newest_samples("u1", 2)] == [2.0, 3.0]
    assert store.newest_samples("u2", 2) == []
    store.put_document("a", {"x": 1})
    store.put_document("a", {"x": 2})
    assert store.document("a") == {"x": 2}
    assert store.document("b") is None


def test_a_second_bot_refuses_to_start_and_says_who_holds_the_state(tmp_path: Path) -> None:
    """Also when the first one was killed: the kernel lets go of its lock."""
    program = (
        "import sys, time; from pathlib import Path; from adapters.sqlite_store import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ConfigurationError, match=str(holder.pid)), hold_lock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
    with hold_lock(tmp_path):
        pass
