-- One row per anchor, place and pair of steps: onwards from the entry or from paths.start to (exit), backwards from paths.end to (entry).
{%- set n_steps = max_path_steps() %}

with paths as (
    select * from {{ ref('fct_session_paths') }}
),

moves as (
    {%- for k in range(1, n_steps) %}
    select
        person_id,
        anchor,
        {{ k }} as step_number,
        case when anchor = 'end' then coalesce(step_{{ k + 1 }}, '(entry)') else step_{{ k }} end as from_step,
        case when anchor = 'end' then step_{{ k }} else coalesce(step_{{ k + 1 }}, '(exit)') end as to_step
    from paths
    where n_steps >= {{ k }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- paths repeat, and here each occurs once: no distinct count is needed
of_persons as (
    select
        person_id,
        anchor,
        step_number,
        from_step,
        to_step,
        count(*) as n_sessions
    from moves
    group by person_id, anchor, step_number, from_step, to_step
),

flows as (
    select
        anchor,
        step_number,
        from_step,
        to_step,
        sum(n_sessions) as n_sessions,
        count(*) as n_persons
    from of_persons
    group by anchor, step_number, from_step, to_step
),

anchored as (
    select
        anchor,
        count(*) as n_sessions
    from paths
    group by anchor
)

select
    cast(flows.anchor as {{ dbt.type_string() }}) as anchor,
    cast(flows.step_number as {{ dbt.type_bigint() }}) as step_number,
    cast(flows.from_step as {{ dbt.type_string() }}) as from_step,
    cast(flows.to_step as {{ dbt.type_string() }}) as to_step,
    cast(flows.n_sessions as {{ dbt.type_bigint() }}) as n_sessions,
    cast(flows.n_persons as {{ dbt.type_bigint() }}) as n_persons,
    cast(flows.n_sessions as double) / sum(flows.n_sessions) over (
        partition by flows.anchor, flows.step_number, case when flows.anchor = 'end' then flows.to_step else flows.from_step end
    ) as flow_rate,
    cast(flows.n_sessions as double) / anchored.n_sessions as session_share
from flows
inner join anchored on flows.anchor = anchored.anchor
