"""A drawing as an SVG inside a data URI, for an `img`: sharp at any width, and an `img` runs no script.

Not here: what is drawn (`pipeline.reports.plots`).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

from pipeline.reports.plots import figure_of

SIZE_INCHES = (4.6, 2.1)  # small, so that its letters are legible where the page is narrow


def svg(title: str, draw: Callable[[Any], None]) -> str:
    """The picture; the same numbers give the same bytes."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure = figure_of(title, draw, SIZE_INCHES)
    axes = figure.axes[0]
    axes.patch.set_alpha(0)
    figure.patch.set_alpha(0)
    axes.grid(axis="y", color="#e4e4ea", linewidth=0.6)
    axes.set_axisbelow(True)
    if (legend := axes.get_legend()) is not None:
        handles, labels = axes.get_legend_handles_labels()
        legend.remove()
        figure.legend(handles, labels, loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    buffer = io.BytesIO()
    # Names as text, not as outlines: a tenth of the bytes, and found by a search in the page's source.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "growthhouse"}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
