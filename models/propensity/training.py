"""Training of the churn and the purchase model.

Belongs here: the order of steps (split, select, decide, store). Does not belong here: how any one of them works.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from models.common.artifacts import ArtifactError
from models.common.model_metrics import MetricRows, metrics_frame
from models.propensity.algorithms import Task
from models.propensity.artifacts import Artifact, load_artifact, save_artifact
from models.propensity.baselines import RECENCY_RULE, fit_newest_rule
from models.propensity.card import build_card, calibration_of, data_window
from models.propensity.drift import reference_of, shares_of
from models.propensity.evaluation import Evaluation, evaluate, is_flat, metric_rows
from models.propensity.features import FEATURES, Kind, design_matrix, training_frame
from models.propensity.model_selection import (
    Part,
    Selection,
    baseline_rows,
    measure_baselines,
    part_of,
    select_model,
    selection_rows,
)
from models.propensity.registry import Decision, Registry, read_registry, should_promote, still_serves, write_registry
from models.propensity.result import TrainOptions, TrainResult
from models.propensity.retrain_policy import data_digest, stored_result, training_key, version_of
from models.propensity.split import TimeSplit, split_by_time


@dataclass(frozen=True)
class _Champion:
    """The version that scores so far, measured on the rows of the new test."""

    artifact: Artifact
    on_test: Evaluation


@dataclass(frozen=True)
class _Due:
    """A training that is due: its key, the night, the registry before it, what has drifted (if that is why)."""

    key: str
    as_of: date
    registry: Registry
    drifted: str


@dataclass(frozen=True)
class _Trained:
    """What a training leaves: two versions to store, the registry with its decision, and the result."""

    challenger: Artifact
    rule: Artifact
    registry: Registry
    result: TrainResult


def train(
    kind: Kind,
    features: pd.DataFrame,
    labels: pd.DataFrame,
    as_of: date,
    artifact_dir: Path,
    seed: int = 7,
    options: TrainOptions | None = None,
    *,
    drifted: str = "",
) -> TrainResult:
    """Select, calibrate and store a model; the recency rule where nothing better is proven.

    Writes the version into `artifact_dir/<kind>/<version>/`, the rule into `artifact_dir/<kind>/recency-rule/`, who
    scores into `artifact_dir/<kind>/registry.json`. Nothing later than `as_of` is used. Where the latest training there
    had the same input, its stored result is returned and nothing is written; where what scores has `drifted` (the words
    go into the reason) only if not one row differs, or somebody chose what scores.
    """
    options, folder = options or TrainOptions(), artifact_dir / kind
    task = Task(kind, options.horizon_days, seed)
    rows = training_frame(kind, features, labels, as_of, options.horizon_days)
    split, obstacle = _split(rows, options)
    if split is None or obstacle:
        rule, result = _fall_back(task, rows, split, options, obstacle, as_of)
        save_artifact(folder / RECENCY_RULE, rule)
        return result
    key, registry = training_key(kind, rows, split, seed, options), _registry(folder)
    exact = data_digest(kind, rows, split, seed, options) if drifted and not registry.is_manual else None
    stored = stored_result(folder, kind, registry, key, exact)
    if stored:
        return stored
    trained = _train_and_decide(task, rows, split, _Due(key, as_of, registry, drifted), folder, options)
    save_artifact(folder / trained.challenger.version, trained.challenger)
    # Before the rule's card: killed in between, the next night repeats this decision and still knows what had drifted.
    write_registry(folder, trained.registry)
    save_artifact(folder / RECENCY_RULE, trained.rule)
    return trained.result


def _split(rows: pd.DataFrame, options: TrainOptions) -> tuple[TimeSplit | None, str]:
    """The split by time where there are enough snapshots, and why there can be no training, else ""."""
    snapshots = sorted(set(rows["as_of_date"]))
    needed = max(options.min_snapshots, 3)
    if len(snapshots) < needed:
        n = len(snapshots)
        return None, f"not trained: {n} labelled snapshot{'s' * (n != 1)}, at least {needed} are needed"
    split = split_by_time(snapshots, options.horizon_days)
    for name, days in (("training", split.train), ("validation", (split.validation,)), ("test", (split.test,))):
        if rows.loc[rows["as_of_date"].isin(days), "y"].nunique() < 2:
            return split, f"not trained: the {name} snapshots hold one class only"
    return split, ""


def _train_and_decide(
    task: Task, rows: pd.DataFrame, split: TimeSplit, due: _Due, folder: Path, options: TrainOptions
) -> _Trained:
    selection = select_model(task, rows, split, options)
    digest = data_digest(task.kind, rows, split, task.seed, options)
    versions = {name: version_of(name, digest, one.params) for name, one in selection.candidates.items()}
    winner, rule = selection.winner, fit_newest_rule(task.kind, rows, options.horizon_days)
    version, best = versions[winner], selection.candidates[winner]
    registry = due.registry.before(due.key, digest)
    champion = _measured_champion(task, folder, registry.champion, version, selection.test, options)
    probabilities = best.probabilities(selection.test.matrix)
    decision = _decide(winner, version, selection, champion, split, registry, due, digest, is_flat(probabilities))
    metrics = selection_rows(task.kind, selection, versions, rule, decision.champion)
    if champion:
        metrics += _champion_rows(task.kind, champion, selection, decision.champion)
    common: dict[str, Any] = {
        "window": data_window(rows, split),
        "seed": task.seed,
        "rule": rule,
        "reason": decision.reason,
        "metrics": metrics,
        "training_key": due.key,
        "data_digest": digest,
        "history": _history(rows, due.as_of, registry.champion),
        "reference": _reference(rows, split),
        "left_out": selection.left_out,
    }
    card = build_card(
        task.kind,
        version,
        winner,
        is_promoted=decision.champion == version,
        calibration=best.calibration,
        params=best.params,
        score_reference=shares_of(probabilities),
        **common,
    )
    rule_card = build_card(task.kind, rule.version, RECENCY_RULE, is_promoted=False, winner=version, **common)
    challenger, fallback = Artifact(card, best.model), Artifact(rule_card, None)
    scoring = {None: fallback, version: challenger}
    if champion:
        scoring[champion.artifact.version] = champion.artifact
    result = TrainResult(
        task.kind,
        scoring[decision.champion],
        metrics_frame(metrics),
        decision.champion is not None,
        True,
        decision.reason,
        digest,
    )
    return _Trained(challenger, fallback, registry.decided(decision), result)


def _registry(folder: Path) -> Registry:
    """The registry; a damaged one is started again, and the challenger then has only the baselines to beat."""
    try:
        return read_registry(folder)
    except ArtifactError:
        return Registry()


def _measured_champion(
    task: Task, folder: Path, version: str | None, challenger: str, test: Part, options: TrainOptions
) -> _Champion | None:
    """The champion on the new test; None where there is none, it has other features, or it is the challenger."""
    if version is None or version == challenger:
        return None
    try:
        artifact = load_artifact(folder / version)
    except ArtifactError:
        return None
    card = artifact.card
    if artifact.model is None or tuple(card["features"]) != FEATURES or card["horizon_days"] != task.horizon_days:
        return None
    probabilities = calibration_of(card).apply(artifact.model.predict(test.matrix))
    return _Champion(artifact, evaluate(test.y, probabilities, test.weights(task.seed), options.action))


def _decide(
    winner: str,
    version: str,
    selection: Selection,
    champion: _Champion | None,
    split: TimeSplit,
    registry: Registry,
    due: _Due,
    digest: str,
    is_flat: bool,
) -> Decision:
    baselines = selection.baselines_on_test
    is_promoted, why = should_promote(
        selection.candidates[winner].on_test,
        champion.on_test if champion else None,
        baselines,
        is_independent=not split.has_overlap,
        is_rejected=version in registry.rejected,
        is_flat=is_flat,
    )
    serving: str | None = version if is_promoted else None
    reason = f"{winner} {why}"
    if not is_promoted and champion:
        keeps = still_serves(champion.on_test, baselines)
        serving = champion.artifact.version if keeps else None
        reason += (
            f"; {champion.artifact.version} {'still scores' if keeps else 'is no longer better than a simple rule'}"
        )
    drifted = due.drifted or due.registry.drifted(due.key, digest)
    if drifted:
        reason = f"retrained, because these drifted: {drifted}. {reason}"
    return Decision(version, registry.champion, serving, reason, due.as_of.isoformat(), due.key, digest, drifted)


def _champion_rows(kind: Kind, champion: _Champion, selection: Selection, serving: str | None) -> MetricRows:
    version, algorithm = champion.artifact.version, champion.artifact.algorithm
    baselines = selection.baselines_on_test
    return metric_rows(kind, version, algorithm, "test", champion.on_test, baselines, version == serving)


def _history(rows: pd.DataFrame, as_of: date, champion: str | None) -> dict[str, Any]:
    """Which history the training saw: nights on other days, or from scratch, may have seen another one."""
    days = sorted(str(day) for day in set(rows["as_of_date"]))
    return {
        "as_of": as_of.isoformat(),
        "first_snapshot": days[0] if days else None,
        "last_snapshot": days[-1] if days else None,
        "n_snapshots": len(days),
        "n_persons": int(rows["person_id"].nunique()),
        "champion_before": champion,
    }


def _reference(rows: pd.DataFrame, split: TimeSplit | None) -> dict[str, dict[str, Any]]:
    """The newest labelled snapshot, which is the test, beside one as far before it as as_of is after it.

    That is the newest training snapshot; where snapshots are closer than the horizon, the oldest there is.
    """
    snapshots = sorted(set(rows["as_of_date"]))
    before = split.train[-1] if split and not split.has_overlap else snapshots[0]
    newest, earlier = (design_matrix(rows[rows["as_of_date"] == day]) for day in (snapshots[-1], before))
    return reference_of(newest, earlier if before < snapshots[-1] else None)


def _fall_back(
    task: Task, rows: pd.DataFrame, split: TimeSplit | None, options: TrainOptions, reason: str, as_of: date
) -> tuple[Artifact, TrainResult]:
    """The recency rule of the newest labelled rows; with two snapshots a rule of the others is tested on the last."""
    rule = fit_newest_rule(task.kind, rows, options.horizon_days)
    metrics: MetricRows = []
    snapshots = sorted(set(rows["as_of_date"]))
    if len(snapshots) >= 2:
        known = part_of(rows, tuple(snapshots[:-1]), task.seed, options.max_train_rows)
        held_out = part_of(rows, (snapshots[-1],), task.seed)
        found = measure_baselines(known, held_out, task, options)
        metrics = baseline_rows(task.kind, "test", found, rule)
    card = build_card(
        task.kind,
        rule.version,
        RECENCY_RULE,
        reason=reason,
        is_promoted=False,
        window=data_window(rows, split),
        seed=task.seed,
        rule=rule,
        metrics=metrics,
        history=_history(rows, as_of, None),
        reference=_reference(rows, split) if len(rows) else {},
    )
    artifact = Artifact(card, None)
    return artifact, TrainResult(task.kind, artifact, metrics_frame(metrics), False, False, reason)
