-- One row per cohort, grain and period: who was active again so many local days or weeks after the start (mode calendar_on).
-- Only cells whose first day is not after as_of exist; those whose last day is not after as_of are mature.
-- depends_on: {{ ref('fct_events') }}
{%- set rules = var('retention') %}
{%- set start_event = rules.get('start_event') %}
{%- set return_event = rules.get('return_event') %}
{%- set max_days = (rules.get('max_days') or 30) | int %}
{%- set max_weeks = (rules.get('max_weeks') or 12) | int %}

with person_days as (
    select
        person_id,
        activity_date
    from {{ ref('int_person_days') }}
    where not is_bot
),

orders as (
    select
        person_id,
        order_date,
        revenue
    from {{ ref('fct_orders') }}
    where not is_bot
),

start_days as (
    {%- if start_event %}
    select distinct
        person_id,
        event_date as activity_date
    from {{ ref('fct_events') }}
    where not is_bot and event_name = {{ sql_string(start_event) }}
    {%- else %}
    select
        person_id,
        activity_date
    from person_days
    {%- endif %}
),

return_days as (
    {%- if return_event %}
    select distinct
        person_id,
        event_date as activity_date
    from {{ ref('fct_events') }}
    where not is_bot and event_name = {{ sql_string(return_event) }}
    {%- else %}
    select
        person_id,
        activity_date
    from person_days
    {%- endif %}
),

starts as (
    select
        person_id,
        min(activity_date) as start_date
    from start_days
    group by person_id
),

-- period 0 is the start itself, whatever the return event is
active_days as (
    select
        person_id,
        activity_date,
        1 as is_return,
        cast(0 as double) as revenue
    from return_days
    union all
    select
        person_id,
        start_date as activity_date,
        1 as is_return,
        cast(0 as double) as revenue
    from starts
    union all
    select
        person_id,
        order_date as activity_date,
        0 as is_return,
        revenue
    from orders
),

days_since_start as (
    select
        starts.person_id,
        starts.start_date,
        {{ funnel_week_start('starts.start_date') }} as start_week,
        active_days.is_return,
        active_days.revenue,
        {{ days_between('starts.start_date', 'active_days.activity_date') }} as n_days,
        cast({{ days_between(
            funnel_week_start('starts.start_date'), funnel_week_start('active_days.activity_date')
        ) }} / 7 as {{ dbt.type_bigint() }}) as n_weeks
    from starts
    inner join active_days
        on starts.person_id = active_days.person_id and starts.start_date <= active_days.activity_date
),

by_grain as (
    select
        'day' as grain,
        start_date as cohort_start,
        n_days as period_number,
        person_id,
        is_return,
        revenue
    from days_since_start
    where n_days <= {{ max_days }}
    union all
    select
        'week' as grain,
        start_week as cohort_start,
        n_weeks as period_number,
        person_id,
        is_return,
        revenue
    from days_since_start
    where n_weeks <= {{ max_weeks }}
),

active_cells as (
    select
        grain,
        cohort_start,
        period_number,
        count(distinct case when is_return = 1 then person_id end) as n_retained,
        {{ stable_sum('revenue') }} as revenue
    from by_grain
    group by grain, cohort_start, period_number
),

cohorts as (
    select
        'day' as grain,
        1 as n_period_days,
        start_date as cohort_start,
        count(*) as n_cohort
    from starts
    group by start_date
    union all
    select
        'week' as grain,
        7 as n_period_days,
        {{ funnel_week_start('start_date') }} as cohort_start,
        count(*) as n_cohort
    from starts
    group by {{ funnel_week_start('start_date') }}
),

periods as (
    {%- for period in range(0, [max_days, max_weeks] | max + 1) %}
    select {{ period }} as period_number
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

grid as (
    select
        cohorts.*,
        periods.period_number,
        {{ add_days('cohorts.cohort_start', 'cohorts.n_period_days * periods.period_number') }} as first_day,
        {{ add_days('cohorts.cohort_start', 'cohorts.n_period_days * (periods.period_number + 1) - 1') }} as last_day
    from cohorts
    cross join periods
    where periods.period_number <= case when cohorts.grain = 'day' then {{ max_days }} else {{ max_weeks }} end
)

select
    cast('calendar_on' as {{ dbt.type_string() }}) as mode,
    cast(grid.grain as {{ dbt.type_string() }}) as grain,
    grid.cohort_start,
    cast(grid.period_number as {{ dbt.type_bigint() }}) as period_number,
    cast(grid.n_cohort as {{ dbt.type_bigint() }}) as n_cohort,
    cast(coalesce(active_cells.n_retained, 0) as {{ dbt.type_bigint() }}) as n_retained,
    cast(coalesce(active_cells.n_retained, 0) as double) / grid.n_cohort as retention_rate,
    cast(coalesce(active_cells.revenue, 0) as double) as revenue,
    grid.last_day <= {{ as_of_date() }} as is_mature
from grid
left join active_cells
    on
        grid.grain = active_cells.grain
        and grid.cohort_start = active_cells.cohort_start
        and grid.period_number = active_cells.period_number
where grid.first_day <= {{ as_of_date() }}
