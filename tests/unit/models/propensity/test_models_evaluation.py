"""Metrics, calibration, baselines and the split, against known answers."""

from datetime import date, timedelta

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from models.common.model_metrics import metrics_frame, person_weights
from models.propensity import Kind
from models.propensity.baselines import RecencyRule, bucket_of, fit_recency_rule
from models.propensity.calibration import fit_calibration
from models.propensity.evaluation import beats, best_baseline, evaluate, mean_of, metric_rows
from models.propensity.metrics import Action, compute_metrics
from models.propensity.split import split_by_time


def _scores(n: int = 400, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    probability = np.round(rng.random(n), decimals)  # rounded: many ties
    return (rng.random(n) < probability).astype(int), probability


@pytest.mark.parametrize("decimals", [1, 9])
def test_metrics_equal_scikit_learn_with_ties_and_weights(decimals: int) -> None:
    y, p = _scores(decimals=decimals)
    weights = np.vstack([np.ones(len(y)), np.random.default_rng(0).integers(0, 4, len(y)).astype(float)])
    found = compute_metrics(y, p, weights)
    for row, w in enumerate(weights):
        assert found["roc_auc"][row] == pytest.approx(roc_auc_score(y, p, sample_weight=w))
        assert found["pr_auc"][row] == pytest.approx(average_precision_score(y, p, sample_weight=w))
        assert found["brier"][row] == pytest.approx(brier_score_loss(y, p, sample_weight=w))
        assert found["log_loss"][row] == pytest.approx(log_loss(y, np.clip(p, 1e-15, 1 - 1e-15), sample_weight=w))


def test_lift_by_hand() -> None:
    y = np.array([1, 1] + [0] * 8 + [1, 1] + [0] * 8)
    ordered = np.linspace(1.0, 0.0, 20)
    assert compute_metrics(y, ordered)["lift_top_10"][0] == pytest.approx(1.0 / 0.2)  # both of the top two are positive
    assert compute_metrics(y, np.full(20, 0.5))["lift_top_10"][0] == pytest.approx(1.0)  # all tied: no lift


def test_precision_and_lift_at_the_top_by_hand() -> None:
    y = np.zeros(200, dtype=int)
    y[[0, 1, 2, 5, 9, 150]] = 1  # of the top 2: 2; of the top 10: 5; of the top 20: 5
    found = compute_metrics(y, np.linspace(1.0, 0.0, 200))
    assert [found[f"precision_top_{n}"][0] for n in (1, 5, 10)] == pytest.approx([1.0, 0.5, 0.25])
    assert [found[f"lift_top_{n}"][0] for n in (1, 5, 10)] == pytest.approx([1 / 0.03, 0.5 / 0.03, 0.25 / 0.03])


def test_calibration_error_by_hand_and_against_scikit_learn() -> None:
    # two bins: of 4 at 0.1 one came true (off by 0.15), of 6 at 0.9 three did (off by 0.4)
    y, p = np.array([1, 0, 0, 0, 1, 1, 1, 0, 0, 0]), np.array([0.1] * 4 + [0.9] * 6)
    assert compute_metrics(y, p)["ece"][0] == pytest.approx(0.4 * 0.15 + 0.6 * 0.4)
    y, p = _scores(decimals=9)
    observed, predicted = calibration_curve(y, p, n_bins=10)
    share = np.histogram(p, bins=np.linspace(0, 1, 11))[0] / len(p)
    assert compute_metrics(y, p)["ece"][0] == pytest.approx(float(np.sum(share * np.abs(observed - predicted))))


def test_profit_of_acting_by_hand() -> None:
    action = Action(cost=2.0, benefit=8.0)
    assert action.threshold == 0.25
    y, p = np.array([1, 0, 1, 0]), np.array([0.9, 0.25, 0.2, 0.1])  # acts on two: one gain of 6, one loss of 2
    found = compute_metrics(y, p, action=action)
    assert (found["profit_per_person"][0], found["share_acted"][0]) == (1.0, 0.5)
    assert "profit_per_person" not in compute_metrics(y, p)


def test_the_mean_over_periods_is_taken_within_each_resample() -> None:
    y, p = _scores()
    weights = person_weights(np.arange(len(y)).astype(object), 1)
    one, other = evaluate(y, p, weights), evaluate(y, 1 - p, weights)
    both = mean_of([one, other])
    assert both.values["brier"] == pytest.approx((one.values["brier"] + other.values["brier"]) / 2)
    assert both.resampled["roc_auc"] == pytest.approx((one.resampled["roc_auc"] + other.resampled["roc_auc"]) / 2)


def test_one_class_gives_no_ranking_metric_and_no_row() -> None:
    found = evaluate(np.zeros(30, dtype=int), np.full(30, 0.2), person_weights(np.arange(30).astype(object), 1))
    assert np.isnan(found.values["roc_auc"])
    frame = metrics_frame(metric_rows("churn", "v", "a", "test", found, {"base-rate": found}, False))
    assert set(frame["metric"]) == {"brier", "log_loss", "ece"}


def test_bootstrap_draws_whole_persons() -> None:
    persons = np.array(["a", "b", "a", "c"], dtype=object)
    weights = person_weights(persons, seed=5, n_resamples=50)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all()


def test_interval_holds_the_value() -> None:
    y, p = _scores()
    found = evaluate(y, p, person_weights(np.arange(len(y)).astype(object), 1))
    low, high = found.interval("roc_auc")
    assert low < found.values["roc_auc"] < high


def test_beats_needs_more_than_luck() -> None:
    y, p = _scores(decimals=9)
    weights = person_weights(np.arange(len(y)).astype(object), 1)
    base = evaluate(y, np.full(len(y), y.mean()), weights)
    noise = evaluate(y, np.random.default_rng(9).random(len(y)), weights)
    good = evaluate(y, p, weights)
    assert beats(good, base)
    assert not beats(noise, base)
    assert not beats(good, good)
    assert best_baseline("brier", {"one": base, "two": good}) == ("two", good.values["brier"])


def test_buckets_and_smoothed_rates() -> None:
    edges = (0.0, 1.0, 3.0, 30.0)
    assert bucket_of(np.array([0, 1, 2, 3, 30, 31, np.nan]), edges).tolist() == [0, 1, 2, 2, 3, 4, 4]
    days, labels = np.repeat([0.0, 1.0], 20), np.array([1] * 5 + [0] * 15 + [1] * 15 + [0] * 5)
    rule = fit_recency_rule("churn", days, labels, 7)
    assert rule.rates is not None
    # base rate 21/42; then (5 + 20 × 0.5) / 40 and (15 + 20 × 0.375) / 40
    assert rule.edges == (0.0,) and rule.rates == pytest.approx((0.375, 0.5625))
    assert rule.predict(np.array([0.0, 1.0, 50.0, np.nan])) == pytest.approx([0.375, 0.5625, 0.5625, 0.5625])


@pytest.mark.parametrize("lookback", [30, 180])
def test_buckets_are_quantiles_of_the_lookback(lookback: int) -> None:
    """Of recencies spread evenly over the lookback nothing of their order is lost, however long it is."""
    rng = np.random.default_rng(4)
    days = rng.integers(0, lookback, 8_000).astype(float)
    labels = (rng.random(len(days)) < 0.2 + 0.5 * days / lookback).astype(np.int_)
    rule = fit_recency_rule("churn", days, labels, 28)
    assert rule.edges == pytest.approx(np.arange(1, 20) * lookback / 20 - 1, abs=max(1, lookback / 60))
    weights = person_weights(np.arange(len(days)).astype(object), 1)
    of_rule, of_days = (
        evaluate(labels, score, weights).values["roc_auc"] for score in (rule.predict(days), days / lookback)
    )
    assert of_rule == pytest.approx(of_days, abs=0.004)


def test_few_rows_make_few_buckets_and_one_value_makes_one() -> None:
    assert fit_recency_rule("churn", np.zeros(9), np.array([1, 0, 0] * 3), 7).rates == pytest.approx(
        ((3 + 20 * 4 / 11) / 29,)
    )
    assert len(fit_recency_rule("churn", np.arange(9.0), np.array([1, 0, 0] * 3), 7).edges) == 4


@pytest.mark.parametrize(("kind", "sign"), [("churn", 1), ("purchase", -1)])
def test_longer_absence_never_lowers_churn_nor_raises_purchase(kind: Kind, sign: int) -> None:
    days = np.array([0.0] * 200 + [10.0] * 200 + [40.0] * 8)
    leaving = np.array([1] * 20 + [0] * 180 + [1] * 160 + [0] * 40 + [1, 0, 0, 0, 0, 0, 0, 0])
    rates = fit_recency_rule(kind, days, leaving if kind == "churn" else 1 - leaving, 7).rates
    assert rates is not None
    assert (sign * np.diff(rates) >= 0).all() and sign * (rates[-1] - rates[0]) > 0.5


def test_without_labels_the_rule_ranks_and_knows_no_probability() -> None:
    days = np.array([3.0, 0.0, np.nan, 60.0])
    churn, purchase = RecencyRule("churn", 7), RecencyRule("purchase", 7)
    assert np.isnan(churn.predict(days)).all() and churn.version == "recency-rule-unlabelled"
    assert np.argsort(churn.order(days)).tolist() == [1, 0, 3, 2]  # unknown recency counts as the longest
    assert np.argsort(purchase.order(days)).tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize(("n", "method"), [(12, "identity"), (200, "sigmoid"), (4000, "sigmoid")])
def test_calibration_is_monotone_and_inside_zero_one(n: int, method: str) -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(n)
    y = (rng.random(n) < truth).astype(int)
    calibration = fit_calibration(truth**3, y)  # a score that is far too low
    mapped = calibration.apply(np.linspace(0, 1, 50))
    assert calibration.method == method
    assert (np.diff(mapped) > 0).all() and mapped.min() > 0 and mapped.max() < 1  # persons keep their ranks
    if method != "identity":
        assert np.mean((calibration.apply(truth**3) - y) ** 2) < np.mean((truth**3 - y) ** 2)


def test_a_score_that_does_not_rank_is_not_reversed() -> None:
    scores = np.linspace(0.05, 0.95, 200)
    assert fit_calibration(scores, (scores < 0.5).astype(int)).method == "identity"


def _days(*offsets: int) -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=offset) for offset in offsets]


def test_split_keeps_a_full_horizon_between_parts() -> None:
    days = _days(0, 3, 6, 9, 12, 15, 18, 21)
    split = split_by_time(days, 7)
    assert (split.train, split.validation, split.test) == ((days[0], days[1]), days[4], days[7])
    assert not split.has_overlap


def test_rolling_origins_keep_the_gap_and_stay_before_validation() -> None:
    days = _days(0, 7, 14, 21, 28, 35)
    origins = split_by_time(days, 7).origins
    assert [(one.train, one.held_out) for one in origins] == [
        (tuple(days[:3]), days[3]),
        (tuple(days[:2]), days[2]),
        (tuple(days[:1]), days[1]),
    ]
    assert split_by_time(_days(0, 7, 14), 7).origins == ()  # one training snapshot: nothing before it
    wide = split_by_time(_days(*range(0, 60, 3)), 7)
    assert {max(one.train) + timedelta(days=7) <= one.held_out < wide.validation for one in wide.origins} == {True}


def test_split_says_when_windows_overlap() -> None:
    days = _days(0, 1, 2)
    split = split_by_time(days, 7)
    assert (split.train, split.validation, split.test, split.has_overlap) == ((days[0],), days[1], days[2], True)
    with pytest.raises(ValueError, match="three snapshots"):
        split_by_time(days[:2], 7)
