"""Metrics of the models: values inside their range and interval, and a promoted model that can be true."""

from expectations.checks import Probe, between, one_of, zero
from expectations.params import GateParams

_RATES = "(auc|brier|precision|recall|ndcg|map_at|coverage|diversity)"


def metrics(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            select
                model,
                split,
                count(*) filter (where value is null or isnan(cast(value as double)) or isinf(cast(value as double)))
                    as n_without_value,
                -- an interval that could not be estimated is NaN, which DuckDB sorts above every number
                count(*) filter (where (ci_low > value and not isnan(cast(ci_low as double))) or ci_high < value)
                    as n_outside_interval,
                count(*) filter (where regexp_matches(metric, '{_RATES}') and value not between 0 and 1)
                    as n_rate_outside,
                min(value) filter (where is_promoted and split = 'test' and metric like '%roc_auc%') as promoted_roc_auc
            from ml.model_metrics
            group by model, split
        """,
        keys=("model", "split"),
        checks=[
            one_of("split", ("validation", "test"), "the data that a metric was measured on", may_be_empty=True),
            zero(
                "n_without_value",
                "metrics without a value",
                look="from ml.model_metrics where value is null",
                severity="warn",
                may_be_empty=True,
            ),
            zero(
                "n_outside_interval",
                "metrics outside their own interval",
                look="from ml.model_metrics where value < ci_low or value > ci_high",
                severity="warn",
                may_be_empty=True,
            ),
            zero("n_rate_outside", "metrics that are rates and lie outside 0 to 1", may_be_empty=True),
            # Exactly 1 is what a leaked label looks like.
            between(
                "promoted_roc_auc",
                0.5,
                0.999,
                "the model used is no better than chance, or so good that it may have seen the answer",
                look="from ml.model_metrics where is_promoted",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (metrics,)
