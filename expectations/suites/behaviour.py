"""Gate marts, what people do: every session is in the paths once, and what goes with staying adds up."""

from expectations.params import GateParams
from expectations.suites.base import Probe, Suite, none_of_each


def _path_transitions_sql(params: GateParams) -> str:
    return """
        select
            abs(coalesce(sum(n_transitions) filter (where from_event = '(entry)'), 0) - any_value(sessions.n)) as n_entries_off,
            abs(coalesce(sum(n_transitions) filter (where to_event = '(exit)'), 0) - any_value(sessions.n)) as n_exits_off
        from (select count(*) as n from marts.fct_sessions where not is_bot) as sessions
        left join marts.path_transitions on true
    """


_path_transitions_checks = none_of_each("n_entries_off", "n_exits_off")


def _path_sequences_sql(params: GateParams) -> str:
    return """
        select
            abs(coalesce(sum(n_sessions), 0) - (select count(*) from marts.fct_sessions where not is_bot)) as n_sessions_off,
            count(*) filter (where n_persons > n_sessions) as n_more_persons_than_sessions,
            count(*) filter (where conversion_rate not between 0 and 1) as n_rate_outside
        from marts.path_sequences
    """


_path_sequences_checks = none_of_each("n_sessions_off", "n_more_persons_than_sessions", "n_rate_outside")


def _path_drop_offs_sql(params: GateParams) -> str:
    return """
        select
            abs(coalesce(sum(n_sessions_lost), 0) - (
                select count(*) from marts.fct_session_paths where anchor = 'entry' and not is_converted
            )) as n_lost_off,
            count(*) filter (where n_sessions_lost > n_sessions_reached) as n_more_lost_than_reached,
            count(*) filter (where isnan(revenue_at_stake) or isinf(revenue_at_stake)) as n_stakes_unknown
        from marts.path_drop_offs
    """


_path_drop_offs_checks = none_of_each("n_lost_off", "n_more_lost_than_reached", "n_stakes_unknown")


def _aha_moments_sql(params: GateParams) -> str:
    return """
        select
            count(*) filter (where n_did + n_did_not <> n_persons) as n_groups_off,
            count(*) filter (where retention_rate_did not between 0 and 1 or retention_rate_did_not not between 0 and 1)
                as n_rate_outside,
            count(*) filter (where p_value_adjusted < p_value or p_value_adjusted > 1) as n_adjusted_below,
            count(*) - count(distinct aha_rank) as n_ranks_twice
        from marts.aha_moments
    """


_aha_moments_checks = none_of_each("n_groups_off", "n_rate_outside", "n_adjusted_below", "n_ranks_twice")


SUITES: tuple[Suite, ...] = (
    Suite("marts.path_transitions", "marts", (Probe("ends", _path_transitions_sql, _path_transitions_checks),)),
    Suite("marts.path_sequences", "marts", (Probe("shares", _path_sequences_sql, _path_sequences_checks),)),
    Suite("marts.path_drop_offs", "marts", (Probe("stakes", _path_drop_offs_sql, _path_drop_offs_checks),)),
    Suite("marts.aha_moments", "marts", (Probe("grid", _aha_moments_sql, _aha_moments_checks),)),
)
