"""What a person is expected to buy and spend in a horizon: BG/NBD times gamma-gamma, tested on a holdout.

Belongs here: fitting both to order histories, the test on the last part of history, and the rule that scores where they
fail it. Does not belong here: the two models themselves (`common.bgnbd`, `gamma_gamma`), and which orders count
(`marts.order_histories`).

An order is an order day: a date with at least one counted order; its value is the net revenue of the date.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from models.common.bgnbd import BgNbd, FitError, fit_bgnbd
from models.common.fingerprint import fingerprint
from models.common.frames import FloatArray, as_dates, date_column, numbers, require_columns
from models.common.model_metrics import MetricRows, metrics_frame, without_nan
from models.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from models.value.holdout import MAX_TESTED_PERSONS, Holdout, measure

MODEL, ALGORITHM, RULE = "customer_value", "bgnbd-gamma-gamma", "same-rate"
MIN_REPEAT_BUYERS = 30
MAX_LEARNT_PERSONS = 100_000
_FORMAT = 1  # raise it when the way of fitting changes
_DIGITS = 9
_NUMBERS = ["n_order_days", "recency_days", "age_days", "mean_order_value"]
_COLUMNS = ["person_id", "as_of_date", *_NUMBERS, "n_order_days_after", "revenue_after", "n_days_after"]


@dataclass(frozen=True)
class CustomerValueResult:
    """Rows of `ml.customer_value` and of `ml.model_metrics`, and the card of the version."""

    frame: pd.DataFrame
    metrics: pd.DataFrame
    card: dict[str, Any]


@dataclass(frozen=True)
class ValueModel:
    """Both fits; without `gamma_gamma` everybody's orders are worth `mean_value`."""

    bgnbd: BgNbd
    gamma_gamma: GammaGamma | None
    mean_value: float

    def expected_order_value(self, n: FloatArray, mean: FloatArray) -> FloatArray:
        """Expected value of a coming order; never below 0, NaN where no order has any value."""
        if self.gamma_gamma is None:
            return np.full(len(n), np.maximum(self.mean_value, 0.0))
        return np.maximum(self.gamma_gamma.expected_value(n, mean), 0.0)


def value_customers(histories: pd.DataFrame, as_of: date, horizon_days: int, seed: int) -> CustomerValueResult:
    """Expected orders and revenue of everybody with an order, in the `horizon_days` after as_of.

    `histories`: rows of `marts.order_histories`, those of as_of and, where history allows, those of the start of a
    holdout with what followed it. Both models are fitted on the earlier rows and compared with what followed; if they
    predict orders clearly better than the rule "the rate so far continues", they are fitted on the rows of as_of and
    score. Otherwise, also with too few repeat buyers or no holdout, the rule scores, and the card says why.
    """
    require_columns(histories, _COLUMNS, "order histories")
    rows = histories.sort_values(["as_of_date", "person_id"], kind="stable")
    days = as_dates(rows["as_of_date"]).to_numpy()
    now, before = rows[days == as_of].reset_index(drop=True), rows[days < as_of].reset_index(drop=True)
    holdout, reason = _held_out(before, seed)
    model: ValueModel | None = None
    if holdout is not None and holdout.is_promoted:
        model, reason = _fitted(now)
    version = _version(now, before, horizon_days, model)
    frame = _scored(now, as_of, horizon_days, model, version)
    metrics = metrics_frame(_metric_rows(holdout, version, model is not None))
    return CustomerValueResult(frame, metrics, _card(now, holdout, horizon_days, model, version, reason))


def fit_value_model(histories: pd.DataFrame) -> ValueModel:
    """Both models from the histories of one date; raises FitError where the repeat buyers are too few."""
    learnt = _sample(histories, MAX_LEARNT_PERSONS)
    n, recency, age, mean = (numbers(learnt, name) for name in _NUMBERS)
    n_repeat = int((n > 1).sum())
    if n_repeat < MIN_REPEAT_BUYERS:
        raise FitError(f"{n_repeat} repeat buyers, and {MIN_REPEAT_BUYERS} are needed")
    bgnbd = fit_bgnbd(n - 1, recency, age)
    known = mean > 0
    mean_value = float(np.average(mean, weights=n)) if known.any() else float("nan")
    try:
        spending = fit_gamma_gamma(n[known], mean[known])
    except FitError:
        return ValueModel(bgnbd, None, mean_value)
    has_mean = np.isfinite(spending.population_mean)
    return ValueModel(bgnbd, spending if has_mean else None, mean_value)


def _fitted(now: pd.DataFrame) -> tuple[ValueModel | None, str]:
    try:
        return fit_value_model(now), "predicted the orders of the holdout better than the rate before it"
    except FitError as error:
        return None, f"not fitted: {error}"


def _held_out(before: pd.DataFrame, seed: int) -> tuple[Holdout | None, str]:
    """The test on the earlier histories, or why there is none."""
    if before.empty:
        return None, "no order is old enough to hold the time after it out"
    try:
        model = fit_value_model(before)
    except FitError as error:
        return None, f"at the start of the holdout: {error}"
    tested = _sample(before, MAX_TESTED_PERSONS)
    n, recency, age, mean = (numbers(tested, name) for name in _NUMBERS)
    ahead = float(numbers(tested, "n_days_after")[0])
    expected = model.bgnbd.expected_transactions(ahead, n - 1, recency, age)
    same_rate = _same_rate(n, age, ahead)
    held = measure(
        {"orders": numbers(tested, "n_order_days_after"), "revenue": numbers(tested, "revenue_after")},
        {"orders": expected, "revenue": expected * model.expected_order_value(n, mean)},
        {"orders": same_rate, "revenue": same_rate * mean},
        int(ahead),
        seed,
    )
    if held.is_promoted:
        return held, ""
    return held, "did not predict the orders of the holdout clearly better than the rate before it"


def _same_rate(n: FloatArray, age: FloatArray, ahead: float) -> FloatArray:
    """Repeat orders per day since the first, continued: the estimate without a model."""
    return np.asarray((n - 1) / np.maximum(age, 1) * ahead, dtype=np.float64)


def _scored(now: pd.DataFrame, as_of: date, horizon_days: int, model: ValueModel | None, version: str) -> pd.DataFrame:
    n, recency, age, mean = (numbers(now, name) for name in _NUMBERS)
    if model is None:
        unknown = np.full(len(now), np.nan)
        alive, any_order, orders, value = unknown, unknown, _same_rate(n, age, horizon_days), np.maximum(mean, 0.0)
    else:
        alive = model.bgnbd.probability_alive(n - 1, recency, age)
        any_order = model.bgnbd.probability_of_any(horizon_days, n - 1, recency, age)
        orders = model.bgnbd.expected_transactions(horizon_days, n - 1, recency, age)
        value = model.expected_order_value(n, mean)
    measured = {
        "probability_alive": alive,
        "probability_of_order": any_order,
        "expected_orders": orders,
        "expected_order_value": value,
        "expected_revenue": orders * value,
    }
    return pd.DataFrame(
        {
            "person_id": now["person_id"].astype("str"),
            "as_of_date": date_column(pd.Series([as_of] * len(now), dtype=object)),
            "horizon_days": np.full(len(now), horizon_days, dtype=np.int64),
            "n_order_days": n.astype(np.int64),
            **{name: np.round(values, _DIGITS) for name, values in measured.items()},
            "model_version": pd.Series([version] * len(now), dtype="str"),
        }
    )


def _sample(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """At most `size` persons, chosen by a hash of their ids: always the same ones."""
    if len(rows) <= size:
        return rows
    rank = pd.util.hash_pandas_object(rows["person_id"], index=False).to_numpy().argsort(kind="stable")
    return rows.iloc[np.sort(rank[:size])]


def _version(now: pd.DataFrame, before: pd.DataFrame, horizon_days: int, model: ValueModel | None) -> str:
    matrices = [
        np.round(np.column_stack([numbers(rows, name) for name in _NUMBERS]), _DIGITS) for rows in (now, before)
    ]
    digest = fingerprint({"format": _FORMAT, "horizon_days": horizon_days}, *matrices)
    return f"{ALGORITHM if model else RULE}-{digest}"


def _metric_rows(holdout: Holdout | None, version: str, is_promoted: bool) -> MetricRows:
    if holdout is None:
        return []
    known = {"model": MODEL, "model_version": version, "algorithm": ALGORITHM, "split": "test"}
    return [known | row | {"baseline": RULE, "is_promoted": is_promoted} for row in holdout.metrics]


def _card(
    now: pd.DataFrame, holdout: Holdout | None, horizon_days: int, model: ValueModel | None, version: str, reason: str
) -> dict[str, Any]:
    """Plain JSON types; no person."""
    return {
        "format": _FORMAT,
        "model": MODEL,
        "model_version": version,
        "algorithm": ALGORITHM if model else RULE,
        "is_promoted": model is not None,
        "reason": reason,
        "horizon_days": horizon_days,
        "holdout_days": holdout.days if holdout else None,
        "data": {"n_buyers": len(now), "n_repeat_buyers": int((numbers(now, "n_order_days") > 1).sum())},
        "bgnbd": asdict(model.bgnbd) if model else None,
        "gamma_gamma": asdict(model.gamma_gamma) if model and model.gamma_gamma else None,
        "metrics": [without_nan(row) for row in holdout.metrics] if holdout else [],
    }
