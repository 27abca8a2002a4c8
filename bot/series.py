"""Measurements over time, for a picture."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Series", "SidePoint"]


@dataclass(frozen=True, slots=True)
class SidePoint:
    """What one side did in the interval that ends at ``at`` (epoch seconds). Response times in seconds, None when nothing answered."""

    at: float
    p50: float | None
    p95: float | None
    requests: int
    errors: int


@dataclass(frozen=True, slots=True)
class Series:
    title: str
    blue: tuple[SidePoint, ...]
    green: tuple[SidePoint, ...]
    weights: tuple[tuple[float, int], ...]
    """(epoch seconds, session weight of green)."""
