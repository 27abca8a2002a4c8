"""The picture at a gate: response times and errors of both sides and green's weight over time, readable on a phone."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from bot.model import Chart
from bot.series import Series, SidePoint

__all__ = ["render_gate_chart"]

# Okabe and Ito's colours, told apart also by people who do not see red and green alike; the lines differ in style as well.
_BLUE, _GREEN, _WEIGHT = "#0072B2", "#009E73", "#555555"


def render_gate_chart(series: Series) -> Chart:
    """Draw it; works with no data at all."""
    # Takes a second to import: only when there is something to draw, never at start-up.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 9), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    latency, errors, weight = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 2))
    figure.suptitle(series.title, fontsize=18, fontweight="bold")
    for points, colour, line, name in (
        (series.blue, _BLUE, "-", "blue (old)"),
        (series.green, _GREEN, "--", "green (new)"),
    ):
        _latency(latency, points, colour, line, name)
        _errors(errors, points, colour, line, name)
    weight.step(
        [_time(at) for at, _ in series.weights],
        [value for _, value in series.weights],
        where="post",
        color=_WEIGHT,
        linewidth=3,
    )
    weight.set_ylim(-5, 105)
    for axes, label in (
        (latency, "Response, ms"),
        (errors, "Errors so far"),
        (weight, "New sessions\non green, %"),
    ):
        axes.set_ylabel(label, fontsize=15)
        axes.tick_params(labelsize=13)
        axes.grid(alpha=0.3)
    for axes in (latency, errors):
        axes.set_ylim(bottom=0)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(fontsize=14, loc="upper left")
    figure.autofmt_xdate()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Chart(series.title, buffer.getvalue(), _alt_text(series))


def _latency(axes: Any, points: tuple[SidePoint, ...], colour: str, line: str, name: str) -> None:
    seen = [point for point in points if point.p50 is not None and point.p95 is not None]
    times = [_time(point.at) for point in seen]
    axes.plot(
        times,
        [1000 * (point.p50 or 0) for point in seen],
        line,
        color=colour,
        linewidth=3,
        label=f"{name}, half faster than",
    )
    axes.fill_between(
        times,
        [1000 * (point.p50 or 0) for point in seen],
        [1000 * (point.p95 or 0) for point in seen],
        color=colour,
        alpha=0.15,
    )


def _errors(axes: Any, points: tuple[SidePoint, ...], colour: str, line: str, name: str) -> None:
    total, sums = 0, []
    for point in points:
        total += point.errors
        sums.append(total)
    axes.plot([_time(point.at) for point in points], sums, line, color=colour, linewidth=3, label=name)


def _alt_text(series: Series) -> str:
    weight = (
        f"{series.weights[-1][1]}% of new sessions go to green"
        if series.weights
        else "no traffic was measured yet"
    )
    return f"{series.title}: {weight}. {_words('Blue', series.blue)} {_words('Green', series.green)}"


def _words(name: str, points: tuple[SidePoint, ...]) -> str:
    latest = next((point for point in reversed(points) if point.p50 is not None), None)
    if latest is None or latest.p50 is None:
        return f"{name} has no response times yet."
    errors = sum(point.errors for point in points)
    return f"{name} answers half of all requests within {latest.p50 * 1000:.0f} ms and made {errors} errors."


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
