"""Retention by segment and the like: the parts of each breakdown add up to marts.retention."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def sums(params: GateParams) -> Probe:
    return Probe(
        sql="""
            with summed as (
                select breakdown, mode, grain, cohort_start, period_number,
                    sum(n_cohort) as n_cohort, sum(n_retained) as n_retained
                from activation.retention_breakdown
                group by all
            ),
            breakdowns as (select distinct breakdown from summed),
            wanted as (select * from breakdowns cross join marts.retention)
            select
                breakdown,
                count(*) filter (
                    where wanted.n_cohort is distinct from summed.n_cohort
                        or wanted.n_retained is distinct from summed.n_retained
                ) as n_cells_off
            from wanted
            full join summed using (breakdown, mode, grain, cohort_start, period_number)
            group by breakdown
        """,
        keys=("breakdown",),
        checks=[
            zero("n_cells_off", "cells whose parts do not add up to the cell of marts.retention", may_be_empty=True)
        ],
    )


PROBES = (sums,)
