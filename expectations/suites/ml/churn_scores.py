"""Probability that a person churns."""

from expectations.checks import Probe
from expectations.params import GateParams
from expectations.suites.ml._scores import scores_of


def scores(params: GateParams) -> Probe:
    return scores_of("ml.churn_scores", "label_churned", params)


PROBES = (scores,)
