-- One row per step: how many sessions reached it before converting, how many ended there, and what those would have brought had they
-- gone on like the others: sessions lost × revenue per session that went on.

with sessions as (
    select
        session_id,
        person_id,
        exit_step,
        is_converted
    from {{ ref('fct_session_paths') }}
    where anchor = 'entry'
),

persons as (
    select
        person_id,
        {{ any_true('is_converted') }} as has_converted
    from sessions
    group by person_id
),

-- a session that does not convert reaches the step it ends with
lost_of_persons as (
    select
        person_id,
        exit_step as step,
        count(*) as n_lost
    from sessions
    where not is_converted
    group by person_id, exit_step
),

lost as (
    select
        lost_of_persons.step,
        sum(lost_of_persons.n_lost) as n_lost,
        count(*) as n_persons_lost,
        sum(case when persons.has_converted then 0 else 1 end) as n_persons_never_converted
    from lost_of_persons
    inner join persons on lost_of_persons.person_id = persons.person_id
    group by lost_of_persons.step
),

revenues as (
    select
        session_id,
        revenue
    from {{ ref('fct_sessions') }}
    where revenue <> 0
),

-- few sessions convert or bring anything: only these meet their steps, all others are counted without
successes as (
    select
        sessions.session_id,
        sessions.exit_step,
        sessions.is_converted,
        revenues.revenue
    from sessions
    left join revenues on sessions.session_id = revenues.session_id
    where sessions.is_converted or revenues.revenue is not null
),

went_on as (
    select
        steps.step,
        sum(case when successes.is_converted then 1 else 0 end) as n_converted,
        {{ stable_sum('case when successes.is_converted or successes.exit_step <> steps.step then successes.revenue end') }}
            as revenue_went_on
    from {{ ref('int_session_steps') }} as steps
    inner join successes on steps.session_id = successes.session_id
    group by steps.step
),

reached as (
    select
        step,
        count(*) as n_reached
    from {{ ref('int_session_steps') }}
    group by step
),

steps as (
    select
        reached.step,
        reached.n_reached,
        coalesce(lost.n_lost, 0) as n_lost,
        reached.n_reached - coalesce(lost.n_lost, 0) as n_went_on,
        coalesce(went_on.n_converted, 0) as n_converted,
        coalesce(lost.n_persons_lost, 0) as n_persons_lost,
        coalesce(lost.n_persons_never_converted, 0) as n_persons_never_converted,
        coalesce(went_on.revenue_went_on, 0) as revenue_went_on
    from reached
    left join lost on reached.step = lost.step
    left join went_on on reached.step = went_on.step
),

totals as (
    select
        count(*) as n_persons,
        (select sum(steps.n_lost) from steps) as n_lost
    from persons
),

valued as (
    select
        steps.*,
        cast(steps.n_persons_lost as double) / totals.n_persons as person_share,
        cast(steps.n_lost as double) / nullif(totals.n_lost, 0) as lost_session_share,
        steps.revenue_went_on / nullif(steps.n_went_on, 0) as revenue_per_session_went_on,
        coalesce(steps.n_lost * (steps.revenue_went_on / nullif(steps.n_went_on, 0)), 0) as revenue_at_stake
    from steps
    cross join totals
)

select
    cast(step as {{ dbt.type_string() }}) as step,
    cast(row_number() over (order by revenue_at_stake desc, n_persons_lost desc, n_lost desc, step asc) as {{ dbt.type_bigint() }})
        as drop_off_rank,
    cast(n_reached as {{ dbt.type_bigint() }}) as n_sessions_reached,
    cast(n_lost as {{ dbt.type_bigint() }}) as n_sessions_lost,
    cast(n_persons_lost as {{ dbt.type_bigint() }}) as n_persons_lost,
    cast(n_persons_never_converted as {{ dbt.type_bigint() }}) as n_persons_never_converted,
    person_share,
    lost_session_share,
    cast(n_lost as double) / n_reached as drop_off_rate,
    cast(n_converted as double) / nullif(n_went_on, 0) as conversion_rate_went_on,
    cast(revenue_per_session_went_on as double) as revenue_per_session_went_on,
    cast(revenue_at_stake as double) as revenue_at_stake
from valued
