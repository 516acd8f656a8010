-- One row per step: how many sessions reached it before converting, how many ended there, and what those would have brought had they
-- gone on like the others: sessions lost × revenue per session that went on.

with sessions as (
    select
        paths.session_id,
        paths.person_id,
        paths.exit_step,
        paths.is_converted,
        sessions.revenue
    from {{ ref('fct_session_paths') }} as paths
    inner join {{ ref('fct_sessions') }} as sessions on paths.session_id = sessions.session_id
    where paths.anchor = 'entry'
),

persons as (
    select
        person_id,
        {{ any_true('is_converted') }} as has_converted
    from sessions
    group by person_id
),

reached as (
    select
        steps.step,
        sessions.person_id,
        sessions.is_converted,
        sessions.revenue,
        persons.has_converted,
        not sessions.is_converted and sessions.exit_step = steps.step as is_lost
    from {{ ref('int_session_steps') }} as steps
    inner join sessions on steps.session_id = sessions.session_id
    inner join persons on sessions.person_id = persons.person_id
),

steps as (
    select
        step,
        count(*) as n_reached,
        sum(case when is_lost then 1 else 0 end) as n_lost,
        sum(case when not is_lost then 1 else 0 end) as n_went_on,
        sum(case when is_converted then 1 else 0 end) as n_converted,
        count(distinct case when is_lost then person_id end) as n_persons_lost,
        count(distinct case when is_lost and not has_converted then person_id end) as n_persons_never_converted,
        coalesce({{ stable_sum('case when not is_lost then revenue end') }}, 0) as revenue_went_on
    from reached
    group by step
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
