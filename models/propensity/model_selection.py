"""Model selection: every algorithm tuned, fitted, calibrated and measured, beside the baselines.

Belongs here: what is fitted on which part of the split, and what it is measured on. Does not belong here: the rows
themselves (see `features`), who is promoted (see `registry`), what is stored (see `training`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from models.common.frames import FloatArray, numbers
from models.common.model_metrics import MetricRows, person_weights
from models.propensity.algorithms import (
    ALGORITHMS,
    Algorithm,
    FittedModel,
    NotFittedError,
    Params,
    Sample,
    Task,
    fit_model,
)
from models.propensity.baselines import BASE_RATE, RECENCY_COLUMN, RECENCY_RULE, RecencyRule, fit_recency_rule
from models.propensity.calibration import Calibration, fit_calibration
from models.propensity.evaluation import Evaluation, evaluate, mean_of, metric_rows
from models.propensity.features import Kind, design_matrix
from models.propensity.result import TrainOptions
from models.propensity.split import TimeSplit
from models.propensity.tuning import Fold, best_params

# Of the rows to fit on. With fewer an origin measures how algorithms do on little data, where 4 parameters beat 49.
_MIN_SHARE_KNOWN = 1 / 3


@dataclass(frozen=True)
class Part(Sample):
    """Rows of one part of the split, with their days since last active and their persons."""

    days: FloatArray
    persons: pd.Series

    def weights(self, seed: int) -> FloatArray:
        """Bootstrap weights by person (resample × row)."""
        return person_weights(self.persons, seed)


@dataclass(frozen=True)
class Candidate:
    """One algorithm: fitted on the training snapshots, measured on later ones."""

    params: Params
    model: FittedModel
    calibration: Calibration
    on_validation: Evaluation
    on_test: Evaluation

    def probabilities(self, matrix: FloatArray) -> FloatArray:
        """Calibrated probabilities."""
        return self.calibration.apply(self.model.predict(matrix))


@dataclass(frozen=True)
class Selection:
    """All candidates and the baselines beside them; `left_out` says why an algorithm is not among them."""

    candidates: dict[str, Candidate]
    baselines_on_validation: dict[str, Evaluation]
    baselines_on_test: dict[str, Evaluation]
    left_out: dict[str, str]
    test: Part

    @property
    def winner(self) -> str:
        """The highest mean PR-AUC on the held-out snapshots before the test; the first named of equals."""
        return max(self.candidates, key=lambda name: self.candidates[name].on_validation.values["pr_auc"])


def part_of(rows: pd.DataFrame, days: tuple[date, ...], seed: int, max_rows: int | None = None) -> Part:
    """The rows of some snapshots, sampled evenly where there are more than `max_rows`."""
    part = rows[rows["as_of_date"].isin(days)]
    if max_rows is not None and len(part) > max_rows:
        chosen = np.sort(np.random.default_rng(seed).choice(len(part), size=max_rows, replace=False))
        part = part.iloc[chosen]
    latest = np.asarray([day == max(days) for day in part["as_of_date"]], dtype=bool)
    y = part["y"].to_numpy(dtype=np.int_)
    return Part(design_matrix(part), y, latest, numbers(part, RECENCY_COLUMN), part["person_id"])


def select_model(task: Task, rows: pd.DataFrame, split: TimeSplit, options: TrainOptions) -> Selection:
    """Choose parameters on the rolling origins, fit on all training snapshots, calibrate on validation, test.

    The rows of `validation` in the result are means over the rolling origins, fitted and measured like the rest but not
    calibrated; where the history is too short for origins, they are those of the validation snapshot.
    """
    seed = task.seed
    fit = part_of(rows, split.train, seed, options.max_train_rows)
    validation, test = part_of(rows, (split.validation,), seed), part_of(rows, (split.test,), seed)
    steps = _rolling_steps(rows, split, seed, options, len(fit.y) * _MIN_SHARE_KNOWN)
    folds = [Fold(known, held_out) for known, held_out in steps]
    held_out = steps or [(fit, validation)]
    candidates: dict[str, Candidate] = {}
    left_out: dict[str, str] = {}
    with threadpool_limits(limits=1):  # small matrices: threads of the linear algebra only wait for each other
        for name, algorithm in ALGORITHMS.items():
            try:
                params = best_params(algorithm, folds, task, options.tuning_budget_s / len(ALGORITHMS))
                model = fit_model(algorithm, fit, task, params)
                found = [_measure(algorithm, known, held, task, params, options) for known, held in held_out]
            except NotFittedError as error:
                left_out[name] = str(error)
                continue
            calibration = fit_calibration(model.predict(validation.matrix), validation.y)
            tested = calibration.apply(model.predict(test.matrix))
            on_test = evaluate(test.y, tested, test.weights(seed), options.action)
            candidates[name] = Candidate(params, model, calibration, mean_of(found), on_test)
        before_test = [measure_baselines(known, held, task, options) for known, held in held_out]
        on_validation = {name: mean_of([one[name] for one in before_test]) for name in before_test[0]}
        on_test_day = measure_baselines(fit, test, task, options)
    return Selection(candidates, on_validation, on_test_day, left_out, test)


def _rolling_steps(
    rows: pd.DataFrame, split: TimeSplit, seed: int, options: TrainOptions, min_known: float
) -> list[tuple[Part, Part]]:
    """Known and held-out rows of each rolling origin; origins with one class or few known rows are left out."""
    found = []
    for origin in split.origins:
        known = part_of(rows, origin.train, seed, options.max_train_rows)
        held = part_of(rows, (origin.held_out,), seed)
        has_both = min(len(np.unique(known.y)), len(np.unique(held.y))) == 2
        if has_both and len(known.y) >= min_known:
            found.append((known, held))
    return found


def _measure(
    algorithm: Algorithm, known: Part, held: Part, task: Task, params: Params, options: TrainOptions
) -> Evaluation:
    """The algorithm fitted on what was known, measured on what was held out."""
    model = fit_model(algorithm, known, task, params)
    return evaluate(held.y, model.predict(held.matrix), held.weights(task.seed), options.action)


def measure_baselines(known: Part, held: Part, task: Task, options: TrainOptions) -> dict[str, Evaluation]:
    """The base rate and the recency rule, learned from what was known, on what was held out."""
    rule: RecencyRule = fit_recency_rule(task.kind, known.days, known.y, task.horizon_days)
    weights = held.weights(task.seed)
    guesses = {BASE_RATE: np.full(len(held.y), float(known.y.mean())), RECENCY_RULE: rule.predict(held.days)}
    return {name: evaluate(held.y, guess, weights, options.action) for name, guess in guesses.items()}


def selection_rows(
    kind: Kind, selection: Selection, versions: Mapping[str, str], rule: RecencyRule, serving: str | None
) -> MetricRows:
    """Rows of `ml.model_metrics` of every baseline and candidate; `versions` by algorithm, `serving` the one in use."""
    rows = baseline_rows(kind, "validation", selection.baselines_on_validation, rule)
    rows += baseline_rows(kind, "test", selection.baselines_on_test, rule)
    for name, candidate in selection.candidates.items():
        for split, found, baselines in (
            ("validation", candidate.on_validation, selection.baselines_on_validation),
            ("test", candidate.on_test, selection.baselines_on_test),
        ):
            rows += metric_rows(kind, versions[name], name, split, found, baselines, versions[name] == serving)
    return rows


def baseline_rows(kind: Kind, split: str, baselines: Mapping[str, Evaluation], rule: RecencyRule) -> MetricRows:
    """Rows of `ml.model_metrics` of the baselines, beside the base rate."""
    versions = {BASE_RATE: BASE_RATE, RECENCY_RULE: rule.version}
    only_base_rate = {BASE_RATE: baselines[BASE_RATE]}
    return [
        row
        for name, found in baselines.items()
        for row in metric_rows(kind, versions[name], name, split, found, only_base_rate, is_promoted=False)
    ]
