"""Who was retained, person by person: adds up to marts.retention."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def cells(params: GateParams) -> Probe:
    return Probe(
        sql="""
            with periods as (
                select mode, grain, max(period_number) as last_period from marts.retention group by mode, grain
            ),
            cells as (select mode, grain, sum(n_retained) as n from marts.retention group by mode, grain),
            persons as (
                select mode, grain, count(*) filter (where is_retained and period_number <= last_period) as n
                from marts.retention_persons
                inner join periods using (mode, grain)
                group by mode, grain
            )
            select mode, grain, abs(coalesce(cells.n, 0) - persons.n) as n_persons_off
            from persons
            left join cells using (mode, grain)
        """,
        keys=("mode", "grain"),
        checks=[
            zero(
                "n_persons_off", "persons retained, over all periods, compared with marts.retention", may_be_empty=True
            )
        ],
    )


PROBES = (cells,)
