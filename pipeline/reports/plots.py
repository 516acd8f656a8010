"""Small charts: numbers in, for the UI a Markdown image with an inline PNG out, for the report an SVG.

Belongs here: how a picture looks. Not here: where its numbers come from (`assets/pictures.py`, `reports/shop.py`).
Matplotlib is imported when the first picture is drawn, without pyplot: nothing global, no display, safe in a server.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SIZE_INCHES = (6.0, 2.2)
DPI = 80
N_COLOURS = 32
COLOURS = ("#4f43dd", "#e8833a", "#2a9d8f", "#a23b72", "#6c757d")
GREY = "#6c757d"
MAX_NAME_LENGTH = 24
Draw = Callable[[Any], None]  # on the axes it is given
Output = Callable[[str, Draw], str]  # title and drawing to text that shows it


def per_day(
    days: Sequence[Any], series: Mapping[str, Sequence[float]], title: str, output: Output | None = None
) -> str:
    """One bar per day where there is one series, else one line per series."""

    def draw(axes: Any) -> None:
        for (name, values), colour in zip(series.items(), COLOURS, strict=False):
            if len(series) == 1:
                axes.bar(days, values, color=colour, width=0.9)
            else:
                axes.plot(days, values, color=colour, label=_short(name), linewidth=1.5)
        axes.set_ylim(bottom=0)
        # Whole days, which dates are counted in: a locator of dates falls to hours where the history is a few days.
        axes.xaxis.set_major_locator(_ticker().MaxNLocator(6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter(_dates().DateFormatter("%d %b"))
        _legend(axes, len(series))

    return (output or _picture)(title, draw)


def ranked(names: Sequence[str], values: Sequence[float], whole: float, title: str) -> str:
    """Horizontal bars from top to bottom, each with its number and its share of the whole."""

    def draw(axes: Any) -> None:
        positions = range(len(names))
        bars = axes.barh(positions, values, color=COLOURS[0])
        axes.bar_label(bars, [f"{v:,.0f}  ({v / whole:.0%})" if whole else f"{v:,.0f}" for v in values], padding=3)
        axes.set_yticks(positions, [_short(name) for name in names])
        axes.set_xlim(0, max([*values, 1]) * 1.25)
        axes.invert_yaxis()
        axes.xaxis.set_visible(False)

    return _picture(title, draw)


def curves(
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
    title: str,
    x_label: str,
    output: Output | None = None,
) -> str:
    """Rates (0 to 1) over a number, such as the days since the start."""

    def draw(axes: Any) -> None:
        for (name, values), colour in zip(series.items(), COLOURS, strict=False):
            axes.plot(x, values, color=colour, label=_short(name), linewidth=1.5, marker=".", markersize=4)
        # Low rates need the height: a line at 1 % of an axis to 100 % is flat. High ones are seen against all.
        highest = max((v for values in series.values() for v in values if v == v), default=1)
        axes.set_ylim(0, 1 if highest > 0.5 or not highest else 1.15 * highest)
        axes.yaxis.set_major_formatter(_ticker().PercentFormatter(xmax=1))
        axes.set_xlabel(x_label, fontsize=8)
        axes.xaxis.set_major_locator(_ticker().MaxNLocator(6, integer=True, min_n_ticks=1))
        _legend(axes, len(series))

    return (output or _picture)(title, draw)


def calibration(predicted: Sequence[float], observed: Sequence[float], counts: Sequence[int], title: str) -> str:
    """Observed share against mean prediction, one dot per group of persons; the dashed line is perfect calibration."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        largest = max(counts, default=1)
        axes.scatter(predicted, observed, s=[12 + 60 * n / largest for n in counts], color=COLOURS[0], zorder=3)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted", ylabel="observed")

    return _picture(title, draw)


def columns(names: Sequence[str], values: Sequence[float], title: str) -> str:
    """One bar per name, in order: a histogram."""

    def draw(axes: Any) -> None:
        axes.bar(range(len(names)), values, color=COLOURS[0], width=0.95)
        axes.set_xticks(range(len(names)), names, fontsize=7)

    return _picture(title, draw)


def grouped(groups: Sequence[str], series: Mapping[str, Sequence[float]], title: str) -> str:
    """Bars side by side for each group, one colour per series; a missing number leaves a gap."""

    def draw(axes: Any) -> None:
        width = 0.8 / max(len(series), 1)
        for number, ((name, values), colour) in enumerate(zip(series.items(), COLOURS, strict=False)):
            places = [place - 0.4 + width * (number + 0.5) for place in range(len(groups))]
            bars = axes.bar(places, values, width=width * 0.95, color=colour, label=name)
            axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=1)
        axes.set_xticks(range(len(groups)), [group.replace("-", "\n") for group in groups])
        axes.margins(y=0.15)
        _legend(axes, len(series))

    return _picture(title, draw)


def figure_of(title: str, draw: Draw, size_inches: tuple[float, float] = SIZE_INCHES) -> Any:
    """The drawing on a figure of its own, not yet rendered."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_inches, dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    if title:
        axes.set_title(_literal(title), fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    return figure


def _picture(title: str, draw: Draw) -> str:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure_of(title, draw))
    canvas.draw()
    buffer = io.BytesIO()
    # Every picture stays in Dagster's history for good: a palette is a quarter of the bytes.
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(N_COLOURS).save(
        buffer, "png", optimize=True
    )
    return f"![{title}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')})"


def _legend(axes: Any, n_series: int) -> None:
    if n_series > 1:
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _ticker() -> Any:
    import matplotlib.ticker

    return matplotlib.ticker


def _dates() -> Any:
    import matplotlib.dates

    return matplotlib.dates


def _short(name: str) -> str:
    return _literal(name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…")


def _literal(name: str) -> str:
    """Between two dollar signs Matplotlib reads a formula, and raises where it is none."""
    return name.replace("$", r"\$")
