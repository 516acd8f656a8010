"""How many persons are new, return or leave in a period: states add up, and one period leads to the next."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def flow(params: GateParams) -> Probe:
    return Probe(
        sql="""
            with periods as (
                select *, lag(n_active, 1, 0) over (partition by grain order by period_start) as n_active_before
                from marts.lifecycle_periods
            )
            select
                grain,
                count(*) filter (where n_new + n_returning + n_resurrected <> n_active) as n_states_off,
                count(*) filter (where n_returning + n_dormant <> n_active_before) as n_flow_off,
                abs(sum(n_new) - (select count(*) from marts.dim_users where not is_bot)) as n_persons_off
            from periods
            group by grain
        """,
        keys=("grain",),
        checks=[
            zero("n_states_off", "periods whose new, returning and resurrected are not all active", may_be_empty=True),
            zero("n_flow_off", "periods whose returning and dormant are not all active before", may_be_empty=True),
            zero("n_persons_off", "new persons of all periods compared with marts.dim_users", may_be_empty=True),
        ],
    )


PROBES = (flow,)
