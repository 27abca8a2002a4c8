"""Puts what people should see into the outbox. Every message follows from stored state, so it can be put again at any time."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.content import Announcement, Document, Entry, Picture, Tone
from bot.locks import lock_text
from bot.messages import USUAL_RULES, GateRules, dashboard, gate_card, step_title
from bot.model import Chart
from bot.people import person
from bot.report import as_json, as_markdown, report
from bot.series import Series
from bot.store import Store, newest_sample
from bot.upgrade import Gate, Status, StepState, Upgrade

__all__ = ["Announcer"]

log = logging.getLogger(__name__)


class Announcer:
    def __init__(
        self, store: Store, config: Config, draw: Callable[[Series], Chart], wake: Callable[[], None]
    ) -> None:
        """``draw`` makes a picture; ``wake`` tells whoever delivers the outbox that there is something new."""
        self._store = store
        self._config = config
        self._draw = draw
        self._wake = wake

    def rules(self, gate: Gate) -> GateRules:
        """How the gate is decided."""
        slack = self._config.slack
        policy = self._config.controllers[self._store.get(gate.upgrade).controller].policy
        return GateRules(
            slack.asked_to_approve, slack.quorum, bool(slack.break_glass), policy.gate_expiry_outcome
        )

    def dashboard(self, upgrade: Upgrade) -> None:
        gate = self._store.newest_gate(upgrade.id, upgrade.step) if upgrade.status is Status.WAITING else None
        sample = newest_sample(self._store, upgrade)
        rules = self.rules(gate) if gate is not None else USUAL_RULES
        content = dashboard(upgrade, gate, sample, self._config.controllers[upgrade.controller], rules)
        lock = self._store.lock_of(upgrade.controller)
        if lock is not None and (upgrade.live or lock.upgrade == upgrade.id):
            locked = ("Locked", lock_text(lock, self._config.schedule.timezone))
            content = dataclasses.replace(content, facts=(*content.facts, locked))
        self._put(upgrade, "dashboard", content)

    def gate(self, upgrade: Upgrade, gate: Gate) -> None:
        """The card as the gate is stored: a vote may have come beside what ``gate`` was made for."""
        gate = self._store.gate(gate.id) or gate
        sample = newest_sample(self._store, upgrade) if gate.outcome is None else None
        self._put(upgrade, gate.id, gate_card(upgrade, gate, self.rules(gate), sample))
        if gate.outcome is not None:
            # Of a decided gate nobody needs to be reminded once Slack is back.
            self._store.withdraw(upgrade.id, f"event-remind-{gate.id}")

    def over_the_rules(self, upgrade: Upgrade, gate: Gate) -> None:
        """Loudly: everybody should see it."""
        assert gate.decided_by is not None, "somebody broke the glass"
        text = f"The glass was broken by {person(gate.decided_by)}: {step_title(gate.step)} was approved over the rules"
        self.entry(upgrade, f"glass-{gate.id}", text, (f"Reason: {gate.reason}",), "bad")

    def entry(
        self, upgrade: Upgrade, key: str, text: str, lines: tuple[str, ...] = (), tone: Tone = "info"
    ) -> None:
        self._put(upgrade, f"event-{key}", Entry(text, lines, tone))

    def announce(self, subject: str, channel: str, content: Announcement) -> None:
        """A message of its own; the same subject again replaces what it says."""
        self._store.put(subject, "dashboard", channel, content)
        self._wake()

    def picture(self, upgrade: Upgrade, gate: Gate, series: Series) -> None:
        """A picture that cannot be drawn is left out: nothing waits for it."""
        path = Path(self._config.state_directory) / "pictures" / f"{gate.id}.png"
        try:
            chart = self._draw(series)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(chart.png)
        except Exception:
            log.exception("upgrade %s: the chart could not be drawn", upgrade.id)
            return
        self._put(upgrade, f"picture-{gate.id}", Picture(chart.title, chart.alt_text, str(path)))

    def document(
        self,
        upgrade: Upgrade,
        key: str,
        title: str,
        summary: str,
        filename: str,
        text: str,
        more: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._put(upgrade, f"document-{key}", Document(title, summary, filename, text, more))

    def step_done(self, upgrade: Upgrade, step: str) -> None:
        record = upgrade.records[step]
        seconds = (record.ended_at or record.started_at) - record.started_at
        if not step.startswith("watch-"):
            lines = (record.note,) if record.note else ()
            self.entry(
                upgrade, f"{step}-done", f"{step_title(step)} – done in {seconds:.1f} s", lines, "good"
            )
        self.dashboard(upgrade)

    def step_failed(self, upgrade: Upgrade, step: str, error: str, again: bool, delay: float) -> None:
        what = f"tried again in {delay:.0f} s" if again else "held for a human" if upgrade.live else "ended"
        attempt = upgrade.records[step].attempt
        tone: Tone = "warning" if again else "bad"
        # One message for all attempts: a short outage must not fill the thread.
        count = f" (attempt {attempt})" if attempt > 1 else ""
        self.entry(upgrade, f"{step}-failed", f"{step_title(step)} failed{count}, {what}", (error,), tone)
        self.dashboard(upgrade)

    def held(self, upgrade: Upgrade) -> None:
        assert upgrade.hold is not None
        by = f" by {person(upgrade.hold.by)}" if upgrade.hold.by else ""
        self.entry(upgrade, f"held-{upgrade.hold.at:.0f}", f"Held{by}", (upgrade.hold.text,), "bad")
        self.dashboard(upgrade)

    def finished(self, upgrade: Upgrade) -> None:
        texts = {
            Status.COMPLETED: (
                f"{upgrade.controller} was upgraded from {upgrade.source} to {upgrade.target}.",
                "good",
            ),
            Status.ROLLED_BACK: (
                f"{upgrade.controller} is back on {upgrade.source}; green is stopped.",
                "warning",
            ),
            Status.FAILED: (
                f"The upgrade of {upgrade.controller} was not started; nothing was changed.",
                "bad",
            ),
        }
        text, tone = texts[upgrade.status]
        self.entry(upgrade, "finished", text, self._summary(upgrade), tone)  # type: ignore[arg-type]  # tone is a literal of the table
        content = report(self._store, upgrade)
        title = f"Report of {upgrade.controller} {upgrade.source} → {upgrade.target}"
        name = f"report-{upgrade.id}"
        for_programs = (f"{name}.json", as_json(content))
        self.document(upgrade, "report", title, text, f"{name}.md", as_markdown(content), (for_programs,))
        self.dashboard(upgrade)

    def refresh(self, upgrade: Upgrade) -> None:
        """Put everything again: a crash may have come between a change and the word about it."""
        for step, record in upgrade.records.items():
            if record.state is StepState.DONE:
                self.step_done(upgrade, step)
        for gate in self._store.gates(upgrade.id):
            self.gate(upgrade, gate)
        self.dashboard(upgrade)

    def _summary(self, upgrade: Upgrade) -> tuple[str, ...]:
        approvals = sum(gate.outcome == "approved" for gate in self._store.gates(upgrade.id))
        lines = [
            f"{approvals} approvals; {((upgrade.ended_at or upgrade.created_at) - upgrade.created_at) / 60:.1f} minutes in all."
        ]
        if "freeze_seconds" in upgrade.facts:
            lines.append(f"New builds waited {upgrade.facts['freeze_seconds']:.2f} s at the handover.")
        lines += [str(line) for line in upgrade.facts.get("for_humans", [])]
        if upgrade.status is Status.ROLLED_BACK and self._store.lock_of(upgrade.controller) is not None:
            name = upgrade.controller
            lines.append(f"{name} is locked: no upgrade starts until `/ci-upgrade unlock {name}`.")
        lines.append(f"The audit journal's hash at its end is `{self._store.last_hash(upgrade.id)}`.")
        return tuple(lines)

    def _put(self, upgrade: Upgrade, key: str, content: Any) -> None:
        self._store.put(upgrade.id, key, upgrade.channel, content)
        self._wake()
