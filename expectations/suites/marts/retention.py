"""Retention of cohorts: rates that are possible and cohorts that keep their size."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def rates(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                mode,
                grain,
                count(*) filter (where retention_rate not between 0 and 1 or isnan(cast(retention_rate as double)))
                    as n_rate_outside,
                count(*) filter (where n_retained > n_cohort) as n_more_than_cohort,
                count(*) filter (where period_number = 0 and n_retained <> n_cohort) as n_start_not_whole,
                count(*) filter (where cumulative_revenue_per_person <> cumulative_revenue / n_cohort) as n_value_off,
                count(distinct (cohort_start, n_cohort)) - count(distinct cohort_start) as n_cohort_sizes_differ
            from marts.retention
            group by mode, grain
        """,
        keys=("mode", "grain"),
        checks=[
            zero("n_rate_outside", "cells with a retention rate outside 0 to 1", may_be_empty=True),
            zero("n_more_than_cohort", "cells that retain more persons than the cohort has", may_be_empty=True),
            zero("n_start_not_whole", "cohorts that are not complete in their first period", may_be_empty=True),
            zero("n_value_off", "cells whose revenue per person is not their revenue by the cohort", may_be_empty=True),
            zero(
                "n_cohort_sizes_differ",
                "cohorts whose size differs between periods",
                look="select mode, grain, cohort_start, min(n_cohort), max(n_cohort) from marts.retention "
                "group by all having min(n_cohort) <> max(n_cohort)",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (rates,)
