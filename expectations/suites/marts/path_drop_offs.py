"""Where sessions end without a purchase: each lost once, with a finite revenue at stake."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def stakes(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                abs(coalesce(sum(n_sessions_lost), 0) - (
                    select count(*) from marts.fct_session_paths where anchor = 'entry' and not is_converted
                )) as n_lost_off,
                count(*) filter (where n_sessions_lost > n_sessions_reached) as n_more_lost_than_reached,
                count(*) filter (where isnan(revenue_at_stake) or isinf(revenue_at_stake)) as n_stakes_unknown
            from marts.path_drop_offs
        """,
        checks=[
            zero("n_lost_off", "sessions lost at all steps compared with the sessions that did not convert"),
            zero("n_more_lost_than_reached", "steps that lose more sessions than reach them"),
            zero("n_stakes_unknown", "steps whose revenue at stake is not a finite number"),
        ],
    )


PROBES = (stakes,)
