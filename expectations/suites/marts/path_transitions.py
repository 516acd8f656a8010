"""Transitions between events: every session enters once and exits once."""

from expectations.checks import Probe, zero
from expectations.params import GateParams


def ends(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                abs(coalesce(sum(n_transitions) filter (where from_event = '(entry)'), 0) - any_value(sessions.n))
                    as n_entries_off,
                abs(coalesce(sum(n_transitions) filter (where to_event = '(exit)'), 0) - any_value(sessions.n))
                    as n_exits_off
            from (select count(*) as n from marts.fct_sessions where not is_bot) as sessions
            left join marts.path_transitions on true
        """,
        checks=[
            zero("n_entries_off", "transitions from (entry) compared with the sessions without bots"),
            zero("n_exits_off", "transitions to (exit) compared with the sessions without bots"),
        ],
    )


PROBES = (ends,)
