-- Grain: session × anchor. The steps of a session with repeats collapsed (A A B is A → B), as far as ten steps from an anchor: onwards from
-- its first event (`entry`), onwards from its first `paths.start` (`start`), backwards from its first `paths.end` (`end`). Bots left out.
{{ also_after(['int_changed']) }}
{{ config(
    materialized='incremental', incremental_strategy='replace_changed', on_schema_change='append_new_columns',
    incremental_predicates=[
        'using intermediate.int_changed as changed',
        'where built.person_id = changed.person_id and built.started_at >= changed.changed_from_at'
    ]
) }}
{%- set rules = var('paths') %}
with events as (

    select
        events.session_id,
        events.person_id,
        events.event_number,
        events.event_at,
        events.event_date,
        {{ path_step('events.') }} as step
    from {{ ref('fct_events') }} as events
    {%- if is_delta() %}
    inner join {{ ref('int_changed') }} as changed
        on events.person_id = changed.person_id and events.event_at >= changed.changed_from_at
    {%- endif %}
    where events.session_id is not null and not events.is_bot

),

with_previous as (

    select
        *,
        lag(step) over (partition by session_id order by event_number) as previous_step
    from events

),

steps as (

    select
        session_id,
        person_id,
        event_at,
        event_date,
        step,
        row_number() over (partition by session_id order by event_number) as position
    from with_previous
    where previous_step is null or previous_step <> step

),

sessions as (

    select
        session_id,
        person_id,
        min(event_at) as started_at,
        min(event_date) as session_date,
        max(position) as n_steps,
        {{ first_by('step', '-position') }} as exit_step,
        {% if rules.start -%}
        min(case when step = {{ sql_string(rules.start) }} then position end) as start_position,
        {% endif -%}
        min(case when step = {{ sql_string(rules.end) }} then position end) as end_position,
        {{- path_step_columns('position') }}
    from steps
    group by session_id, person_id

),

{%- set kept = [] %}
{%- for k in range(1, max_path_steps() + 1) %}{% do kept.append('step_' ~ k) %}{% endfor %}

{% if rules.start -%}
from_start as ( -- noqa: ST03

    select
        steps.session_id,
        count(*) as n_anchored_steps,
        {{- path_step_columns('steps.position - sessions.start_position + 1') }}
    from steps
    inner join sessions on steps.session_id = sessions.session_id
    where steps.position >= sessions.start_position
    group by steps.session_id

),

{% endif -%}
to_end as (

    select
        steps.session_id,
        count(*) as n_anchored_steps,
        {{- path_step_columns('sessions.end_position - steps.position + 1') }}
    from steps
    inner join sessions on steps.session_id = sessions.session_id
    where steps.position <= sessions.end_position
    group by steps.session_id

),

anchored as (

    select
        session_id,
        person_id,
        'entry' as anchor,
        started_at,
        session_date,
        n_steps as n_anchored_steps,
        exit_step,
        end_position is not null as is_converted,
        {{ path_text() }} as path,
        {{ kept | join(',\n        ') }}
    from sessions
    {%- if rules.start %}
    union all
    select
        sessions.session_id,
        sessions.person_id,
        'start' as anchor,
        sessions.started_at,
        sessions.session_date,
        parts.n_anchored_steps,
        sessions.exit_step,
        sessions.end_position is not null as is_converted,
        {{ path_text() | replace('step_', 'parts.step_') }} as path,
        parts.{{ kept | join(',\n        parts.') }}
    from from_start as parts
    inner join sessions on parts.session_id = sessions.session_id
    {%- endif %}
    union all
    select
        sessions.session_id,
        sessions.person_id,
        'end' as anchor,
        sessions.started_at,
        sessions.session_date,
        parts.n_anchored_steps,
        sessions.exit_step,
        true as is_converted,
        {{ path_text(is_backwards=true) | replace('step_', 'parts.step_') }} as path,
        parts.{{ kept | join(',\n        parts.') }}
    from to_end as parts
    inner join sessions on parts.session_id = sessions.session_id

)

select
    session_id,
    person_id,
    cast(anchor as {{ dbt.type_string() }}) as anchor,
    started_at,
    session_date,
    cast(n_anchored_steps as {{ dbt.type_bigint() }}) as n_steps,
    exit_step,
    is_converted,
    path,
    {{ kept | join(',\n    ') }}
from anchored
