"""Segment rules on known cases, clusters on planted groups."""

import numpy as np
import pandas as pd
import pytest
from models_frames import START, segment_row

from models.common import FrameError
from models.segments import SegmentRules, segment_users
from models.segments.clusters import cluster_users


def _segments(*rows: dict[str, object], rules: SegmentRules | None = None) -> pd.DataFrame:
    return segment_users(pd.DataFrame(list(rows)), START, rules).frame.set_index("person_id")


SILENT = {"days_since_last_active": 9.0, "n_active_days_7d": 0.0, "n_events_30d": 15.0}
BUYER = {"n_orders_total": 2.0}


def test_rules_by_hand() -> None:
    found = _segments(
        segment_row("new", days_since_first_seen=6.0, was_active_prev_30d=False),
        segment_row("week_old", days_since_first_seen=7.0),
        segment_row("silent", **SILENT),
        segment_row("fell", n_events_30d=10.0),
        segment_row("fell_less", n_events_30d=11.0),
        segment_row("big", net_revenue_total=500.0, **BUYER),
        segment_row("small", net_revenue_total=10.0, **BUYER),
        segment_row("no_revenue", net_revenue_total=0.0, **BUYER),
        segment_row(
            "asleep", days_since_last_active=40.0, n_active_days_7d=0.0, n_events_30d=0.0, was_active_prev_30d=False
        ),
    )
    assert found["segment"].to_dict() == {
        "new": "new",
        "week_old": "regular",
        "silent": "at_risk",
        "fell": "at_risk",
        "fell_less": "regular",
        "big": "high_value",
        "small": "regular",
        "no_revenue": "regular",
        "asleep": "dormant",
    }
    assert found.loc["fell", "segment_reason"] == "activity fell by 50%: 10 events in the last 30 days after 20"
    assert found.loc["asleep", "segment_reason"] == "last active 40 days ago"


def test_at_risk_outranks_high_value_and_says_so() -> None:
    found = _segments(
        segment_row("both", net_revenue_total=900.0, **BUYER, **SILENT),
        *(segment_row(f"buyer{n}", net_revenue_total=float(n), **BUYER) for n in range(1, 10)),
    )
    assert found.loc["both", "segment"] == "at_risk"
    assert "also high value: net revenue 900.00" in found.loc["both", "segment_reason"]
    assert (found["segment"] == "high_value").sum() == 1  # a fifth of ten buyers is two: buyer9 and the one at risk


def test_new_outranks_everything_and_a_sleeping_buyer_stays_valuable() -> None:
    found = _segments(
        segment_row("new", days_since_first_seen=0.0, net_revenue_total=900.0, **BUYER, **SILENT),
        segment_row(
            "away",
            net_revenue_total=950.0,
            days_since_last_active=60.0,
            n_active_days_7d=0.0,
            was_active_prev_30d=False,
            **BUYER,
        ),
    )
    assert found["segment"].to_dict() == {"away": "high_value", "new": "new"}
    assert "last active 60 days ago" in found.loc["away", "segment_reason"]


def test_limits_come_from_the_rules() -> None:
    row = segment_row("p", days_since_first_seen=10.0)
    assert _segments(row, rules=SegmentRules(new_days=14)).loc["p", "segment"] == "new"


def test_only_the_snapshot_asked_for_counts() -> None:
    rows = [segment_row("p"), segment_row("p", days_since_first_seen=0.0) | {"as_of_date": pd.Timestamp("2026-02-01")}]
    assert _segments(*rows)["segment"].to_dict() == {"p": "regular"}
    with pytest.raises(FrameError, match="more than once"):
        _segments(segment_row("p"), segment_row("p"))
    with pytest.raises(FrameError, match="lacks the column"):
        segment_users(pd.DataFrame([segment_row("p")]).drop(columns="net_revenue_total"), START)


def test_nobody_is_an_empty_frame() -> None:
    empty = pd.DataFrame([segment_row("p")]).head(0)
    assert segment_users(empty, START).frame.empty


def _groups(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    centres = {"a": (5.0, 0.0, 0.0, 2 * n), "b": (60.0, 1.0, 30.0, n), "c": (90.0, 8.0, 400.0, n)}
    rows = [
        segment_row(
            f"{name}{i:03d}",
            activity_score=activity * rng.uniform(0.9, 1.1),
            purchase_frequency=frequency * rng.uniform(0.9, 1.1),
            avg_order_value=value * rng.uniform(0.9, 1.1),
        )
        for name, (activity, frequency, value, size) in centres.items()
        for i in range(size)
    ]
    return pd.DataFrame(rows)


def test_planted_groups_are_found_numbered_and_named() -> None:
    features = _groups()
    result = segment_users(features, START)
    frame = result.frame
    group = frame["person_id"].str[0]
    assert frame.groupby(group)["cluster"].nunique().eq(1).all()
    clusters = frame.groupby(group)["cluster"].first().to_dict()
    assert clusters == {"a": 0, "c": 1, "b": 2}  # by size, then by activity
    names = frame.groupby(group)["cluster_name"].first().to_dict()
    assert names["a"] == "quiet, no orders"
    assert "frequent buyers" in names["c"] and "large orders" in names["c"]
    values = result.metrics.set_index("metric")["value"]
    assert values["n_clusters"] == 3 and values["silhouette"] > 0.7 and values["stability_ari"] > 0.9
    again = segment_users(features.sample(frac=1.0, random_state=1), START)
    pd.testing.assert_frame_equal(frame, again.frame)


def test_few_or_equal_persons_are_one_cluster() -> None:
    for features in (_groups().head(9), pd.DataFrame([segment_row(f"p{i}") for i in range(40)])):
        result = segment_users(features, START)
        assert set(result.frame["cluster"]) == {0} and set(result.frame["cluster_name"]) == {"everyone"}
        assert not result.metrics["is_promoted"].any()
    assert cluster_users(_groups(), 7, k=4).k == 4
    assert len(set(cluster_users(_groups(), 7, k=6).names)) == 6  # no two clusters share a name
