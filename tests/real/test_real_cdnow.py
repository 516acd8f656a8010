"""CDNOW against the published figures: Fader, Hardie & Lee (2005); skipped where the data set is not at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from models.bgnbd import fit_bgnbd

SHARED = Path(os.environ.get("GROWTH_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CDNOW = SHARED / "data" / "cdnow"


@pytest.fixture(scope="module")
def summary() -> np.ndarray:
    """x, t_x, T in weeks of the 2,357 customers of the 1/10 sample."""
    path = CDNOW / "cdnow_customers_summary.csv"
    if not path.exists():
        pytest.skip(f"the real data set cdnow is not at {CDNOW}; set GROWTH_SHARED to its folder")
    return np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:]


def test_bgnbd_gives_the_published_parameters_and_likelihood(summary: np.ndarray) -> None:
    x, tx, age = summary.T
    model = fit_bgnbd(x, tx, age)
    assert (round(model.r, 3), round(model.alpha, 3)) == (0.243, 4.414)
    assert (round(model.a, 3), round(model.b, 3)) == (0.793, 2.426)
    assert model.log_likelihood(x, tx, age).sum() == pytest.approx(-9582.4, abs=0.05)
