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
    where not events.is_bot and events.session_id is not null {{ person_part('events') }}

),

transitions as (

    select
        person_id,
        session_id,
        step as from_event,
        coalesce(next_step, '(exit)') as to_event
    from events
    union all
    select
        person_id,
        session_id,
        '(entry)' as from_event,
        step as to_event
    from events
    where is_session_start

),

of_sessions as (

    select
        person_id,
        session_id,
        from_event,
        to_event,
        count(*) as n_transitions
    from transitions
    group by person_id, session_id, from_event, to_event

)

select
    person_id,
    from_event,
    to_event,
    cast(sum(n_transitions) as {{ dbt.type_bigint() }}) as n_transitions,
    count(*) as n_sessions
from of_sessions
group by person_id, from_event, to_event
