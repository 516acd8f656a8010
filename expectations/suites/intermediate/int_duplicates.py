"""Events that were delivered more than once: how many of a source's."""

from expectations.checks import Probe, between
from expectations.lake import accepted_by_source
from expectations.params import GateParams


def rates(params: GateParams) -> Probe:
    return Probe(
        sql=f"""
            with accepted as ({accepted_by_source(params)}),
            duplicates as (select source, count(*) as n from intermediate.int_duplicates group by source)
            select source, coalesce(duplicates.n, 0) / accepted.n as duplicate_rate
            from accepted
            left join duplicates using (source)
        """,
        keys=("source",),
        checks=[
            between(
                "duplicate_rate",
                0,
                params.max_duplicate_rate,
                "share of lines delivered more than once",
                look="select source, n_lines, n_duplicates from ops.reconciliation",
                severity="warn",
            )
        ],
    )


PROBES = (rates,)
