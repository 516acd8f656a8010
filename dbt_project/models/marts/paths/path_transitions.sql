-- One row per pair of steps (events, or page groups where configured) that follow each other inside a session, with (entry) and (exit) at
-- the ends; repeats count as they are.

with pairs as (
    select
        from_event,
        to_event,
        sum(n_transitions) as n_transitions,
        sum(n_sessions) as n_sessions,
        count(*) as n_persons
    from {{ ref('int_person_transitions') }}
    group by from_event, to_event
),

events as (
    select
        {{ path_step_and_next() }},
        next_gap_s
    from {{ ref('fct_events') }}
    where not is_bot and session_id is not null
),

gaps as (
    select
        step,
        next_step,
        {{ median('next_gap_s') }} as median_gap_s
    from events
    where next_step is not null
    group by step, next_step
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
left join gaps on pairs.from_event = gaps.step and pairs.to_event = gaps.next_step
