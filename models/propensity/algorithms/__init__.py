"""The algorithms that compete, one per file behind one interface (`base.Algorithm`).

To add one: write its file, name it in `ALGORITHMS`. Does not belong here: which parameters are best (see `tuning`),
which algorithm wins (see `model_selection`), calibration.
"""

from models.propensity.algorithms.base import Algorithm, FittedModel, NotFittedError, Params, Sample, Task
from models.propensity.algorithms.bg_nbd import BG_NBD
from models.propensity.algorithms.logistic_regression import LOGISTIC_REGRESSION
from models.propensity.algorithms.trees import RANDOM_FOREST, XGBOOST

# By name; of equally good ones the first wins.
ALGORITHMS = {one.name: one for one in (BG_NBD, LOGISTIC_REGRESSION, RANDOM_FOREST, XGBOOST)}


def fit_model(algorithm: Algorithm, sample: Sample, task: Task, params: Params | None = None) -> FittedModel:
    """Fit one algorithm, by default with its default parameters; the same input and seed give the same model."""
    return algorithm.fit(sample, task, algorithm.params if params is None else params)


__all__ = ["ALGORITHMS", "Algorithm", "FittedModel", "NotFittedError", "Params", "Sample", "Task", "fit_model"]
