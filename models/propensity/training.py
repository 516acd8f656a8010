"""Training of the churn and the purchase model.

Belongs here: the order of events (split, contest, decide, store).
Does not belong here: how any one of those steps works.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.common.artifacts import ArtifactError
from models.common.frames import numbers
from models.common.model_metrics import metrics_frame, without_nan
from models.propensity.artifacts import load_artifact, save_artifact
from models.propensity.baselines import BASE_RATE, RECENCY_COLUMN, RECENCY_RULE, RecencyRule, fit_recency_rule
from models.propensity.candidates import Task
from models.propensity.card import build_card, calibration_of, data_window
from models.propensity.drift import reference_of, shares_of
from models.propensity.evaluation import Evaluation, evaluate, is_flat, metric_rows
from models.propensity.features import FEATURES, Kind, design_matrix, training_frame
from models.propensity.model_selection import Contest, Part, baselines_of, hold_contest, part_of
from models.propensity.registry import Decision, Registry, read_registry, should_promote, still_serves, write_registry
from models.propensity.result import TrainOptions, TrainResult
from models.propensity.retrain_policy import data_digest, stored_result, training_key, version_of
from models.propensity.split import TimeSplit, split_by_time


@dataclass(frozen=True)
class _Champion:
    """The version that scores so far, measured on the rows of the new test."""

    version: str
    algorithm: str
    on_test: Evaluation


@dataclass(frozen=True)
class _Due:
    """A training that is to be held: its key, the night, who has scored so far, what has drifted (if that is why)."""

    key: str
    as_of: date
    registry: Registry
    drifted: str


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
    """Fit, compare, calibrate and store; falls back on the recency rule where nothing better is proven.

    Versions are stored as `artifact_dir/<kind>/<version>/`, the rule as `artifact_dir/<kind>/recency-rule/`, who scores in
    `artifact_dir/<kind>/registry.json`. Nothing later than `as_of` is used. Where the latest training there had the same
    input, its stored result is the answer; where what scores has `drifted` (the words go into the reason) only if not one
    row differs, or a person chose what scores.
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
    key = training_key(kind, rows, split, seed, options)
    folder = artifact_dir / kind
    registry = _registry(folder)
    exactly = data_digest(kind, rows, split, seed, options) if drifted and not registry.is_by_hand else None
    known = stored_result(folder, kind, key, exactly)
    if known:
        return known
    task = Task(kind, options.horizon_days, seed)
    return _train_and_compare(task, rows, split, _Due(key, as_of, registry, drifted), folder, options)


def _train_and_compare(
    task: Task, rows: pd.DataFrame, split: TimeSplit, due: _Due, folder: Path, options: TrainOptions
) -> TrainResult:
    contest = hold_contest(task, rows, split, options)
    digest = data_digest(task.kind, rows, split, task.seed, options)
    versions = {name: version_of(name, digest, one.params) for name, one in contest.entrants.items()}
    winner, rule = contest.winner, _rule_of_all(task.kind, rows, options)
    registry = due.registry.before(due.key, digest)
    champion = _measured_champion(task, folder, registry.champion, versions[winner], contest.test, options)
    best = contest.entrants[winner]
    said = best.calibration.apply(best.fitted.predict(contest.test.matrix))
    decision = _decide(winner, versions[winner], contest, champion, split, registry, due, digest, is_flat(said))
    metrics = _contest_rows(task.kind, contest, versions, rule, champion, decision.champion)
    common: dict[str, Any] = {
        "window": data_window(rows, split),
        "seed": task.seed,
        "rule": rule,
        "reason": decision.reason,
        "metrics": [without_nan(row) for row in metrics],
        "training_key": due.key,
        "data_digest": digest,
        "reference": _reference(rows, split),
        "left_out": contest.left_out,
    }
    card = build_card(
        task.kind,
        versions[winner],
        winner,
        is_promoted=decision.champion == versions[winner],
        calibration=best.calibration,
        params=best.params,
        score_reference=shares_of(said),
        **common,
    )
    save_artifact(folder / versions[winner], card, best.fitted)
    # Before the rule's card: killed in between, the next night repeats this decision and still knows what had drifted.
    write_registry(folder, registry.decided(decision))
    rule_card = build_card(task.kind, rule.version, RECENCY_RULE, is_promoted=False, winner=versions[winner], **common)
    save_artifact(folder / RECENCY_RULE, rule_card, None)
    found = stored_result(folder, task.kind, due.key)
    assert found is not None  # just written
    return found


def _registry(folder: Path) -> Registry:
    """The registry; a damaged one is begun anew, and the challenger then has only the baselines to beat."""
    try:
        return read_registry(folder)
    except ArtifactError:
        return Registry()


def _measured_champion(
    task: Task, folder: Path, version: str | None, challenger: str, test: Part, options: TrainOptions
) -> _Champion | None:
    """The champion on the new test; None where there is none, it is gone, reads other features, or is the challenger."""
    if version is None or version == challenger:
        return None
    try:
        loaded = load_artifact(folder / version)
    except ArtifactError:
        return None
    card = loaded.card
    if loaded.candidate is None or tuple(card["features"]) != FEATURES or card["horizon_days"] != task.horizon_days:
        return None
    said = calibration_of(card).apply(loaded.candidate.predict(test.matrix))
    return _Champion(version, card["algorithm"], evaluate(test.y, said, test.weights(task.seed), options.action))


def _decide(
    winner: str,
    version: str,
    contest: Contest,
    champion: _Champion | None,
    split: TimeSplit,
    registry: Registry,
    due: _Due,
    digest: str,
    says_the_same: bool,
) -> Decision:
    baselines = contest.baselines_on_test
    is_promoted, why = should_promote(
        contest.entrants[winner].on_test,
        champion.on_test if champion else None,
        baselines,
        is_independent=not split.has_overlap,
        is_rejected=version in registry.rejected,
        is_flat=says_the_same,
    )
    serving: str | None = version if is_promoted else None
    reason = f"{winner} {why}"
    if not is_promoted and champion:
        keeps = still_serves(champion.on_test, baselines)
        serving = champion.version if keeps else None
        reason += f"; {champion.version} {'goes on' if keeps else 'is no better than a simple rule any more'}"
    drifted = due.drifted or due.registry.drifted(due.key, digest)
    if drifted:
        reason = f"trained again, for these drifted: {drifted}. {reason}"
    return Decision(version, registry.champion, serving, reason, due.as_of.isoformat(), due.key, digest, drifted)


def _contest_rows(
    kind: Kind,
    contest: Contest,
    versions: Mapping[str, str],
    rule: RecencyRule,
    champion: _Champion | None,
    serving: str | None,
) -> list[dict[str, Any]]:
    rows = _baseline_rows(kind, "validation", contest.baselines_on_validation, rule)
    rows += _baseline_rows(kind, "test", contest.baselines_on_test, rule)
    for name, entrant in contest.entrants.items():
        for split, found, baselines in (
            ("validation", entrant.on_validation, contest.baselines_on_validation),
            ("test", entrant.on_test, contest.baselines_on_test),
        ):
            rows += metric_rows(kind, versions[name], name, split, found, baselines, versions[name] == serving)
    if champion:
        is_serving = champion.version == serving
        found, baselines = champion.on_test, contest.baselines_on_test
        rows += metric_rows(kind, champion.version, champion.algorithm, "test", found, baselines, is_serving)
    return rows


def _baseline_rows(kind: Kind, split: str, baselines: dict[str, Evaluation], rule: RecencyRule) -> list[dict[str, Any]]:
    versions = {BASE_RATE: BASE_RATE, RECENCY_RULE: rule.version}
    only_base_rate = {BASE_RATE: baselines[BASE_RATE]}
    return [
        row
        for name, found in baselines.items()
        for row in metric_rows(kind, versions[name], name, split, found, only_base_rate, is_promoted=False)
    ]


def _rule_of_all(kind: Kind, rows: pd.DataFrame, options: TrainOptions) -> RecencyRule:
    """The rule to score with where nothing is promoted: of every labelled row; the one that is tested saw fewer."""
    y = rows["y"].to_numpy(dtype=np.int_)
    return fit_recency_rule(kind, numbers(rows, RECENCY_COLUMN), y, options.horizon_days)


def _reference(rows: pd.DataFrame, split: TimeSplit | None) -> dict[str, dict[str, Any]]:
    """The newest labelled snapshot, which is the test, beside one as far before it as as_of is after it.

    That is the newest training snapshot; where snapshots lie closer than the horizon, the oldest there is.
    """
    snapshots = sorted(set(rows["as_of_date"]))
    before = split.train[-1] if split and not split.has_overlap else snapshots[0]
    newest, earlier = (design_matrix(rows[rows["as_of_date"] == day]) for day in (snapshots[-1], before))
    return reference_of(newest, earlier if before < snapshots[-1] else None)


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
        known = part_of(rows, tuple(snapshots[:-1]), seed, options.max_train_rows)
        held_out = part_of(rows, (snapshots[-1],), seed)
        found = baselines_of(known, held_out, Task(kind, options.horizon_days, seed), options)
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
        metrics=[without_nan(row) for row in metrics],
        reference=_reference(rows, split) if len(rows) else {},
    )
    folder = save_artifact(artifact_dir / kind / RECENCY_RULE, card, None)
    return TrainResult(kind, rule.version, RECENCY_RULE, metrics_frame(metrics), False, False, reason, folder)
