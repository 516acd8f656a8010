"""Paths of sessions: every session in one of them."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def shares(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                abs(coalesce(sum(n_sessions), 0) - (select count(*) from marts.fct_sessions where not is_bot))
                    as n_sessions_off,
                count(*) filter (where n_persons > n_sessions) as n_more_persons_than_sessions,
                count(*) filter (where conversion_rate not between 0 and 1) as n_rate_outside
            from marts.path_sequences
        """,
        checks=[
            zero("n_sessions_off", "sessions of all paths compared with the sessions without bots"),
            zero("n_more_persons_than_sessions", "paths with more persons than sessions"),
            zero("n_rate_outside", "paths with a conversion rate outside 0 to 1"),
        ],
    )


PROBES = (shares,)
