"""The wording of features, and which contributions become reasons."""

import numpy as np
import pandas as pd
from models_frames import segment_row

from models.propensity import FEATURES
from models.propensity.reasons import describe, top_reasons


def test_reasons_in_plain_words() -> None:
    assert describe("days_since_last_active", 0.0) == "last active today"
    assert describe("days_since_last_active", 1.0) == "last active 1 day ago"
    assert describe("n_active_days_7d", 1.0) == "1 active day in the last 7"
    assert describe("n_searches_30d", 1.0) == "1 search in the last 30 days"
    assert describe("bounce_rate_30d", 0.25) == "25% of sessions bounced"
    assert all(describe(name, float("nan")) and describe(name, 2.0) for name in FEATURES)


def test_strongest_reasons_come_first_and_no_words_are_repeated() -> None:
    rows = pd.DataFrame([segment_row("p", days_since_last_order=np.nan, avg_order_value=np.nan, n_sessions_7d=4.0)])
    weights = {"days_since_last_order": 0.5, "avg_order_value": 0.4, "n_sessions_7d": -0.9}
    contributions = np.array([[weights.get(name, 0.0) for name in FEATURES]])
    assert top_reasons("churn", rows, contributions) == [
        "4 sessions in the last 7 days (lowers the risk); no order yet (raises the risk)"
    ]
    assert top_reasons("churn", rows, contributions * 0) == ["close to the average person"]
