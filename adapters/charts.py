"""The picture at a gate: response times and errors of both sides and green's share of the sessions, over time.

Drawn for the width of a phone: large letters, three panels below each other, names beside the lines. Blue and green differ in
colour (Okabe and Ito's, safe for colour-blind readers), in line style, in marker and in words.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean
from typing import TYPE_CHECKING

from bot.model import Chart
from bot.series import Series, SidePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["render_gate_chart"]

INCHES = (8.0, 9.0)
DOTS_PER_INCH = 100
TITLE_SIZE, LABEL_SIZE, TICK_SIZE = 20, 16, 14
TITLE_CHARACTERS, TITLE_LINES = 46, 2
MOST_POINTS = 48
"""More points than this a line are averaged in groups: a phone shows noise instead of them."""
INK, PALE, GREY = "#1d1c1d", "#d8d8d8", "#5b5b5b"


@dataclass(frozen=True, slots=True)
class _Look:
    name: str
    colour: str
    line: str
    marker: str


BLUE = _Look("Blue", "#0072B2", "-", "o")
GREEN = _Look("Green", "#00845f", "--", "s")
"""Okabe and Ito's bluish green, darkened until it can be read as text on white."""


@dataclass(frozen=True, slots=True)
class _End:
    """Where a line ends, and what is written there."""

    minute: float
    value: float
    text: str
    colour: str


def render_gate_chart(series: Series) -> Chart:
    """A PNG of 800 by 900 pixels, and in ``alt_text`` what it shows. Works with one point of data, and with none."""
    # Importing it takes a second or more, which only a bot that draws should pay; the object interface shares no state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    title = " ".join(series.title.split())
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_drawable(title), fontsize=TITLE_SIZE, fontweight="bold", color=INK)
    latency, errors, share = figure.subplots(3, 1, sharex=True, height_ratios=(4, 3, 3))
    _prepare(latency, "Response time (ms): line for 50%, shade up to 95%")
    _prepare(errors, "Errors since the start")
    errors.locator_params(axis="y", integer=True)
    _prepare(share, "Share of new sessions on green (%)")
    start, end = _span(series)
    sides = ((series.blue, BLUE), (series.green, GREEN))
    _name_ends(latency, [_draw_latency(latency, points, start, look) for points, look in sides])
    _name_ends(errors, [_draw_errors(errors, points, start, look) for points, look in sides])
    _draw_share(share, series.weights, start)
    share.set_xlim(0, max((end - start) / 60, 1.0))
    share.set_xlabel("Minutes since the first measurement", fontsize=TICK_SIZE, color=INK)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Chart(title, buffer.getvalue(), _alt_text(title, series))


def _drawable(title: str) -> str:
    lines = textwrap.wrap(title, TITLE_CHARACTERS, max_lines=TITLE_LINES, placeholder="…")
    # A dollar sign would start a formula, and a wrong formula is an error.
    return "\n".join(lines).replace("$", r"\$")


def _prepare(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=LABEL_SIZE, loc="left", color=INK)
    axes.tick_params(labelsize=TICK_SIZE, colors=INK)
    axes.grid(axis="y", color=PALE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def _span(series: Series) -> tuple[float, float]:
    moments = [point.at for point in (*series.blue, *series.green)] + [at for at, _ in series.weights]
    return min(moments, default=0.0), max(moments, default=0.0)


def _draw_latency(axes: Axes, points: Sequence[SidePoint], start: float, look: _Look) -> _End | None:
    seen = [
        ((point.at - start) / 60, 1000 * point.p50, 1000 * (point.p95 or point.p50))
        for point in points
        if point.p50 is not None
    ]
    if not seen:
        return None
    each = -(-len(seen) // MOST_POINTS)
    groups = [seen[index : index + each] for index in range(0, len(seen), each)]
    minutes = [group[-1][0] for group in groups]
    middle, slow = ([fmean(point[column] for point in group) for group in groups] for column in (1, 2))
    axes.fill_between(minutes, middle, slow, color=look.colour, alpha=0.15, linewidth=0)
    axes.plot(minutes, slow, look.line, color=look.colour, linewidth=1, alpha=0.7)
    _line(axes, minutes, middle, look)
    return _End(minutes[-1], middle[-1], f"{look.name} {middle[-1]:.0f} ms", look.colour)


def _draw_errors(axes: Axes, points: Sequence[SidePoint], start: float, look: _Look) -> _End | None:
    if not points:
        return None
    minutes = [(point.at - start) / 60 for point in points]
    sums = list(accumulate(point.errors for point in points))
    _line(axes, minutes, sums, look, steps=True)
    return _End(minutes[-1], sums[-1], f"{look.name} {sums[-1]}", look.colour)


def _line(
    axes: Axes, minutes: Sequence[float], values: Sequence[float], look: _Look, *, steps: bool = False
) -> None:
    axes.plot(
        minutes,
        values,
        look.line,
        color=look.colour,
        linewidth=3,
        marker=look.marker,
        markersize=8,
        markevery=max(1, len(minutes) // 6),  # a marker on every point would hide the style of the line
        drawstyle="steps-post" if steps else "default",
        clip_on=False,
    )


def _name_ends(axes: Axes, ends: Sequence[_End | None]) -> None:
    """Write each line's name and last figure beside its end, never over each other."""
    named = sorted((end for end in ends if end is not None), key=lambda end: end.value)
    if not named:
        _say_nothing(axes)
        return
    top = max(1.0, axes.get_ylim()[1])
    axes.set_ylim(0, top)
    height = -top
    for end in named:
        height = max(end.value, height + 0.14 * top)
        _write(axes, end.minute, height, end.text, end.colour)


def _draw_share(axes: Axes, weights: Sequence[tuple[float, int]], start: float) -> None:
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    if not weights:
        _say_nothing(axes)
        return
    minutes, values = [(at - start) / 60 for at, _ in weights], [weight for _, weight in weights]
    axes.fill_between(minutes, values, step="post", color=GREY, alpha=0.15, linewidth=0)
    axes.step(
        minutes, values, where="post", color=GREY, linewidth=3, marker="d", markevery=[-1], clip_on=False
    )
    _write(axes, minutes[-1], values[-1], f"{values[-1]}%", GREY)


def _write(axes: Axes, minute: float, height: float, text: str, colour: str) -> None:
    axes.annotate(
        text,
        (minute, height),
        xytext=(12, 0),
        textcoords="offset points",
        va="center",
        fontsize=LABEL_SIZE,
        fontweight="bold",
        color=colour,
        annotation_clip=False,
    )


def _say_nothing(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.text(
        0.5,
        0.5,
        "nothing measured yet",
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=LABEL_SIZE,
    )


def _alt_text(title: str, series: Series) -> str:
    share = (
        f"{series.weights[-1][1]}% of new sessions go to green."
        if series.weights
        else "No share of sessions was measured yet."
    )
    return f"{title}. {share} {_in_words(BLUE, series.blue)} {_in_words(GREEN, series.green)}"


def _in_words(look: _Look, points: Sequence[SidePoint]) -> str:
    requests, errors = sum(point.requests for point in points), sum(point.errors for point in points)
    counted = f"{errors} {'error' if errors == 1 else 'errors'} in {requests} requests."
    newest = next((point for point in reversed(points) if point.p50 is not None), None)
    if newest is None or newest.p50 is None:
        return f"{look.name}: no response time was measured yet; {counted}"
    slow = f" and 95% within {newest.p95 * 1000:.0f} ms" if newest.p95 is not None else ""
    return f"{look.name}: last seen, 50% of requests within {newest.p50 * 1000:.0f} ms{slow}; {counted}"
