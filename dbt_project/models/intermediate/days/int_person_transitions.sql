-- Grain: person × pair of steps that follow each other inside a session, with (entry) and (exit) at the ends. Bots left out. The base of
-- path_transitions: counting distinct sessions and persons of each pair there would hold the ids of all of them in memory.
{{ replaces_changed(in_parts=true) }}
with events as (

    select
        events.person_id,
        events.session_id,
        {{ path_step_and_next('events.') }},
        events.is_session_start
    from {{ ref('fct_events') }} as events
    {{- only_changed('events') }}
    where not events.is_bot and events.session_id is not null {{ and_person_in_part('events', parts_by_person()) }}

),

of_sessions as (

    select
        person_id,
        session_id,
        step,
        next_step,
        count(*) as n_transitions,
        sum(case when is_session_start then 1 else 0 end) as n_starts
    from events
    group by person_id, session_id, step, next_step

),

of_persons as (

    select
        person_id,
        step,
        next_step,
        sum(n_transitions) as n_transitions,
        count(*) as n_sessions,
        sum(n_starts) as n_starts
    from of_sessions
    group by person_id, step, next_step

),

-- a session starts once: its entries need not be counted distinct
transitions as (

    select
        person_id,
        step as from_event,
        coalesce(next_step, '(exit)') as to_event,
        n_transitions,
        n_sessions
    from of_persons
    union all
    select
        person_id,
        '(entry)' as from_event,
        step as to_event,
        sum(n_starts) as n_transitions,
        sum(n_starts) as n_sessions
    from of_persons
    where n_starts > 0
    group by person_id, step

)

select
    person_id,
    from_event,
    to_event,
    cast(n_transitions as {{ dbt.type_bigint() }}) as n_transitions,
    cast(n_sessions as {{ dbt.type_bigint() }}) as n_sessions
from transitions
