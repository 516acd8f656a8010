"""Why a person has this score, in plain words.

Belongs here: the wording of features and the choice of the strongest contributions.
Does not belong here: how contributions are computed (see `algorithms`).
"""

import re

import numpy as np
import pandas as pd

from models.common.frames import FloatArray, numbers
from models.propensity.features import FEATURES, Kind

SEPARATOR = "; "
_TOP = 3
_EFFECTS = {
    "churn": ("raises the risk", "lowers the risk"),
    "purchase": ("raises the chance", "lowers the chance"),
}
_WHOLE, _DECIMAL, _PERCENT, _STEP = "{:.0f}", "{:.1f}", "{:.0%}", "step"
_STEPS = ("none", "item view", "cart", "checkout", "purchase")
_MIN_USUAL_GAP = 0.05  # days; below it a usual gap means nothing
_PLURAL = re.compile(
    r"\b(1 (?:active |item |wishlist |different )?)"
    r"(days|sessions|events|views|searches|orders|additions|add-to-carts|items|categories|seconds|surveys)\b"
)
_SINGULAR = {"searches": "search", "categories": "category"}
# feature: (words with the value, number format, words where the value is null)
_WORDS: dict[str, tuple[str, str, str]] = {
    "days_since_last_active": ("last active {} days ago", _WHOLE, "last activity unknown"),
    "days_since_first_seen": ("first seen {} days ago", _WHOLE, "first visit unknown"),
    "n_active_days_7d": ("{} active days in the last 7", _WHOLE, ""),
    "n_active_days_30d": ("{} active days in the last 30", _WHOLE, ""),
    "n_active_days_total": ("{} active days in all", _WHOLE, ""),
    "n_sessions_7d": ("{} sessions in the last 7 days", _WHOLE, ""),
    "n_sessions_30d": ("{} sessions in the last 30 days", _WHOLE, ""),
    "n_events_7d": ("{} events in the last 7 days", _WHOLE, ""),
    "n_events_30d": ("{} events in the last 30 days", _WHOLE, ""),
    "n_events_prev_30d": ("{} events in the 30 days before", _WHOLE, ""),
    "activity_trend": ("last week's activity is {} times the month's pace", _DECIMAL, ""),
    "n_active_days_14d": ("{} active days in the last 14", _WHOLE, ""),
    "n_active_days_90d": ("{} active days in the last 90", _WHOLE, ""),
    "n_events_14d": ("{} events in the last 14 days", _WHOLE, ""),
    "n_events_90d": ("{} events in the last 90 days", _WHOLE, ""),
    "events_trend_7d": ("activity {} times that of the 7 days before", _DECIMAL, ""),
    "events_trend_14d": ("activity {} times that of the 14 days before", _DECIMAL, ""),
    "events_trend_30d": ("activity {} times that of the 30 days before", _DECIMAL, ""),
    "events_trend_90d": ("activity {} times that of the 90 days before", _DECIMAL, ""),
    "events_per_session_30d": ("{} events per session", _DECIMAL, ""),
    "days_since_last_add_to_cart": ("last add-to-cart {} days ago", _WHOLE, "nothing put in a cart yet"),
    "share_weekend_30d": ("{} of activity at weekends", _PERCENT, ""),
    "share_daytime_30d": ("{} of activity between 9 and 18", _PERCENT, ""),
    "share_night_30d": ("{} of activity at night", _PERCENT, ""),
    "n_feedback_90d": ("answered {} surveys in the last 90 days", _WHOLE, ""),
    "last_feedback_score": ("last survey score of {}", _WHOLE, "no survey answered yet"),
    "days_since_last_feedback": ("last survey answered {} days ago", _WHOLE, "no survey answered yet"),
    "funnel_depth_30d": ("furthest step of the last 30 days: {}", _STEP, ""),
    "n_item_views_30d": ("{} item views in the last 30 days", _WHOLE, ""),
    "n_add_to_carts_30d": ("{} add-to-carts in the last 30 days", _WHOLE, ""),
    "n_wishlists_30d": ("{} wishlist additions in the last 30 days", _WHOLE, ""),
    "n_searches_30d": ("{} searches in the last 30 days", _WHOLE, ""),
    "n_orders_30d": ("{} orders in the last 30 days", _WHOLE, ""),
    "n_orders_total": ("{} orders in all", _WHOLE, ""),
    "revenue_30d": ("revenue of {} in the last 30 days", _WHOLE, ""),
    "revenue_total": ("revenue of {} in all", _WHOLE, ""),
    "avg_order_value": ("average order value of {}", _WHOLE, "no order yet"),
    "purchase_frequency": ("{} orders per 30 days", _DECIMAL, ""),
    "activity_score": ("activity score of {}", _WHOLE, ""),
    "days_since_last_order": ("last order {} days ago", _WHOLE, "no order yet"),
    "days_since_first_order": ("first order {} days ago", _WHOLE, "no order yet"),
    "n_order_days_total": ("orders on {} days", _WHOLE, ""),
    "avg_days_between_active_days": ("usually {} days between visits", _DECIMAL, "active on one day only"),
    "avg_session_duration_s_30d": ("average session of {} seconds", _WHOLE, "no session in the last 30 days"),
    "bounce_rate_30d": ("{} of sessions bounced", _PERCENT, "no session in the last 30 days"),
    "n_distinct_items_30d": ("{} different items in the last 30 days", _WHOLE, ""),
    "n_distinct_categories_30d": ("{} different categories in the last 30 days", _WHOLE, ""),
    "share_mobile_30d": ("{} of activity on mobile", _PERCENT, "device unknown"),
    "recency_ratio": ("away {} times the usual gap", _DECIMAL, "no usual gap yet"),
}


def describe(feature: str, value: float) -> str:
    """A feature's value in words.

    >>> describe("days_since_last_active", 12.0), describe("days_since_last_order", float("nan"))
    ('last active 12 days ago', 'no order yet')
    """
    words, number, missing = _WORDS[feature]
    if np.isnan(value):
        return missing or f"{feature} unknown"
    if number == _STEP:
        return words.format(_STEPS[int(np.clip(round(value), 0, len(_STEPS) - 1))])
    text = words.format(number.format(value))
    if number == _WHOLE and round(value) == 0:
        return re.sub(r"\b0 days ago", "today", text)
    if number == _WHOLE and round(value) == 1:
        return _PLURAL.sub(lambda found: found.group(1) + _SINGULAR.get(found.group(2), found.group(2)[:-1]), text)
    return text


def top_reasons(kind: Kind, features: pd.DataFrame, contributions: FloatArray) -> list[str]:
    """The strongest contributions of each row, strongest first, joined by `; `."""
    if not len(features):
        return []
    values = np.column_stack([numbers(features, name) for name in FEATURES])
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, : 2 * _TOP]
    raises, lowers = _EFFECTS[kind]
    reasons: list[str] = []
    for row, columns in enumerate(order):
        texts: dict[str, str] = {}  # two features can have the same words, such as "no order yet": listed once
        for column in columns:
            amount = contributions[row, column]
            if amount != 0 and len(texts) < _TOP:
                words = _absence(column, values[row]) or describe(FEATURES[column], values[row, column])
                texts.setdefault(words, raises if amount > 0 else lowers)
        reasons.append(
            SEPARATOR.join(f"{text} ({effect})" for text, effect in texts.items()) or "close to the average person"
        )
    return reasons


def _absence(column: int, values: FloatArray) -> str:
    """How long somebody has been away beside their usual gap; empty for other features or without a usual gap."""
    if FEATURES[column] not in ("days_since_last_active", "recency_ratio"):
        return ""
    away = values[FEATURES.index("days_since_last_active")]
    usual = values[FEATURES.index("avg_days_between_active_days")]
    if np.isnan(away) or np.isnan(usual) or usual < _MIN_USUAL_GAP:
        return ""
    days = "here today" if round(away) == 0 else f"{away:.0f} day{'s' if round(away) != 1 else ''} away"
    return f"{days}, usually comes every {f'{usual:.1f}'.removesuffix('.0')} day{'s' if round(usual, 1) != 1 else ''}"


def recency_reasons(features: pd.DataFrame, column: str) -> list[str]:
    """The only reason of the recency rule."""
    return [describe(column, value) for value in numbers(features, column)]
