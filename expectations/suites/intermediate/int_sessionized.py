"""Events after deduplication, stitching and sessionizing: none lost, each with a person and a session or of nobody."""

from expectations.checks import Probe, at_least, between, zero
from expectations.lake import accepted_by_source
from expectations.params import GateParams

_LINE = "(file_id, line_number)"
_NEW_UNIDENTIFIED = f"select {_LINE} as line from intermediate.int_unidentified_events"


def _unidentified(params: GateParams) -> str:
    """How many events of nobody there are; copies may take the place of those before."""
    if params.is_full:
        return "(select count(*) from intermediate.int_unidentified_events)"
    return f"""(
        select count(*)
        from (
            {_NEW_UNIDENTIFIED} union select {_LINE} as line from marts.fct_events where person_id is null
        )
        where line not in (select {_LINE} from intermediate.int_duplicates)
    )"""


def events(params: GateParams) -> Probe:
    # Server-side events join the session they fall into and start none, so only theirs may lack a session.
    # A delta night sessionizes only what is new and what that opened again; the rest of the build stays as it is.
    kept = (
        "0"
        if params.is_full
        else """(
        (select count(*) from marts.fct_events where person_id is not null)
        - (
            select count(*) from marts.fct_events as events
            inner join intermediate.int_reopened as reopened
                on events.person_id = reopened.person_id and events.event_at >= reopened.reopen_at
        )
    )"""
    )
    return Probe(
        sql=f"""
            with accepted as ({accepted_by_source(params)})
            select
                {kept} + {_unidentified(params)} + count(*) as n_events,
                count(*) filter (where session_id is null and not is_server)
                    as n_without_session,
                count(*) filter (where person_id is null) as n_without_person,
                abs(
                    coalesce((select sum(n) from accepted), 0)
                    - (select count(*) from intermediate.int_duplicates)
                    - {kept} - {_unidentified(params)} - count(*)
                ) as n_lost_or_invented
            from intermediate.int_sessionized
        """,
        checks=[
            at_least("n_events", 1, "events of this night and of those before"),
            zero("n_without_session", "events without a session, apart from those that a server recorded"),
            zero("n_without_person", "events that were stitched to no person"),
            zero(
                "n_lost_or_invented",
                "events accepted by ingest, less duplicates, compared with the events of this night and those before",
            ),
        ],
    )


def sessions(params: GateParams) -> Probe:
    # Grouping by a 64-bit hash halves the cost on 10 M events; a collision would only merge two in this profile.
    return Probe(
        sql=f"""
            with sessions as (
                select epoch(max(event_at) - min(event_at)) as duration_s, count(*) as n_events
                from intermediate.int_sessionized
                where session_id is not null and not is_server
                group by hash(session_id)
            )
            select
                count(*) filter (where duration_s > {params.session_max_hours * 3600}) as n_longer_than_max,
                avg(n_events) as mean_events_per_session,
                avg(cast(n_events = 1 as integer)) as single_event_rate
            from sessions
        """,
        checks=[
            zero("n_longer_than_max", "sessions longer than the longest that sessionizing allows"),
            # Every event a session of its own, or everything one session: the identity or the timeout is wrong.
            between(
                "mean_events_per_session",
                1,
                1000,
                "events per session; if off, the identity or sessions.timeout is wrong",
                look="select n_events, count(*) from marts.fct_sessions group by all order by 1",
                severity="warn",
                may_be_empty=True,
            ),
            between(
                "single_event_rate",
                0,
                0.95,
                "share of sessions of one event; if high, the identity or the timeout is wrong",
                look="from marts.fct_sessions where n_events = 1 limit 10",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (events, sessions)
