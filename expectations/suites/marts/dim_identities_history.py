"""Whom an anonymous id belonged to, and when: intervals that run forward and end in the latest identity."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def intervals(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                count(*) filter (where known_until <= known_from) as n_backwards,
                count(*) filter (where known_until is null and latest.person_id is distinct from history.person_id)
                    + abs(count(*) filter (where known_until is null) - (select count(*) from marts.dim_identities))
                    as n_not_the_latest
            from marts.dim_identities_history as history
            left join marts.dim_identities as latest using (anonymous_id)
        """,
        checks=[
            zero("n_backwards", "intervals that end before they begin"),
            zero("n_not_the_latest", "open intervals that are not a row of marts.dim_identities, or the reverse"),
        ],
    )


PROBES = (intervals,)
