"""On how many days of a month persons come: adds up to the persons active in the month."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def months(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select count(*) as n_months_off
            from (select month_start, sum(n_persons) as n_persons from marts.power_user_curve group by month_start)
            full join (select period_start as month_start, n_active from marts.lifecycle_periods where grain = 'month')
                using (month_start)
            where coalesce(n_active, 1) > 0 and n_persons is distinct from n_active
        """,
        checks=[zero("n_months_off", "months whose persons are not those active in marts.lifecycle_periods")],
    )


PROBES = (months,)
