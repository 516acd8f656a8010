"""What the simulator planted is found again by what a night publishes: who leaves sooner, who is worth more, who moved
where.
"""

from __future__ import annotations

import json

import duckdb
import pandas as pd
import pytest

from models.survival import kaplan_meier
from pipeline.home.paths import HomePaths

BY_HAZARD = ["loyal", "regular", "casual", "fickle"]  # daily hazards 0.003, 0.012, 0.030, 0.080


@pytest.fixture(scope="module")
def truth(shop: HomePaths) -> pd.DataFrame:
    """Hidden type of each person, and whether they had left for good by the end."""
    rows = []
    for user in json.loads((shop.data / "simulated_truth.json").read_text())["users"]:
        ids = [user["user_id"]] if user["user_id"] else [f"anon:{device}" for device in user["anonymous_ids"]]
        if user["latent_type"]:
            rows += [(person, user["latent_type"], user["churned_on"] is not None) for person in ids]
    return pd.DataFrame(rows, columns=["person_id", "latent_type", "has_churned"]).drop_duplicates("person_id")


@pytest.fixture(scope="module")
def lifetimes(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Lifetimes in days by WAREHOUSE's definition, from the events: of whom leaving could be seen, until it could."""
    seen = warehouse.execute("""
        select person_id, min(event_date)::timestamp as first, max(event_date)::timestamp as last
        from marts.fct_events where not is_bot group by 1
    """).df()
    (as_of,) = warehouse.execute("select max(as_of_date)::timestamp from marts.user_features").fetchone()  # type: ignore[misc]
    could_be_seen = pd.Timestamp(as_of) - pd.Timedelta(days=30)
    seen = seen[seen["first"] < could_be_seen]
    ends = seen["last"].clip(upper=could_be_seen)
    return seen.assign(days=(ends - seen["first"]).dt.days, has_left=seen["last"] <= could_be_seen)


def test_the_published_curve_is_that_of_the_events(
    lifetimes: pd.DataFrame, warehouse: duckdb.DuckDBPyConnection
) -> None:
    published = warehouse.execute("""
        select lifetime_day, n_at_risk, survival_rate from ml.survival_curves where breakdown = 'all' order by 1
    """).fetchall()
    survival = 1.0
    for day, n_at_risk, survival_rate in published:
        at_risk = lifetimes["days"] >= day
        survival *= 1 - (lifetimes["has_left"] & (lifetimes["days"] == day)).sum() / at_risk.sum()
        assert (n_at_risk, survival_rate) == (at_risk.sum(), pytest.approx(survival, abs=1e-8))
    assert len(published) == lifetimes["days"].max() + 1 and len(lifetimes) > 100


def test_survival_ranks_the_planted_hazards(truth: pd.DataFrame, lifetimes: pd.DataFrame) -> None:
    survival = {}
    for latent_type, group in lifetimes.merge(truth, on="person_id").groupby("latent_type"):
        curve = kaplan_meier(group["days"].to_numpy(), group["has_left"].to_numpy(dtype=bool))
        survival[latent_type] = curve.survival[min(7, len(curve.days) - 1)]
    assert sorted(survival, key=lambda name: -survival[str(name)]) == BY_HAZARD


def test_published_curves_start_with_everybody_and_the_channels_add_up(warehouse: duckdb.DuckDBPyConnection) -> None:
    counts = warehouse.execute("""
        select breakdown, sum(n_at_risk) filter (where lifetime_day = 0), sum(n_events), sum(n_censored)
        from ml.survival_curves group by breakdown
    """).fetchall()
    assert {breakdown for breakdown, *_ in counts} == {"all", "acquisition_channel", "segment", "cluster_name"}
    assert len({tuple(sums) for _, *sums in counts}) == 1


def test_those_who_stay_are_expected_to_buy_more(truth: pd.DataFrame, warehouse: duckdb.DuckDBPyConnection) -> None:
    value = warehouse.execute("select * from ml.customer_value").df().merge(truth, on="person_id")
    assert len(value) > 60
    by_type = value.groupby("latent_type")["expected_orders"].mean()
    assert by_type["loyal"] > by_type["regular"] > by_type[["casual", "fickle"]].mean()
    by_end = value.groupby("has_churned")["expected_orders"].mean()
    assert by_end[False] > 1.2 * by_end[True]


def test_profiles_show_the_value_of_buyers_and_of_nobody_else(warehouse: duckdb.DuckDBPyConnection) -> None:
    shown = warehouse.execute("""
        select count(*) filter (where profiles.expected_orders is distinct from value.expected_orders),
            count(*) filter (where profiles.expected_revenue is distinct from value.expected_revenue),
            count(value.person_id)
        from activation.user_profiles as profiles left join ml.customer_value as value using (person_id)
    """).fetchone()
    buyers = warehouse.execute("""
        select count(distinct person_id) from marts.fct_orders
        where not is_suspicious and not is_bot and known_date <= (select max(as_of_date) from marts.user_features)
    """).fetchone()
    assert shown and buyers and shown == (0, 0, buyers[0])


def test_the_first_night_has_no_migrations_and_rfm_is_of_buyers_alone(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute("select count(*) from ml.segment_migrations").fetchone() == (0,)
    scored = warehouse.execute("""
        select count(*) filter (where (rfm_score is null) <> (n_orders_total = 0)), count(rfm_score), count(*)
        from ml.user_segments join marts.user_features using (person_id, as_of_date)
    """).fetchone()
    assert scored and scored[0] == 0 and 0 < scored[1] < scored[2]
