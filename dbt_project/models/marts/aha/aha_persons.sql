-- Grain: person × within_days, for whom both the days of the behaviours and the days of staying were over by as_of. Bots left out.
{%- set rules = var('aha') %}
{%- set named_start = sql_string(rules.start_event or 'sign_up') %}

with person_days as (
    select
        person_id,
        activity_date,
        sum(case when event_name = {{ named_start }} then n_events else 0 end) as n_starts,
        sum(n_events) as n_events,
        sum(n_sessions) as n_sessions
    from {{ ref('int_person_event_days') }}
    where not is_bot
    group by person_id, activity_date
),

{% if rules.start_event -%}
starts as (
    select
        person_id,
        min(activity_date) as start_date
    from person_days
    where n_starts > 0
    group by person_id
),
{%- else -%}
-- without a configured start event: sign_up where it occurs, else the person's first day
sign_ups as (
    select count(*) as n_days
    from person_days
    where n_starts > 0
),

starts as (
    select
        person_days.person_id,
        min(person_days.activity_date) as start_date
    from person_days
    cross join sign_ups
    where person_days.n_starts > 0 or sign_ups.n_days = 0
    group by person_days.person_id
),
{%- endif %}

windows as (
    {%- for days in rules.days %}
    select {{ days }} as within_days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

cohorts as (
    select
        starts.person_id,
        starts.start_date,
        windows.within_days,
        {{ add_days('starts.start_date', 'windows.within_days') }} as window_end
    from starts
    cross join windows
    where {{ add_days('starts.start_date', 'windows.within_days + ' ~ (rules.retention_days - 1)) }} <= {{ as_of_date() }}
),

activity as (
    select
        cohorts.person_id,
        cohorts.within_days,
        cohorts.start_date,
        {{ any_true('person_days.activity_date >= cohorts.window_end') }} as is_retained,
        sum(case when person_days.activity_date < cohorts.window_end then person_days.n_sessions else 0 end) as n_sessions,
        sum(case when person_days.activity_date < cohorts.window_end then person_days.n_events else 0 end) as n_events
    from cohorts
    inner join person_days
        on
            cohorts.person_id = person_days.person_id
            and cohorts.start_date <= person_days.activity_date
            and {{ add_days('cohorts.window_end', rules.retention_days) }} > person_days.activity_date
    group by cohorts.person_id, cohorts.within_days, cohorts.start_date
),

-- cohorts are start dates: the earlier half of them is for finding, the rest for checking
dates as (
    select
        within_days,
        start_date,
        row_number() over (partition by within_days order by start_date) as date_number,
        count(*) over (partition by within_days) as n_dates
    from cohorts
    group by within_days, start_date
)

select
    activity.person_id,
    cast(activity.within_days as {{ dbt.type_bigint() }}) as within_days,
    activity.start_date,
    dates.date_number * 2 <= dates.n_dates + 1 as is_earlier_half,
    activity.is_retained,
    cast(activity.n_sessions as {{ dbt.type_bigint() }}) as n_sessions,
    cast(activity.n_events as {{ dbt.type_bigint() }}) as n_events
from activity
inner join dates on activity.within_days = dates.within_days and activity.start_date = dates.start_date
