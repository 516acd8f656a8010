"""Training of the churn and the purchase model.

Belongs here: the order of events (split, fit, choose, calibrate, test, promote, store).
Does not belong here: how any one of those steps works.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models.artifacts import save_artifact
from models.baselines import BASE_RATE, RECENCY_COLUMN, RECENCY_RULE, RecencyRule, fit_recency_rule
from models.calibration import Calibration, fit_calibration
from models.candidates import ALGORITHMS, Candidate, fit_candidate, params_of
from models.card import build_card, data_window
from models.drift import reference_of
from models.evaluate import Evaluation, beats, evaluate, metric_rows, metrics_frame, person_weights
from models.features import FloatArray, Kind, design_matrix, numbers, training_frame
from models.result import TrainOptions, TrainResult
from models.reuse import data_digest, stored_result, training_key, version_of
from models.split import TimeSplit, split_by_time


@dataclass(frozen=True)
class _Part:
    """Rows of one part of the split as arrays."""

    matrix: FloatArray
    y: NDArray[np.int_]
    days: FloatArray
    weights: FloatArray


def train(
    kind: Kind,
    features: pd.DataFrame,
    labels: pd.DataFrame,
    as_of: date,
    artifact_dir: Path,
    seed: int = 7,
    options: TrainOptions | None = None,
) -> TrainResult:
    """Fit, compare, calibrate and store; falls back on the recency rule where nothing better is proven.

    Versions are stored as `artifact_dir/<kind>/<version>/`, the rule as `artifact_dir/<kind>/recency-rule/`. Nothing
    later than `as_of` is used. Where the latest training there had the same input, its stored result is the answer.
    """
    options = options or TrainOptions()
    rows = training_frame(kind, features, labels, as_of, options.horizon_days)
    snapshots = sorted(set(rows["as_of_date"]))
    needed = max(options.min_snapshots, 3)
    if len(snapshots) < needed:
        reason = f"not trained: {len(snapshots)} labelled snapshots, at least {needed} are needed"
        return _fall_back(kind, rows, None, artifact_dir, seed, options, reason)
    split = split_by_time(snapshots, options.horizon_days)
    for name, days in (("training", split.train), ("validation", (split.validation,)), ("test", (split.test,))):
        if rows.loc[rows["as_of_date"].isin(days), "y"].nunique() < 2:
            reason = f"not trained: the {name} snapshots hold one class only"
            return _fall_back(kind, rows, split, artifact_dir, seed, options, reason)
    known = stored_result(artifact_dir / kind, kind, training_key(kind, rows, split, seed, options))
    if known:
        return known
    digest = data_digest(kind, rows, split, seed, options)
    return _train_and_compare(kind, rows, split, digest, artifact_dir / kind, seed, options)


def _part(rows: pd.DataFrame, days: tuple[date, ...], seed: int) -> _Part:
    part = rows[rows["as_of_date"].isin(days)]
    y = part["y"].to_numpy(dtype=np.int_)
    weights = person_weights(part["person_id"], seed)
    return _Part(design_matrix(part), y, numbers(part, RECENCY_COLUMN), weights)


def _training_part(rows: pd.DataFrame, days: tuple[date, ...], seed: int, max_rows: int) -> _Part:
    """Training rows, sampled evenly where there are more than the limit; they need no bootstrap weights."""
    part = rows[rows["as_of_date"].isin(days)]
    if len(part) > max_rows:
        chosen = np.sort(np.random.default_rng(seed).choice(len(part), size=max_rows, replace=False))
        part = part.iloc[chosen]
    y = part["y"].to_numpy(dtype=np.int_)
    return _Part(design_matrix(part), y, numbers(part, RECENCY_COLUMN), np.empty((0, len(part))))


def _baselines(part: _Part, base_rate: float, rule: RecencyRule) -> dict[str, Evaluation]:
    return {
        BASE_RATE: evaluate(part.y, np.full(len(part.y), base_rate), part.weights),
        RECENCY_RULE: evaluate(part.y, rule.predict(part.days), part.weights),
    }


def _baseline_rows(kind: Kind, split: str, baselines: dict[str, Evaluation], rule: RecencyRule) -> list[dict[str, Any]]:
    versions = {BASE_RATE: BASE_RATE, RECENCY_RULE: rule.version}
    only_base_rate = {BASE_RATE: baselines[BASE_RATE]}
    return [
        row
        for name, found in baselines.items()
        for row in metric_rows(kind, versions[name], name, split, found, only_base_rate, is_promoted=False)
    ]


@dataclass(frozen=True)
class _Contest:
    """Every algorithm fitted on the training snapshots and measured on the later ones, beside the baselines."""

    fitted: dict[str, Candidate]
    calibrations: dict[str, Calibration]
    on_validation: dict[str, Evaluation]
    on_test: dict[str, Evaluation]
    baselines_on_validation: dict[str, Evaluation]
    baselines_on_test: dict[str, Evaluation]

    @property
    def winner(self) -> str:
        return max(ALGORITHMS, key=lambda name: self.on_validation[name].values["pr_auc"])


def _hold_contest(kind: Kind, fit: _Part, validation: _Part, test: _Part, seed: int, horizon_days: int) -> _Contest:
    rule, base_rate = fit_recency_rule(kind, fit.days, fit.y, horizon_days), float(fit.y.mean())
    with threadpool_limits(limits=1):  # small matrices: threads of the linear algebra only wait for each other
        fitted: dict[str, Candidate] = {name: fit_candidate(name, fit.matrix, fit.y, seed) for name in ALGORITHMS}
    scores = {name: item.predict(validation.matrix) for name, item in fitted.items()}
    calibrations = {name: fit_calibration(found, validation.y) for name, found in scores.items()}
    tested = {name: calibrations[name].apply(item.predict(test.matrix)) for name, item in fitted.items()}
    return _Contest(
        fitted,
        calibrations,
        # Validation rows are scored uncalibrated: the calibration was fitted on those very rows.
        on_validation={name: evaluate(validation.y, found, validation.weights) for name, found in scores.items()},
        on_test={name: evaluate(test.y, found, test.weights) for name, found in tested.items()},
        baselines_on_validation=_baselines(validation, base_rate, rule),
        baselines_on_test=_baselines(test, base_rate, rule),
    )


def _train_and_compare(
    kind: Kind, rows: pd.DataFrame, split: TimeSplit, digest: str, folder: Path, seed: int, options: TrainOptions
) -> TrainResult:
    fit = _training_part(rows, split.train, seed, options.max_train_rows)
    validation, test = _part(rows, (split.validation,), seed), _part(rows, (split.test,), seed)
    contest = _hold_contest(kind, fit, validation, test, seed, options.horizon_days)
    winner, rule = contest.winner, _rule_of_all(kind, rows, options)
    promoted, reason = _decide(winner, contest.on_test[winner], contest.baselines_on_test, split)
    version = version_of(winner, digest)
    metrics = _contest_rows(kind, contest, rule, digest, winner if promoted else None)
    common: dict[str, Any] = {
        "window": data_window(rows, split),
        "seed": seed,
        "rule": rule,
        "reference": reference_of(fit.matrix),
        "reason": reason,
        "metrics": _plain(metrics),
        "training_key": training_key(kind, rows, split, seed, options),
    }
    calibration, params = contest.calibrations[winner], params_of(winner)
    card = build_card(kind, version, winner, is_promoted=promoted, calibration=calibration, params=params, **common)
    model_folder = save_artifact(folder / version, card, contest.fitted[winner])
    rule_card = build_card(kind, rule.version, RECENCY_RULE, is_promoted=False, winner=version, **common)
    rule_folder = save_artifact(folder / RECENCY_RULE, rule_card, None)
    if promoted:
        return TrainResult(kind, version, winner, metrics_frame(metrics), True, True, reason, model_folder)
    return TrainResult(kind, rule.version, RECENCY_RULE, metrics_frame(metrics), False, True, reason, rule_folder)


def _contest_rows(
    kind: Kind, contest: _Contest, rule: RecencyRule, digest: str, promoted: str | None
) -> list[dict[str, Any]]:
    rows = _baseline_rows(kind, "validation", contest.baselines_on_validation, rule)
    rows += _baseline_rows(kind, "test", contest.baselines_on_test, rule)
    for name in ALGORITHMS:
        for split, found, baselines in (
            ("validation", contest.on_validation[name], contest.baselines_on_validation),
            ("test", contest.on_test[name], contest.baselines_on_test),
        ):
            rows += metric_rows(kind, version_of(name, digest), name, split, found, baselines, name == promoted)
    return rows


def _rule_of_all(kind: Kind, rows: pd.DataFrame, options: TrainOptions) -> RecencyRule:
    """The rule to score with where nothing is promoted: of every labelled row; the one that is tested saw fewer."""
    y = rows["y"].to_numpy(dtype=np.int_)
    return fit_recency_rule(kind, numbers(rows, RECENCY_COLUMN), y, options.horizon_days)


def _decide(winner: str, found: Evaluation, baselines: dict[str, Evaluation], split: TimeSplit) -> tuple[bool, str]:
    """Promoted only where the test, on a window of its own, shows more than both baselines."""
    if split.has_overlap:
        return False, f"{winner} not promoted: snapshots are closer than the horizon, so the test is not independent"
    unbeaten = [name for name, baseline in baselines.items() if not beats(found, baseline)]
    if unbeaten:
        return False, f"{winner} not promoted: on the test snapshot it does not clearly beat {' or '.join(unbeaten)}"
    return True, f"{winner} promoted: best on validation and better than both baselines on the test snapshot"


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Metric rows for JSON, where not-a-number does not exist."""
    return [
        {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in rows
    ]


def _fall_back(
    kind: Kind,
    rows: pd.DataFrame,
    split: TimeSplit | None,
    artifact_dir: Path,
    seed: int,
    options: TrainOptions,
    reason: str,
) -> TrainResult:
    """The recency rule on all labelled rows; where there are two snapshots one like it is tested on the last."""
    rule = _rule_of_all(kind, rows, options)
    metrics: list[dict[str, Any]] = []
    snapshots = sorted(set(rows["as_of_date"]))
    if len(snapshots) >= 2:
        known = _training_part(rows, tuple(snapshots[:-1]), seed, options.max_train_rows)
        earlier = fit_recency_rule(kind, known.days, known.y, options.horizon_days)
        found = _baselines(_part(rows, (snapshots[-1],), seed), float(known.y.mean()), earlier)
        metrics = _baseline_rows(kind, "test", found, rule)
    card = build_card(
        kind,
        rule.version,
        RECENCY_RULE,
        reason=reason,
        is_promoted=False,
        window=data_window(rows, split),
        seed=seed,
        rule=rule,
        metrics=_plain(metrics),
        reference=reference_of(design_matrix(rows)) if len(rows) else {},
    )
    folder = save_artifact(artifact_dir / kind / RECENCY_RULE, card, None)
    return TrainResult(kind, rule.version, RECENCY_RULE, metrics_frame(metrics), False, False, reason, folder)
