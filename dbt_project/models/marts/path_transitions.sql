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

pairs as (
    select
        from_event,
        to_event,
        count(*) as n_transitions,
        count(distinct session_id) as n_sessions,
        count(distinct person_id) as n_persons,
        {{ median('gap_s') }} as median_gap_s
    from transitions
    group by from_event, to_event
)

select
    cast(from_event as {{ dbt.type_string() }}) as from_event,
    cast(to_event as {{ dbt.type_string() }}) as to_event,
    cast(n_transitions as {{ dbt.type_bigint() }}) as n_transitions,
    cast(n_sessions as {{ dbt.type_bigint() }}) as n_sessions,
    cast(n_persons as {{ dbt.type_bigint() }}) as n_persons,
    cast(n_transitions as double) / sum(n_transitions) over (partition by from_event) as transition_rate,
    cast(median_gap_s as double) as median_gap_s
from pairs
