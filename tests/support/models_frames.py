"""Small made-up feature and label frames for the tests of `models`; no tests in here."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from models.propensity import FEATURES

START = date(2026, 1, 5)


def snapshots(
    n_persons: int = 300, n_snapshots: int = 4, signal: float = 2.0, seed: int = 1
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weekly snapshots; the label depends on sessions (not on recency), the last snapshot has none."""
    rng = np.random.default_rng(seed)
    features, labels = [], []
    for week in range(n_snapshots):
        values = {name: rng.poisson(3.0, n_persons).astype(float) for name in FEATURES}
        frame = pd.DataFrame(values)
        frame.insert(0, "person_id", [f"p{number:04d}" for number in range(n_persons)])
        frame.insert(1, "as_of_date", START + timedelta(days=7 * week))
        frame.loc[::3, "days_since_last_order"] = np.nan
        logit = signal * (frame["n_sessions_7d"] - 3.0)
        truth = rng.random(n_persons) < 1.0 / (1.0 + np.exp(logit))
        known = week < n_snapshots - 1
        label = pd.array(truth if known else [None] * n_persons, dtype="boolean")
        frame["net_revenue_total"] = frame["revenue_total"]
        features.append(frame.assign(is_active_lookback=True, was_active_prev_30d=True))
        labels.append(
            frame[["person_id", "as_of_date"]].assign(is_eligible=True, label_churned=label, label_purchased=label)
        )
    return pd.concat(features, ignore_index=True), pd.concat(labels, ignore_index=True)


def last_day(features: pd.DataFrame) -> date:
    """The latest snapshot."""
    day: date = features["as_of_date"].max()
    return day


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file of a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def segment_row(person: str, **values: float | bool) -> dict[str, object]:
    """A regular user who never bought, with some columns changed."""
    usual: dict[str, object] = dict.fromkeys(FEATURES, 0.0)
    usual |= {
        "person_id": person,
        "as_of_date": START,
        "net_revenue_total": 0.0,
        "days_since_first_seen": 100.0,
        "days_since_last_active": 1.0,
        "n_active_days_7d": 2.0,
        "n_events_30d": 20.0,
        "n_events_prev_30d": 20.0,
        "was_active_prev_30d": True,
    }
    return usual | values
