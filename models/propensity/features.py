"""Which columns the models read, and how a frame becomes a matrix.

Belongs here: names of features and labels, their join, the numeric design matrix.
Does not belong here: computing a feature (dbt does that), learning from data.
"""

from datetime import date, timedelta
from typing import Literal, get_args

import numpy as np
import pandas as pd

from models.common.frames import FloatArray, FrameError, as_bools, as_dates, numbers, require_columns

Kind = Literal["churn", "purchase"]

LABELS: dict[str, str] = {"churn": "label_churned", "purchase": "label_purchased"}
KEYS = ["person_id", "as_of_date"]

# Shares, ratios and scores, already on a bounded or roughly even scale.
LINEAR_FEATURES = (
    "activity_score",
    "bounce_rate_30d",
    "share_mobile_30d",
    "share_weekend_30d",
    "share_daytime_30d",
    "share_night_30d",
    "last_feedback_score",
    "funnel_depth_30d",
)
# Counts, days, seconds and money: long-tailed, so they are used on a (signed) log scale.
LOG_FEATURES = (
    "days_since_last_active",
    "days_since_first_seen",
    "n_active_days_7d",
    "n_active_days_30d",
    "n_active_days_total",
    "n_sessions_7d",
    "n_sessions_30d",
    "n_events_7d",
    "n_events_30d",
    "n_events_prev_30d",
    "activity_trend",
    "n_active_days_14d",
    "n_active_days_90d",
    "n_events_14d",
    "n_events_90d",
    "events_trend_7d",
    "events_trend_14d",
    "events_trend_30d",
    "events_trend_90d",
    "events_per_session_30d",
    "days_since_last_add_to_cart",
    "n_item_views_30d",
    "n_add_to_carts_30d",
    "n_wishlists_30d",
    "n_searches_30d",
    "n_orders_30d",
    "n_orders_total",
    "revenue_30d",
    "revenue_total",
    "avg_order_value",
    "purchase_frequency",
    "days_since_last_order",
    "days_since_first_order",
    "n_order_days_total",
    "avg_days_between_active_days",
    "avg_session_duration_s_30d",
    "n_distinct_items_30d",
    "n_distinct_categories_30d",
    "recency_ratio",
    "n_feedback_90d",
    "days_since_last_feedback",
)
FEATURES: tuple[str, ...] = LOG_FEATURES + LINEAR_FEATURES

# Sums over many rows may differ in their last bits between two builds of the same data; rounding keeps versions equal.
_DECIMALS = 6


def check_kind(kind: str) -> None:
    """Raise `FrameError` for any other than the two models."""
    if kind not in get_args(Kind):
        raise FrameError(f"unknown model {kind!r}: expected one of {', '.join(get_args(Kind))}")


def active(features: pd.DataFrame) -> pd.DataFrame:
    """The rows active in the look-back, which are those that get a score; all rows without that column."""
    return features[as_bools(features["is_active_lookback"])] if "is_active_lookback" in features.columns else features


def design_matrix(frame: pd.DataFrame) -> FloatArray:
    """The features in the order of `FEATURES`, log-scaled where long-tailed; NaN where null.

    >>> frame = pd.DataFrame({name: [0.0, 1.0] for name in FEATURES})
    >>> design_matrix(frame).shape == (2, len(FEATURES))
    True
    """
    require_columns(frame, list(FEATURES), "features")
    columns: list[FloatArray] = []
    for name in FEATURES:
        values = numbers(frame, name)
        columns.append(np.sign(values) * np.log1p(np.abs(values)) if name in LOG_FEATURES else values)
    matrix = np.column_stack(columns) if len(frame) else np.empty((0, len(FEATURES)))
    return np.round(matrix, _DECIMALS) + 0.0  # + 0.0 turns −0.0 into 0.0: equal values, equal bytes


def training_frame(
    kind: Kind, features: pd.DataFrame, labels: pd.DataFrame, as_of: date, horizon_days: int
) -> pd.DataFrame:
    """Eligible persons with a known label, one row per (person, snapshot), sorted; label in column `y`.

    A snapshot whose horizon is not over by `as_of` is left out even if it has a label.
    """
    check_kind(kind)
    label = LABELS[kind]
    require_columns(features, [*KEYS, *FEATURES], "features")
    require_columns(labels, [*KEYS, "is_eligible", label], "labels")
    known = labels[[*KEYS, "is_eligible", label]].copy()
    known["as_of_date"] = as_dates(known["as_of_date"])
    last = as_of - timedelta(days=horizon_days)
    usable = as_bools(known["is_eligible"]) & known[label].notna().to_numpy()
    known = known[usable & np.asarray([day <= last for day in known["as_of_date"]], dtype=bool)]
    known = known.assign(y=as_bools(known[label]).astype(int))[[*KEYS, "y"]]
    rows = features[[*KEYS, *FEATURES]].copy()
    rows["as_of_date"] = as_dates(rows["as_of_date"])
    for name, frame in (("features", rows), ("labels", known)):
        if frame.duplicated(KEYS).any():
            raise FrameError(f"{name} holds a (person_id, as_of_date) more than once")
    joined = rows.merge(known, on=KEYS, how="inner")
    return joined.sort_values(["as_of_date", "person_id"], kind="stable").reset_index(drop=True)
