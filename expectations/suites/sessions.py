"""Gate sessions: deduplicated, stitched and sessionized events, before the marts are built on them."""

from expectations.params import GateParams
from expectations.suites.base import Check, Probe, Suite, accepted_by_source, between, none_of


def _events_sql(params: GateParams) -> str:
    # Server-side events join the session they fall into and make none, so only theirs may lack a session.
    # A delta night sessionizes only what is new and what that opened again; the rest of the build stays as it is.
    kept = """(
        (select count(*) from marts.fct_events)
        - (
            select count(*) from marts.fct_events as events
            inner join intermediate.int_reopened as reopened
                on events.person_id = reopened.person_id and events.event_at >= reopened.reopen_at
        )
    )"""
    kept = "0" if params.is_full else kept
    return f"""
        with accepted as ({accepted_by_source(params)})
        select
            {kept} + count(*) as n_events,
            count(*) filter (where session_id is null and not is_server)
                as n_without_session,
            count(*) filter (where person_id is null) as n_without_person,
            abs(
                coalesce((select sum(n) from accepted), 0)
                - (select count(*) from intermediate.int_duplicates)
                - {kept} - count(*)
            ) as n_lost_or_invented
        from intermediate.int_sessionized
    """


def _events_checks(params: GateParams) -> list[Check]:
    return [
        between("n_events", low=1),
        none_of("n_without_session"),
        none_of("n_without_person"),
        none_of("n_lost_or_invented"),
    ]


def _sessions_sql(params: GateParams) -> str:
    # Grouping by a 64-bit hash halves the cost on 10 M events; a collision would only merge two in this profile.
    return f"""
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
    """


def _sessions_checks(params: GateParams) -> list[Check]:
    return [
        none_of("n_longer_than_max"),
        # Every event a session of its own, or everything one session: the identity or the timeout is wrong.
        between("mean_events_per_session", 1, 1000, severity="warn", may_be_empty=True),
        between("single_event_rate", 0, 0.95, severity="warn", may_be_empty=True),
    ]


def _duplicates_sql(params: GateParams) -> str:
    return f"""
        with accepted as ({accepted_by_source(params)}),
        duplicates as (select source, count(*) as n from intermediate.int_duplicates group by source)
        select source, coalesce(duplicates.n, 0) / accepted.n as duplicate_rate
        from accepted
        left join duplicates using (source)
    """


def _duplicates_checks(params: GateParams) -> list[Check]:
    return [between("duplicate_rate", 0, params.max_duplicate_rate, severity="warn")]


SUITES: tuple[Suite, ...] = (
    Suite(
        "intermediate.int_sessionized",
        "sessions",
        (Probe("events", _events_sql, _events_checks), Probe("sessions", _sessions_sql, _sessions_checks)),
    ),
    Suite(
        "intermediate.int_duplicates",
        "sessions",
        (Probe("rates", _duplicates_sql, _duplicates_checks, keys=("source",)),),
    ),
)
