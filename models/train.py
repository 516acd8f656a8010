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
from models.calibrate import Calibration, fit_calibration
from models.candidates import ALGORITHMS, PARAMS, XGBOOST_ROUNDS, Candidate, fit_candidate
from models.card import FORMAT, build_card, data_window, fingerprint, library_versions
from models.drift import reference_of
from models.evaluate import Evaluation, beats, evaluate, metric_rows, metrics_frame, person_weights
from models.features import FEATURES, FloatArray, Kind, design_matrix, numbers, training_frame
from models.split import TimeSplit, split_by_time


@dataclass(frozen=True)
class TrainOptions:
    """What the config says about training; `max_train_rows` bounds the cost of a long history."""

    horizon_days: int = 7
    min_snapshots: int = 3
    max_train_rows: int = 60_000


@dataclass(frozen=True)
class TrainResult:
    """What training came to: the version to score with, and why it is that one.

    `model_version` and `artifact` point at the promoted model, else at the recency rule.
    """

    kind: Kind
    model_version: str
    algorithm: str
    metrics: pd.DataFrame
    promoted: bool
    trained: bool
    reason: str
    artifact: Path


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

    Versions are stored as `artifact_dir/<kind>/<version>/`. Nothing later than `as_of` is used.
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
    return _train_and_compare(kind, rows, split, artifact_dir, seed, options)


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


def _baseline_rows(kind: Kind, split: str, baselines: dict[str, Evaluation]) -> list[dict[str, object]]:
    only_base_rate = {BASE_RATE: baselines[BASE_RATE]}
    return [
        row
        for name, found in baselines.items()
        for row in metric_rows(kind, name, name, split, found, only_base_rate, is_promoted=False)
    ]


def _train_and_compare(
    kind: Kind, rows: pd.DataFrame, split: TimeSplit, artifact_dir: Path, seed: int, options: TrainOptions
) -> TrainResult:
    fit = _training_part(rows, split.train, seed, options.max_train_rows)
    validation, test = _part(rows, (split.validation,), seed), _part(rows, (split.test,), seed)
    rule = fit_recency_rule(kind, fit.days, fit.y, options.horizon_days)
    base_rate = float(fit.y.mean())
    on_validation, on_test = _baselines(validation, base_rate, rule), _baselines(test, base_rate, rule)

    with threadpool_limits(limits=1):  # small matrices: threads of the linear algebra only wait for each other
        fitted: dict[str, Candidate] = {name: fit_candidate(name, fit.matrix, fit.y, seed) for name in ALGORITHMS}
    scores = {name: item.predict(validation.matrix) for name, item in fitted.items()}
    validated = {name: evaluate(validation.y, found, validation.weights) for name, found in scores.items()}
    winner = max(ALGORITHMS, key=lambda name: validated[name].values["pr_auc"])
    calibrations: dict[str, Calibration] = {name: fit_calibration(scores[name], validation.y) for name in ALGORITHMS}
    tested = {
        name: evaluate(test.y, calibrations[name].apply(item.predict(test.matrix)), test.weights)
        for name, item in fitted.items()
    }
    promoted, reason = _decide(winner, tested[winner], on_test, split)

    versions = {name: f"{name}-{_version(kind, name, rows, split, seed, options)}" for name in ALGORITHMS}
    metrics = _baseline_rows(kind, "validation", on_validation) + _baseline_rows(kind, "test", on_test)
    for name in ALGORITHMS:
        is_promoted = promoted and name == winner
        # Validation rows are scored uncalibrated: the calibration was fitted on those very rows.
        metrics += metric_rows(kind, versions[name], name, "validation", validated[name], on_validation, is_promoted)
        metrics += metric_rows(kind, versions[name], name, "test", tested[name], on_test, is_promoted)

    window, reference = data_window(rows, split), reference_of(fit.matrix)
    common: dict[str, Any] = {"window": window, "seed": seed, "rule": rule, "reference": reference, "reason": reason}
    shown = [row for row in metrics if row["model_version"] in (versions[winner], BASE_RATE, RECENCY_RULE)]
    card = build_card(
        kind,
        versions[winner],
        winner,
        is_promoted=promoted,
        calibration=calibrations[winner],
        params=_params(winner),
        metrics=_plain(shown),
        **common,
    )
    model_folder = save_artifact(artifact_dir / kind / versions[winner], card, fitted[winner])
    rule_card = build_card(kind, RECENCY_RULE, RECENCY_RULE, is_promoted=False, metrics=_plain(shown), **common)
    rule_folder = save_artifact(artifact_dir / kind / RECENCY_RULE, rule_card, None)
    version, algorithm = (versions[winner], winner) if promoted else (RECENCY_RULE, RECENCY_RULE)
    folder = model_folder if promoted else rule_folder
    return TrainResult(kind, version, algorithm, metrics_frame(metrics), promoted, True, reason, folder)


def _decide(winner: str, found: Evaluation, baselines: dict[str, Evaluation], split: TimeSplit) -> tuple[bool, str]:
    """Promoted only where the test, on a window of its own, shows more than both baselines."""
    if split.has_overlap:
        return False, f"{winner} not promoted: snapshots are closer than the horizon, so the test is not independent"
    unbeaten = [name for name, baseline in baselines.items() if not beats(found, baseline)]
    if unbeaten:
        return False, f"{winner} not promoted: on the test snapshot it does not clearly beat {' or '.join(unbeaten)}"
    return True, f"{winner} promoted: best on validation and better than both baselines on the test snapshot"


def _version(kind: Kind, algorithm: str, rows: pd.DataFrame, split: TimeSplit, seed: int, options: TrainOptions) -> str:
    """Hash of everything that shapes the model: data, split, parameters, libraries."""
    keys = "\n".join(f"{person}|{day}" for person, day in zip(rows["person_id"], rows["as_of_date"], strict=True))
    parts = {
        "format": FORMAT,
        "kind": kind,
        "algorithm": algorithm,
        "params": _params(algorithm),
        "split": split,
        "seed": seed,
        "options": options,
        "features": FEATURES,
        "versions": library_versions(),
    }
    key_bytes = np.frombuffer(keys.encode(), dtype=np.uint8)
    return fingerprint(parts, key_bytes, design_matrix(rows), rows["y"].to_numpy(dtype=np.int64))


def _params(algorithm: str) -> dict[str, Any]:
    params = dict(PARAMS[algorithm])
    return {**params, "num_boost_round": XGBOOST_ROUNDS} if "eta" in params else params


def _plain(rows: list[dict[str, object]]) -> list[dict[str, object]]:
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
    """The recency rule on all labelled rows; where there are two snapshots it is tested on the last."""
    metrics: list[dict[str, object]] = []
    snapshots = sorted(set(rows["as_of_date"]))
    if len(snapshots) >= 2:
        known = _training_part(rows, tuple(snapshots[:-1]), seed, options.max_train_rows)
        rule = fit_recency_rule(kind, known.days, known.y, options.horizon_days)
        metrics = _baseline_rows(
            kind, "test", _baselines(_part(rows, (snapshots[-1],), seed), float(known.y.mean()), rule)
        )
    y = rows["y"].to_numpy(dtype=np.int_)
    rule = fit_recency_rule(kind, numbers(rows, RECENCY_COLUMN), y, options.horizon_days)
    reference = reference_of(design_matrix(rows)) if len(rows) else {}
    card = build_card(
        kind,
        RECENCY_RULE,
        RECENCY_RULE,
        reason=reason,
        is_promoted=False,
        window=data_window(rows, split),
        seed=seed,
        rule=rule,
        metrics=_plain(metrics),
        reference=reference,
    )
    folder = save_artifact(artifact_dir / kind / RECENCY_RULE, card, None)
    return TrainResult(kind, RECENCY_RULE, RECENCY_RULE, metrics_frame(metrics), False, False, reason, folder)
