"""Pictures are Markdown images small enough to live in Dagster's history, and survive odd numbers."""

import base64
import warnings
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from pipeline.reports import plots

MAX_BYTES = 20_000
DAYS = [date(2026, 1, 1) + timedelta(days=i) for i in range(90)]
MANY = [float(i * 37 % 101) for i in range(90)]

PICTURES: dict[str, Callable[[], str]] = {
    "one series per day": lambda: plots.per_day(DAYS, {"events": MANY}, "t"),
    "three series per day": lambda: plots.per_day(DAYS, {"a": MANY, "b": MANY[::-1], "c": [1.0] * 90}, "t"),
    "a single day": lambda: plots.per_day(DAYS[:1], {"events": [5]}, "t"),
    "funnel": lambda: plots.ranked(["sign_up", "purchase"], [10, 3], 10, "t"),
    "funnel nobody entered": lambda: plots.ranked(["sign_up", "purchase"], [0, 0], 0, "t"),
    "very long names": lambda: plots.ranked(["x" * 200], [1], 1, "t"),
    "curve": lambda: plots.curves(range(31), {"all": [1 / (1 + i) for i in range(31)]}, "t", "days"),
    "curve of one point": lambda: plots.curves([0], {"all": [1.0]}, "t", "days"),
    "calibration": lambda: plots.calibration([0.1, 0.9], [0.2, 0.8], [10, 90], "t"),
    "calibration of nothing": lambda: plots.calibration([], [], [], "t"),
    "groups with a missing number": lambda: plots.grouped(["a-b", "c"], {"x": [0.5, float("nan")]}, "t"),
    "histogram": lambda: plots.columns(["0", "1"], [1, 2], "t"),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES.keys())
def test_a_picture_is_a_small_png_in_markdown(draw: Callable[[], str]) -> None:
    text = draw()
    head = "![t](data:image/png;base64,"
    assert text.startswith(head) and text.endswith(")")
    png = base64.b64decode(text[len(head) : -1], validate=True)
    assert png.startswith(b"\x89PNG\r\n")
    assert len(png) < MAX_BYTES


@pytest.mark.parametrize("n_series", [1, 3])
@pytest.mark.parametrize("n_days", [*range(1, 12), 30, 61, 90])
def test_the_days_of_any_history_get_ticks_without_a_warning(n_days: int, n_series: int) -> None:
    """Between three and five days matplotlib's own choice of ticks would be hours, and too many of them."""
    values = MANY[:n_days]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.per_day(DAYS[:n_days], {str(i): values for i in range(n_series)}, "t")


def test_a_higher_bar_makes_another_picture() -> None:
    assert plots.columns(["0", "1"], [1, 2], "t") != plots.columns(["0", "1"], [2, 1], "t")


@pytest.mark.parametrize(("highest", "top"), [(0.01, 0.0115), (0.5, 0.575), (0.7, 1), (0.0, 1)])
def test_the_axis_of_rates_fits_low_ones_and_shows_high_ones_against_all(highest: float, top: float) -> None:
    figures = []

    def keep(title: str, draw: plots.Draw) -> str:
        figures.append(plots.figure_of(title, draw))
        return ""

    plots.curves([1, 2, 3], {"active": [highest, 0.0, float("nan")]}, "", "days", keep)
    assert figures[0].axes[0].get_ylim() == pytest.approx((0, top))
