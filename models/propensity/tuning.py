"""Parameters of each algorithm: how many sets the budget allows, which is best on later snapshots.

Belongs here: the budget and the rolling-origin comparison. Does not belong here: the sets and what a fit costs (see
`algorithms`), the choice between algorithms.

The budget is in seconds, but a fit is charged by its estimated cost: its rows at a rate measured on two cores. A clock
would try more sets on an idle machine than on a busy one, and the same data would give another model.
"""

from dataclasses import dataclass

import numpy as np

from models.propensity.algorithms import Algorithm, Params, Sample, Task, fit_model

MAX_SETS = 12


@dataclass(frozen=True)
class Fold:
    """One step of the rolling origin: rows to fit on, and later rows to test on."""

    known: Sample
    held_out: Sample


def sets_to_try(algorithm: Algorithm, folds: list[Fold], budget_s: float, seed: int) -> list[Params]:
    """The default parameters first, then random ones, as many as the budget of this algorithm allows (at most 12)."""
    from sklearn.model_selection import ParameterSampler

    if not algorithm.grid or not folds:
        return [algorithm.params]
    fixed, per_thousand = algorithm.cost_s
    cost = sum(fixed + per_thousand * len(fold.known.y) / 1000 for fold in folds)
    n_sets = min(MAX_SETS, int(budget_s / cost))
    if n_sets < 2:
        return [algorithm.params]
    n_different = int(np.prod([len(values) for values in algorithm.grid.values()]))
    drawn = ParameterSampler(algorithm.grid, min(n_sets - 1, n_different), random_state=seed)
    return [algorithm.params, *({**algorithm.params, **chosen} for chosen in drawn)]


def best_params(algorithm: Algorithm, folds: list[Fold], task: Task, budget_s: float) -> Params:
    """The parameters with the highest mean PR-AUC over the folds; the first of equals."""
    tried = sets_to_try(algorithm, folds, budget_s, task.seed)
    if len(tried) == 1:
        return tried[0]
    values = [np.mean([_pr_auc(algorithm, fold, task, params) for fold in folds]) for params in tried]
    return tried[int(np.argmax(np.round(values, 6)))]


def _pr_auc(algorithm: Algorithm, fold: Fold, task: Task, params: Params) -> float:
    from sklearn.metrics import average_precision_score

    fitted = fit_model(algorithm, fold.known, task, params)
    return float(average_precision_score(fold.held_out.y, fitted.predict(fold.held_out.matrix)))
