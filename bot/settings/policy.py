"""How an upgrade proceeds, and when green is worse than blue: the `policy` and `thresholds` sections."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from bot.settings.section import Section

__all__ = ["PolicyConfig", "ThresholdConfig"]


class ThresholdConfig(Section):
    """When green is worse than blue. See docs/configuration.md for what each test does."""

    error_margin: float = Field(default=0.01, ge=0, le=1)
    """Green's error share may exceed blue's by this before the exact test can fail it."""
    latency_ratio: float = Field(default=1.5, gt=1)
    """Green's median response time over blue's above which a significant difference fails."""
    latency_margin_seconds: float = Field(default=0.05, ge=0)
    """A difference of medians that is no more than this never fails: nobody notices it, and a fresh instance is slower for a while."""
    latency_effect: float = Field(default=0.3, gt=0, le=1)
    """Smallest rank-biserial effect size that counts."""
    significance: float = Field(default=0.01, gt=0, lt=0.5)
    """One-sided p-value below which a difference is taken as real."""
    minimum_samples: int = Field(default=20, ge=5)
    """Fewer probes or requests a side are inconclusive, never a pass."""
    move_back_on_fail: bool = True
    """Send sessions back to blue when a verdict fails and blue still owns the builds."""


class PolicyConfig(Section):
    """How an upgrade proceeds."""

    traffic: tuple[int | Literal["handover"], ...] = (10, 25, 50, "handover", 100)
    """Session weights in the order in which they are set, with the handover of ownership among them. Ends with 100."""
    observe_seconds: float = Field(default=600, ge=0)
    """How long each traffic step is watched before the next gate opens."""
    soak_seconds: float = Field(default=3600, ge=0)
    gate_expiry_seconds: float = Field(default=8 * 3600, gt=0)
    """How long a gate waits for a decision."""
    gate_expiry_outcome: Literal["hold", "rollback"] = "hold"
    """What happens then."""
    gate_reminder_seconds: float = Field(default=3600, gt=0)
    evidence_seconds: float = Field(default=3600, gt=0)
    """How old a card's figures may be when it is approved; older ones are measured and asked again."""
    drain_seconds: float = Field(default=4 * 3600, ge=0)
    """How long builds that were running at the handover may finish on the old owner before a human is asked."""
    retention_seconds: float = Field(default=7 * 86400, ge=0)
    """How long the stopped old instance is kept."""
    sync_seconds: float = Field(default=2, gt=0)
    sample_seconds: float = Field(default=5, gt=0)
    boot_seconds: float = Field(default=900, gt=0)
    """How long green may take to start."""
    keep_backups: int = Field(default=5, ge=1)
    smoke_job: bool = False
    """Whether the validation has green build a job of the bot's own, which is removed afterwards."""

    @field_validator("traffic")
    @classmethod
    def _rises_to_all(cls, value: tuple[int | str, ...]) -> tuple[int | str, ...]:
        weights = [step for step in value if isinstance(step, int)]
        if value.count("handover") != 1:
            raise ValueError("must contain handover exactly once")
        if not weights or weights[-1] != 100 or value[-1] != 100:
            raise ValueError("must end with 100")
        if any(not 1 <= weight <= 100 for weight in weights) or weights != sorted(set(weights)):
            raise ValueError("weights must rise, each between 1 and 100")
        return value
