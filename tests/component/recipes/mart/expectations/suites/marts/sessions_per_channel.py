"""Sessions per channel: they add up to the sessions."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def sums(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select abs(sum(n_sessions) - (select count(*) from marts.fct_sessions where not is_bot)) as n_sessions_off
            from marts.sessions_per_channel
        """,
        checks=[zero("n_sessions_off", "sessions that marts.sessions_per_channel does not count once")],
    )


PROBES = (sums,)
