-- Grain: grain × period, each day, week and month from the first active one to that of as_of: who came, came again, came back, left.
with persons as (

    select * from {{ ref('lifecycle_persons') }}

),

changes as (

    select
        grain,
        period_start,
        case when state = 'new' then 1 else 0 end as n_new,
        case when state = 'returning' then 1 else 0 end as n_returning,
        case when state = 'resurrected' then 1 else 0 end as n_resurrected,
        0 as n_dormant
    from persons
    union all
    select
        grain,
        dormant_from as period_start,
        0 as n_new,
        0 as n_returning,
        0 as n_resurrected,
        1 as n_dormant
    from persons
    where dormant_from is not null

),

counted as (

    select
        grain,
        period_start,
        sum(n_new) as n_new,
        sum(n_returning) as n_returning,
        sum(n_resurrected) as n_resurrected,
        sum(n_dormant) as n_dormant
    from changes
    group by grain, period_start

),

first_day as (

    select min(period_start) as first_date
    from persons
    where grain = 'day'

),

days as (

    {{ days_from_to('first_day.first_date', as_of_date()) }}
    from first_day
    where first_day.first_date is not null

),

calendar as (

    {%- for grain in ['day', 'week', 'month'] %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_start(grain, 'day') }} as period_start,
        {{ add_days(add_periods(grain, period_start(grain, 'day'), 1), -1) }} as last_date
    from days
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

filled as (

    select
        calendar.grain,
        calendar.period_start,
        calendar.last_date,
        coalesce(counted.n_new, 0) as n_new,
        coalesce(counted.n_returning, 0) as n_returning,
        coalesce(counted.n_resurrected, 0) as n_resurrected,
        coalesce(counted.n_dormant, 0) as n_dormant
    from calendar
    left join counted on calendar.grain = counted.grain and calendar.period_start = counted.period_start

)

select
    cast(filled.grain as {{ dbt.type_string() }}) as grain,
    filled.period_start,
    cast(filled.n_new + filled.n_returning + filled.n_resurrected as {{ dbt.type_bigint() }}) as n_active,
    cast(filled.n_new as {{ dbt.type_bigint() }}) as n_new,
    cast(filled.n_returning as {{ dbt.type_bigint() }}) as n_returning,
    cast(filled.n_resurrected as {{ dbt.type_bigint() }}) as n_resurrected,
    cast(filled.n_dormant as {{ dbt.type_bigint() }}) as n_dormant,
    cast(filled.n_new + filled.n_resurrected as double) / nullif(filled.n_dormant, 0) as quick_ratio,
    filled.last_date <= {{ as_of_date() }} as is_mature,
    {{ is_warm_up('filled.period_start') }} as is_warm_up
from filled
