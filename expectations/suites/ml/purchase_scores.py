"""Probability that a person purchases."""

from expectations.checks import Probe
from expectations.params import GateParams
from expectations.suites.ml._scores import scores_of


def scores(params: GateParams) -> Probe:
    return scores_of("ml.purchase_scores", "label_purchased", params, "n_orders_total > 0")


PROBES = (scores,)
