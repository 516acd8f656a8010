-- Grain: session × anchor. The steps of a session with repeats collapsed (A A B is A → B), as far as ten steps from an anchor: onwards from
-- its first event (`entry`), onwards from its first `paths.start` (`start`), backwards from its first `paths.end` (`end`). Bots left out.
{{ replaces_changed() }}
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
    {{- only_changed('events', since='event_at') }}
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
{%- set anchors = (['start'] if rules.start else []) + ['end'] %}

{% for anchor in anchors -%}
at_{{ anchor }} as ( -- noqa: ST03

    {%- set position = 'sessions.end_position - steps.position' if anchor == 'end' else 'steps.position - sessions.start_position' %}
    select
        steps.session_id,
        count(*) as n_anchored_steps,
        {{- path_step_columns(position ~ ' + 1') }}
    from steps
    inner join sessions on steps.session_id = sessions.session_id
    where {{ position }} >= 0
    group by steps.session_id

),

{% endfor -%}
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
    {%- for anchor in anchors %}
    union all
    select
        sessions.session_id,
        sessions.person_id,
        '{{ anchor }}' as anchor,
        sessions.started_at,
        sessions.session_date,
        parts.n_anchored_steps,
        sessions.exit_step,
        sessions.end_position is not null as is_converted,
        {{ path_text(is_backwards=anchor == 'end') | replace('step_', 'parts.step_') }} as path,
        parts.{{ kept | join(',\n        parts.') }}
    from at_{{ anchor }} as parts
    inner join sessions on parts.session_id = sessions.session_id
    {%- endfor %}

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
