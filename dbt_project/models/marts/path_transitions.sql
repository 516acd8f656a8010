-- One row per pair of steps (events, or page groups where configured) that follow each other inside a session, with (entry) and (exit) at
-- the ends; repeats count as they are.

{%- set is_grouped = var('paths').groups | length > 0 %}

with events as (
    select
        person_id,
        session_id,
        {{ path_step() }} as event_name,
        {% if is_grouped -%}
        lead({{ path_step() }}) over (partition by session_id order by event_number) as next_event_name,
        {%- else -%}
        next_event_name,
        {%- endif %}
        next_gap_s,
        is_session_start
    from {{ ref('fct_events') }}
    where not is_bot and session_id is not null
),

transitions as (
    select
        person_id,
        session_id,
        event_name as from_event,
        coalesce(next_event_name, '(exit)') as to_event,
        next_gap_s as gap_s
    from events
    union all
    select
        person_id,
        session_id,
        '(entry)' as from_event,
        event_name as to_event,
        null as gap_s
    from events
    where is_session_start
),

-- counted level by level: counting distinct sessions and persons of each pair would hold all of their ids in memory
of_sessions as (
    select
        person_id,
        session_id,
        from_event,
        to_event,
        count(*) as n_transitions
    from transitions
    group by person_id, session_id, from_event, to_event
),

of_persons as (
    select
        person_id,
        from_event,
        to_event,
        sum(n_transitions) as n_transitions,
        count(*) as n_sessions
    from of_sessions
    group by person_id, from_event, to_event
),

pairs as (
    select
        from_event,
        to_event,
        sum(n_transitions) as n_transitions,
        sum(n_sessions) as n_sessions,
        count(*) as n_persons
    from of_persons
    group by from_event, to_event
),

gaps as (
    select
        from_event,
        to_event,
        {{ median('gap_s') }} as median_gap_s
    from transitions
    group by from_event, to_event
)

select
    cast(pairs.from_event as {{ dbt.type_string() }}) as from_event,
    cast(pairs.to_event as {{ dbt.type_string() }}) as to_event,
    cast(pairs.n_transitions as {{ dbt.type_bigint() }}) as n_transitions,
    cast(pairs.n_sessions as {{ dbt.type_bigint() }}) as n_sessions,
    cast(pairs.n_persons as {{ dbt.type_bigint() }}) as n_persons,
    cast(pairs.n_transitions as double) / sum(pairs.n_transitions) over (partition by pairs.from_event) as transition_rate,
    cast(gaps.median_gap_s as double) as median_gap_s
from pairs
inner join gaps on pairs.from_event = gaps.from_event and pairs.to_event = gaps.to_event
