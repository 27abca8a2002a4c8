"""The chart at a gate is a picture of the promised size with the key figures in words, whatever was measured."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence

import pytest
from PIL import Image

from adapters.charts import render_gate_chart
from bot.series import Series, SidePoint

START = 1_764_000_000.0


def points(seconds: float, errors: int = 0, count: int = 150) -> tuple[SidePoint, ...]:
    return tuple(
        SidePoint(START + 5 * index, seconds, 3 * seconds, 10, errors if index == 3 else 0)
        for index in range(count)
    )


FULL = Series(
    "main: blue and green so far",
    points(0.012, errors=2),
    points(0.034, errors=1),
    tuple((START + 5 * index, 0 if index < 50 else 25) for index in range(150)),
)
SILENT = SidePoint(START, None, None, 3, 3)
ODD: dict[str, Series] = {
    "nothing": Series("Nothing yet", (), (), ()),
    "one point": Series("One point", points(0.01, count=1), (), ((START, 10),)),
    "green does not answer": Series("Silent", points(0.01), (SILENT,), ()),
    "all at one moment": Series(
        "Same", points(0.01, count=1) * 3, points(0.01, count=1) * 3, ((START, 0),) * 3
    ),
    "no slow figure": Series("Half", (SidePoint(START, 0.01, None, 1, 0),), (), ()),
    "markup in the title": Series(
        "$\\frac{1}$ <b> & " + "long " * 60, points(0.0), points(1e4), ((START, 100),)
    ),
    "empty title": Series("", points(0.01), points(0.01), ()),
}


@pytest.mark.parametrize("series", [FULL, *ODD.values()], ids=["full", *ODD])
def test_it_is_a_png_as_wide_as_a_phone(series: Series) -> None:
    """It decodes, has 800 by 900 pixels, and is not one colour."""
    chart = render_gate_chart(series)
    with Image.open(io.BytesIO(chart.png)) as image:
        assert (image.format, image.size) == ("PNG", (800, 900))
        assert len(image.convert("RGB").getcolors(maxcolors=1_000_000) or ()) > 2
    assert chart.alt_text


def test_the_description_has_the_key_figures() -> None:
    """Share, response times and errors of both sides, as somebody who cannot see the picture needs them."""
    text = render_gate_chart(FULL).alt_text
    for part in (
        "main: blue and green so far",
        "25%",
        "12 ms",
        "36 ms",
        "34 ms",
        "102 ms",
        "2 errors in 1500",
        "1 error in 1500",
    ):
        assert part in text


def test_the_description_says_what_was_not_measured() -> None:
    """Silence is told, not left out."""
    text = render_gate_chart(ODD["green does not answer"]).alt_text
    assert "Green: no response time was measured yet; 3 errors in 3 requests" in text
    assert "No share of sessions was measured yet" in text


def test_drawing_leaves_no_state_behind_and_importing_is_cheap() -> None:
    """pyplot's global figures are not used, and matplotlib is not loaded before something is drawn."""
    code: Sequence[str] = (
        "import sys, adapters.charts as charts",
        "assert 'matplotlib' not in sys.modules",
        "from bot.series import Series",
        "charts.render_gate_chart(Series('t', (), (), ()))",
        "assert 'matplotlib.pyplot' not in sys.modules",
    )
    subprocess.run([sys.executable, "-c", "; ".join(code)], check=True, timeout=120)
