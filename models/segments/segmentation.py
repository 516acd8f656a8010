"""Segments: who is new, at risk, of high value or dormant, by rules; with clusters and RFM scores.

Belongs here: the rules, their order and the words that explain them. Does not belong here: how clusters are found (see
`clusters`) and how they keep their numbers (see `cluster_history`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.common.fingerprint import fingerprint, library_versions
from models.common.frames import FloatArray, FrameError, as_bools, as_dates, date_column, numbers, require_columns
from models.common.model_metrics import metrics_frame
from models.segments.cluster_history import KnownClusters, keep, latest_before, numbered
from models.segments.clusters import DIMENSIONS, MIN_STABILITY, Clustering, cluster_users
from models.segments.rfm import RFM_FEATURES, rfm_scores

SEGMENTS = ("new", "at_risk", "high_value", "dormant", "regular")
_COLUMNS = [
    "days_since_first_seen",
    "days_since_last_active",
    "n_active_days_7d",
    "n_events_30d",
    "n_events_prev_30d",
    "n_orders_total",
    "net_revenue_total",
]


@dataclass(frozen=True)
class SegmentRules:
    """Limits of the rules; the windows of `at_risk` (7 days, the 30 before) are those of the features.

    Without `k` the data choose the number of clusters. The text of this record is hashed into `model_version`: another
    name of a field or of the class gives all segments another version.
    """

    new_days: int = 7
    at_risk_max_activity_share: float = 0.5
    high_value_top_share: float = 0.2
    dormant_days: int = 30
    k: int | None = None


@dataclass(frozen=True)
class SegmentResult:
    """Rows of `ml.user_segments`, and metrics of the clusters."""

    frame: pd.DataFrame
    metrics: pd.DataFrame


@dataclass(frozen=True)
class _Facts:
    """The columns that the rules read, as arrays."""

    since_first: FloatArray
    since_last: FloatArray
    active_days_7d: FloatArray
    events_30d: FloatArray
    events_prev_30d: FloatArray
    orders: FloatArray
    revenue: FloatArray
    was_active_before: NDArray[np.bool_]


def segment_users(
    features_now: pd.DataFrame,
    as_of: date,
    rules: SegmentRules | None = None,
    seed: int = 7,
    history: Path | None = None,
) -> SegmentResult:
    """Segment, reason, cluster and RFM scores of every person in the snapshot, sorted by person.

    `history`: the folder where each night's cluster centres are kept, so that a cluster keeps its number; this night's
    are written there. Without it they are numbered from 0.
    """
    rules = rules or SegmentRules()
    needed = dict.fromkeys(["person_id", *_COLUMNS, *DIMENSIONS, *RFM_FEATURES, "was_active_prev_30d"])
    require_columns(features_now, list(needed), "features")
    rows = features_now
    if "as_of_date" in rows.columns:
        rows = rows[as_dates(rows["as_of_date"]).to_numpy() == as_of]
    rows = rows.sort_values("person_id", kind="stable").reset_index(drop=True)
    if rows["person_id"].duplicated().any():
        raise FrameError("features to segment hold a person more than once: give one snapshot")
    segments, reasons = apply_rules(rows, rules)
    clustering = cluster_users(rows, seed, rules.k)
    previous = latest_before(history, as_of) if history else None
    known = numbered(clustering.centres, clustering.spread, as_of, previous) if len(rows) else None
    if history and known:
        keep(history, known)
    numbers_of = np.array(known.numbers if known else [], dtype=np.int64)
    version = _version(rows, rules, seed, previous)
    frame = pd.DataFrame(
        {
            "person_id": rows["person_id"],
            "as_of_date": date_column(pd.Series([as_of] * len(rows), dtype=object)),
            "segment": pd.Series(segments, dtype="str"),
            "segment_reason": pd.Series(reasons, dtype="str"),
            "cluster": numbers_of[clustering.labels],
            "cluster_name": pd.Series([clustering.names[label] for label in clustering.labels], dtype="str"),
            **rfm_scores(rows),
            "model_version": pd.Series([version] * len(rows), dtype="str"),
        }
    )
    return SegmentResult(frame, _metrics(clustering, version))


def apply_rules(rows: pd.DataFrame, rules: SegmentRules) -> tuple[list[str], list[str]]:
    """Segment and reason of each row: `new`, `at_risk`, `high_value`, `dormant`, `regular`; the first that matches.

    A window of n days ends with the snapshot date itself, so "first seen within 7 days" is 0 to 6 days ago.
    """
    facts = _facts(rows)
    is_high, edge = _high_value(facts, rules)
    is_new = facts.since_first < rules.new_days
    is_silent = facts.was_active_before & (facts.active_days_7d == 0)
    fell = facts.events_30d <= rules.at_risk_max_activity_share * facts.events_prev_30d
    is_falling = facts.was_active_before & (facts.events_prev_30d > 0) & fell
    is_dormant = facts.since_last >= rules.dormant_days

    top = f"top {rules.high_value_top_share:.0%} of buyers (at least {edge:.2f})"
    words: dict[str, Callable[[int], str]] = {
        "new": lambda i: f"first seen {_ago(facts.since_first[i])}",
        "at_risk": lambda i: (
            _at_risk_words(facts, i, bool(is_silent[i]))
            + (f"; also high value: net revenue {facts.revenue[i]:.2f}, {top}" if is_high[i] else "")
        ),
        "high_value": lambda i: (
            f"net revenue {facts.revenue[i]:.2f}, {top}"
            + (f"; last active {_ago(facts.since_last[i])}" if is_dormant[i] else "")
        ),
        "dormant": lambda i: f"last active {_ago(facts.since_last[i])}",
        "regular": lambda i: f"last active {_ago(facts.since_last[i])}, no other rule applies",
    }
    matched = np.select([is_new, is_silent | is_falling, is_high, is_dormant], [0, 1, 2, 3], default=4)
    segments = [SEGMENTS[int(index)] for index in matched]
    return segments, [words[segment](row) for row, segment in enumerate(segments)]


def _facts(rows: pd.DataFrame) -> _Facts:
    known = {name: np.nan_to_num(numbers(rows, name)) for name in _COLUMNS}
    return _Facts(
        since_first=known["days_since_first_seen"],
        since_last=known["days_since_last_active"],
        active_days_7d=known["n_active_days_7d"],
        events_30d=known["n_events_30d"],
        events_prev_30d=known["n_events_prev_30d"],
        orders=known["n_orders_total"],
        revenue=known["net_revenue_total"],
        was_active_before=as_bools(rows["was_active_prev_30d"]),
    )


def _high_value(facts: _Facts, rules: SegmentRules) -> tuple[NDArray[np.bool_], float]:
    """Buyers at or above the quantile of net revenue of the top share, ties included; and that quantile."""
    is_buyer = (facts.orders > 0) & (facts.revenue > 0)
    if not is_buyer.any():
        return np.zeros(len(is_buyer), dtype=bool), 0.0
    edge = float(np.quantile(facts.revenue[is_buyer], 1.0 - rules.high_value_top_share))
    return is_buyer & (facts.revenue >= edge), edge


def _at_risk_words(facts: _Facts, row: int, is_silent: bool) -> str:
    if is_silent:
        return f"active in the 30 days before, not in the last 7; last active {_ago(facts.since_last[row])}"
    before, now = facts.events_prev_30d[row], facts.events_30d[row]
    return f"activity fell by {1.0 - now / before:.0%}: {now:.0f} events in the last 30 days after {before:.0f}"


def _ago(days: float) -> str:
    return "today" if days < 1 else "1 day ago" if days < 2 else f"{days:.0f} days ago"


def _version(rows: pd.DataFrame, rules: SegmentRules, seed: int, previous: KnownClusters | None) -> str:
    names = dict.fromkeys((*_COLUMNS, *DIMENSIONS, *RFM_FEATURES))
    matrix = np.column_stack([numbers(rows, name) for name in names])
    parts = {"rules": rules, "seed": seed, "persons": list(rows["person_id"]), "versions": library_versions()}
    parts["numbered_after"] = previous.digest if previous else None
    return f"segments-{fingerprint(parts, np.round(matrix, 6), as_bools(rows['was_active_prev_30d']))}"


def _metrics(clustering: Clustering, version: str) -> pd.DataFrame:
    """k, silhouette and stability; baselines: one cluster, no separation, and the least stability that confirms k."""
    measured = (
        ("n_clusters", float(clustering.k), "one-cluster", 1.0),
        ("silhouette", clustering.silhouette, "no-separation", 0.0),
        ("stability_ari", clustering.stability, "least-stability", MIN_STABILITY),
    )
    return metrics_frame(
        [
            {
                "model": "segments",
                "model_version": version,
                "algorithm": "k-means",
                "split": "validation",
                "metric": metric,
                "value": value,
                "ci_low": np.nan,
                "ci_high": np.nan,
                "baseline": baseline,
                "baseline_value": limit,
                "is_promoted": clustering.is_confirmed,
            }
            for metric, value, baseline, limit in measured
        ]
    )
