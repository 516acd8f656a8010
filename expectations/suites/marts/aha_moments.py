"""Events that go with staying: groups add up, rates and p-values are possible, ranks are unique."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def grid(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                count(*) filter (where n_did + n_did_not <> n_persons) as n_groups_off,
                count(*) filter (
                    where retention_rate_did not between 0 and 1 or retention_rate_did_not not between 0 and 1
                ) as n_rate_outside,
                count(*) filter (where p_value_adjusted < p_value or p_value_adjusted > 1) as n_adjusted_below,
                count(*) - count(distinct aha_rank) as n_ranks_twice
            from marts.aha_moments
        """,
        checks=[
            zero("n_groups_off", "rows whose persons with and without the event are not all persons"),
            zero("n_rate_outside", "rows with a retention rate outside 0 to 1"),
            zero("n_adjusted_below", "rows whose adjusted p-value is below the p-value or above 1"),
            zero("n_ranks_twice", "rows that share a rank with another"),
        ],
    )


PROBES = (grid,)
