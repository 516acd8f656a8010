-- Grain: local date, from the first active one to as_of. Who was active: each day, in the trailing 7 and 30 days; bots left out.
-- A person counts in wau on the days d … d+6 after an active day d. Instead of counting distinct persons in each window, the days on
-- which such a stretch begins and ends are counted and summed up over time: one pass over the active days, whatever the window.
with active_days as (

    select
        person_id,
        activity_date,
        lag(activity_date) over (partition by person_id order by activity_date) as previous_date,
        lead(activity_date) over (partition by person_id order by activity_date) as next_date
    from {{ ref('int_person_days') }}
    where not is_bot

),

changes as (

    select
        activity_date,
        1 as dau,
        case when previous_date is null or previous_date <= {{ add_days('activity_date', -7) }} then 1 else 0 end as wau_change,
        case when previous_date is null or previous_date <= {{ add_days('activity_date', -30) }} then 1 else 0 end as mau_change,
        case when previous_date is null then 1 else 0 end as n_new,
        case when previous_date = {{ add_days('activity_date', -1) }} then 1 else 0 end as n_returning,
        case when previous_date < {{ add_days('activity_date', -1) }} then 1 else 0 end as n_resurrected,
        0 as n_dormant
    from active_days

    union all

    select
        {{ add_days('activity_date', 1) }} as activity_date,
        0 as dau,
        0 as wau_change,
        0 as mau_change,
        0 as n_new,
        0 as n_returning,
        0 as n_resurrected,
        1 as n_dormant
    from active_days
    where next_date is null or next_date > {{ add_days('activity_date', 1) }}

    union all

    select
        {{ add_days('activity_date', 7) }} as activity_date,
        0 as dau,
        -1 as wau_change,
        0 as mau_change,
        0 as n_new,
        0 as n_returning,
        0 as n_resurrected,
        0 as n_dormant
    from active_days
    where next_date is null or next_date >= {{ add_days('activity_date', 7) }}

    union all

    select
        {{ add_days('activity_date', 30) }} as activity_date,
        0 as dau,
        0 as wau_change,
        -1 as mau_change,
        0 as n_new,
        0 as n_returning,
        0 as n_resurrected,
        0 as n_dormant
    from active_days
    where next_date is null or next_date >= {{ add_days('activity_date', 30) }}

),

first_day as (

    select min(activity_date) as first_date from active_days

),

calendar as (

    {{ days_from_to('first_day.first_date', as_of_date()) }}
    from first_day
    where first_day.first_date is not null

),

daily as (

    select
        calendar.day as activity_date,
        cast(coalesce(sum(changes.dau), 0) as bigint) as dau,
        coalesce(sum(changes.wau_change), 0) as wau_change,
        coalesce(sum(changes.mau_change), 0) as mau_change,
        cast(coalesce(sum(changes.n_new), 0) as bigint) as n_new,
        cast(coalesce(sum(changes.n_returning), 0) as bigint) as n_returning,
        cast(coalesce(sum(changes.n_resurrected), 0) as bigint) as n_resurrected,
        cast(coalesce(sum(changes.n_dormant), 0) as bigint) as n_dormant
    from calendar
    left join changes on calendar.day = changes.activity_date
    group by calendar.day

),

windowed as (

    select
        *,
        cast(sum(wau_change) over (order by activity_date rows between unbounded preceding and current row) as bigint) as wau,
        cast(sum(mau_change) over (order by activity_date rows between unbounded preceding and current row) as bigint) as mau
    from daily

)

select
    activity_date,
    dau,
    wau,
    mau,
    cast(dau as double) / nullif(mau, 0) as stickiness,
    n_new,
    n_returning,
    n_resurrected,
    n_dormant,
    {{ is_warm_up('activity_date') }} as is_warm_up
from windowed
