"""Customer value: who is scored with what, the holdout beside the rate before it, and what no score may depend on."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from models.common.bgnbd import BgNbd
from models.value import CustomerValueResult
from models.value.customer_value import MIN_REPEAT_BUYERS, fit_value_model, value_customers
from models.value.holdout import measure

AS_OF, N_AFTER = date(2026, 6, 30), 60
HOLDOUT_START = AS_OF - timedelta(days=N_AFTER)


def shop(n_persons: int = 3_000, seed: int = 4, leaves: bool = True) -> pd.DataFrame:
    """Rows of marts.order_histories from simulated order days: many leave after a few orders where `leaves`."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_persons):
        rate, gone = rng.gamma(0.8, 1 / 12.0), rng.beta(0.8, 2.0) if leaves else 0.0
        start = int(rng.integers(0, 180))  # days before as_of
        days, value = [start], rng.gamma(4.0, 1 / rng.gamma(3.0, 1 / 60.0), size=400)
        while rng.random() >= gone and days[-1] > 0 and len(days) < 400:
            days.append(days[-1] - 1 - int(rng.exponential(1 / rate)))
        for cutoff in (0, N_AFTER):
            known = [day for day in days if day >= cutoff]
            later = [day for day in days if 0 <= day < cutoff]
            if known:
                spent = value[: len(known)].mean()
                spent_later = value[len(known) : len(known) + len(later)].sum()
                row = {
                    "person_id": f"p{number:05d}",
                    "as_of_date": AS_OF - timedelta(days=cutoff),
                    "n_order_days": len(known),
                    "recency_days": known[0] - known[-1],
                    "age_days": known[0] - cutoff,
                    "mean_order_value": spent,
                    "n_days_after": cutoff or None,
                    "n_order_days_after": len(later) if cutoff else None,
                    "revenue_after": spent_later if cutoff else None,
                }
                rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def histories() -> pd.DataFrame:
    return shop()


@pytest.fixture(scope="module")
def valued(histories: pd.DataFrame) -> CustomerValueResult:
    return value_customers(histories, AS_OF, 90, seed=7)


def test_everybody_with_an_order_is_scored_once_and_the_parts_fit_together(
    histories: pd.DataFrame, valued: CustomerValueResult
) -> None:
    result = valued
    frame, now = result.frame, histories[histories["as_of_date"] == AS_OF]
    assert result.card["is_promoted"] and frame["model_version"].str.startswith("bgnbd-gamma-gamma-").all()
    assert sorted(frame["person_id"]) == sorted(now["person_id"])
    assert frame["expected_revenue"].to_numpy() == pytest.approx(
        (frame["expected_orders"] * frame["expected_order_value"]).to_numpy(), abs=1e-6
    )
    assert (frame["probability_of_order"] <= frame["expected_orders"] + 1e-9).all()
    fitted = BgNbd(**result.card["bgnbd"])
    first = now.sort_values("person_id").iloc[0]
    assert frame["probability_alive"].iloc[0] == pytest.approx(
        float(fitted.probability_alive(first["n_order_days"] - 1, first["recency_days"], first["age_days"])), abs=1e-8
    )


def test_the_holdout_is_measured_beside_the_rate_before_it(
    histories: pd.DataFrame, valued: CustomerValueResult
) -> None:
    metrics = valued.metrics.set_index("metric")
    before = histories[histories["as_of_date"] == HOLDOUT_START].sort_values("person_id")
    same_rate = (before["n_order_days"] - 1) / before["age_days"].clip(lower=1) * N_AFTER
    errors = same_rate - before["n_order_days_after"]
    assert metrics.loc["orders_mae", "baseline_value"] == pytest.approx(errors.abs().mean(), abs=1e-6)
    assert metrics.loc["orders_rmse", "baseline_value"] == pytest.approx((errors**2).mean() ** 0.5, abs=1e-6)
    assert metrics.loc["orders_rmse", "value"] < metrics.loc["orders_rmse", "baseline_value"]
    assert metrics.loc["orders_total_ratio", "value"] == pytest.approx(1, abs=0.15)
    assert (metrics["ci_low"] <= metrics["value"]).all() and (metrics["value"] <= metrics["ci_high"]).all()
    assert set(metrics["baseline"]) == {"same-rate"} and metrics["is_promoted"].all()


def test_what_follows_as_of_moves_no_score_and_what_followed_the_holdout_moves_only_the_check(
    histories: pd.DataFrame, valued: CustomerValueResult
) -> None:
    other = histories.copy()
    other["n_order_days_after"] = (other["n_order_days_after"] * 0.9).round()
    found = value_customers(other, AS_OF, 90, seed=7)
    pd.testing.assert_frame_equal(found.frame, valued.frame)
    assert not found.metrics["value"].equals(valued.metrics["value"])


def test_the_order_of_rows_changes_nothing(histories: pd.DataFrame, valued: CustomerValueResult) -> None:
    first, second = valued, value_customers(histories.sample(frac=1.0, random_state=3), AS_OF, 90, seed=7)
    pd.testing.assert_frame_equal(first.frame, second.frame)
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    assert first.card == second.card


def test_too_few_repeat_buyers_are_scored_by_the_rule_and_the_card_says_so(histories: pd.DataFrame) -> None:
    repeat = histories["n_order_days"] > 1
    few = histories[~repeat | histories["person_id"].isin(sorted(set(histories.loc[repeat, "person_id"]))[:20])]
    result = value_customers(few, AS_OF, 90, seed=7)
    assert result.metrics.empty and not result.card["is_promoted"]
    assert f"and {MIN_REPEAT_BUYERS} are needed" in result.card["reason"]
    now = few[few["as_of_date"] == AS_OF].sort_values("person_id").reset_index(drop=True)
    by_hand = (now["n_order_days"] - 1) / now["age_days"].clip(lower=1) * 90
    assert result.frame["expected_orders"].to_numpy() == pytest.approx(by_hand.to_numpy(), abs=1e-8)
    assert result.frame["probability_alive"].isna().all()
    assert result.frame["model_version"].str.startswith("same-rate-").all()


def test_without_a_holdout_the_rule_scores(histories: pd.DataFrame) -> None:
    result = value_customers(histories[histories["as_of_date"] == AS_OF], AS_OF, 90, seed=7)
    assert not result.card["is_promoted"] and "old enough" in result.card["reason"]
    assert len(result.frame) > 0


def test_no_order_at_all_gives_an_empty_table_with_all_columns(
    histories: pd.DataFrame, valued: CustomerValueResult
) -> None:
    result = value_customers(histories.iloc[:0], AS_OF, 90, seed=7)
    assert len(result.frame) == 0 and list(result.frame.columns) == list(valued.frame.columns)
    assert len(result.metrics) == 0


def test_orders_without_any_revenue_have_no_value_but_are_still_expected(histories: pd.DataFrame) -> None:
    free = histories.assign(mean_order_value=0.0, revenue_after=histories["revenue_after"] * 0)
    result = value_customers(free, AS_OF, 90, seed=7)
    assert result.card["is_promoted"] and (result.frame["expected_orders"] > 0).all()
    assert result.frame["expected_revenue"].isna().all()
    json.dumps(result.card, allow_nan=False)  # what is not defined is null in the card


def test_a_buyer_worth_nothing_so_far_is_worth_less_than_the_mean_and_never_below_zero(histories: pd.DataFrame) -> None:
    model = fit_value_model(histories[histories["as_of_date"] == AS_OF])
    assert model.gamma_gamma is not None
    values = model.expected_order_value(np.array([5.0, 1.0, 5.0]), np.array([0.0, 0.0, -1e6]))
    assert 0 < values[0] < values[1] < model.gamma_gamma.population_mean and values[2] == 0


@pytest.mark.parametrize("n_persons", [20, 1_000], ids=["by the rule", "by the model"])
def test_whatever_buyers_were_credited_nobody_is_expected_to_bring_less_than_nothing(
    histories: pd.DataFrame, n_persons: int
) -> None:
    """A purchase of -1,000 is one line that anybody can send."""
    some = histories[histories["person_id"] < f"p{n_persons:05d}"]
    for credited in (some["person_id"] < "p00010", some["person_id"] >= ""):
        values = some["mean_order_value"].where(~credited, -1_000.0)
        frame = value_customers(some.assign(mean_order_value=values), AS_OF, 90, seed=7).frame
        assert not (frame["expected_order_value"] < 0).any()
        assert not (frame["expected_revenue"] < 0).any()


def test_measures_are_those_of_numpy_and_scipy() -> None:
    rng = np.random.default_rng(2)
    truth = rng.poisson(1.0, 400).astype(float)
    predicted, base = truth * 0.5 + rng.random(400).round(1), np.full(400, 1.0)
    found = measure({"orders": truth}, {"orders": predicted}, {"orders": base}, 30, seed=1)
    values = {row["metric"]: row for row in found.metrics}
    assert values["orders_rank_correlation"]["value"] == pytest.approx(spearmanr(truth, predicted).statistic, abs=1e-8)
    assert np.isnan(values["orders_rank_correlation"]["baseline_value"])
    assert values["orders_mae"]["value"] == pytest.approx(np.abs(truth - predicted).mean(), abs=1e-8)
    assert values["orders_total_ratio"]["value"] == pytest.approx(predicted.sum() / truth.sum(), abs=1e-8)
    assert found.is_promoted and found.days == 30
    assert not measure({"orders": truth}, {"orders": base}, {"orders": predicted}, 30, seed=1).is_promoted
