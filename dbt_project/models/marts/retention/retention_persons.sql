-- Grain: person × mode × grain × period in which the person came back or bought; period 0, the start, is always there. From it every cell
-- of retention can be counted again, person by person. Periods continue beyond the configured ones.
-- depends_on: {{ ref('fct_events') }}, {{ ref('int_person_event_days') }}, {{ ref('int_person_days') }}
{{ replaces_changed() }}
{%- set start_event = var('retention').get('start_event') %}
{%- set return_event = var('retention').get('return_event') %}

with start_days as (
    {{ retention_days(start_event) }}
),

return_days as (
    {{ retention_days(return_event) }}
),

-- what is left of each order, and refunds of no known order on their own date
orders as (
    select
        orders.person_id,
        orders.order_date,
        orders.ordered_at,
        orders.net_revenue as revenue
    from {{ ref('fct_orders') }} as orders
    {{- only_changed('orders') }}
    where not orders.is_bot and not orders.is_suspicious
    union all
    select
        refunds.person_id,
        refunds.refund_date as order_date,
        refunds.refunded_at as ordered_at,
        -1 * refunds.amount as revenue
    from {{ ref('fct_refunds') }} as refunds
    {{- only_changed('refunds') }}
    where not refunds.is_bot and refunds.is_counted and not refunds.has_order and refunds.amount > 0
),

starts as (
    select
        person_id,
        min(activity_date) as start_date,
        min(first_event_at) as started_at
    from start_days
    group by person_id
),

-- the start is period 0, whatever the return event is
activity as (
    select
        person_id,
        activity_date,
        first_event_at,
        last_event_at,
        true as is_return,
        cast(0 as double) as revenue
    from return_days
    union all
    select
        person_id,
        start_date as activity_date,
        started_at as first_event_at,
        started_at as last_event_at,
        true as is_return,
        cast(0 as double) as revenue
    from starts
    union all
    select
        person_id,
        order_date as activity_date,
        ordered_at as first_event_at,
        ordered_at as last_event_at,
        false as is_return,
        revenue
    from orders
),

since_start as (
    select
        activity.*,
        starts.start_date,
        starts.started_at,
        {{ window_of_24h('starts.started_at', 'activity.first_event_at') }} as first_window,
        {{ window_of_24h('starts.started_at', 'activity.last_event_at') }} as last_window
    from starts
    inner join activity on starts.person_id = activity.person_id and starts.start_date <= activity.activity_date
),

periods as (
    {%- for grain in ['day', 'week', 'month'] %}
    select
        person_id,
        started_at,
        'calendar_on' as mode,
        '{{ grain }}' as grain,
        {{ period_start(grain, 'start_date') }} as cohort_start,
        {{ periods_between(grain, period_start(grain, 'start_date'), period_start(grain, 'activity_date')) }} as period_number,
        is_return,
        revenue
    from since_start
    union all
    {%- endfor %}
    -- a date touches two windows of 24 hours at most: those of its first and its last event
    select
        person_id,
        started_at,
        'rolling_24h' as mode,
        'day' as grain,
        start_date as cohort_start,
        first_window as period_number,
        is_return,
        revenue
    from since_start
    where first_window >= 0
    union all
    select
        person_id,
        started_at,
        'rolling_24h' as mode,
        'day' as grain,
        start_date as cohort_start,
        last_window as period_number,
        is_return,
        cast(0 as double) as revenue
    from since_start
    where last_window > first_window and last_window >= 0
    {%- if not is_utc() %}
    -- but a date of 25 hours may hold a whole window between them
    union all
    select
        long_dates.person_id,
        long_dates.started_at,
        'rolling_24h' as mode,
        'day' as grain,
        long_dates.start_date as cohort_start,
        {{ window_of_24h('long_dates.started_at', 'events.event_at') }} as period_number,
        true as is_return,
        cast(0 as double) as revenue
    from {{ ref('fct_events') }} as events
    inner join since_start as long_dates
        on events.person_id = long_dates.person_id and events.event_date = long_dates.activity_date
    where
        long_dates.last_window > long_dates.first_window + 1
        {%- if return_event %}
        and events.event_name = {{ sql_string(return_event) }}
        {%- endif %}
        and events.event_at >= long_dates.started_at
    {%- endif %}
),

by_period as (
    select
        person_id,
        mode,
        grain,
        cohort_start,
        min(started_at) as started_at,
        period_number,
        {{ any_true('is_return') }} as is_retained,
        {{ stable_sum('revenue') }} as revenue
    from periods
    group by person_id, mode, grain, cohort_start, period_number
)

select
    cast(person_id as {{ dbt.type_string() }}) as person_id,
    cast(mode as {{ dbt.type_string() }}) as mode,
    cast(grain as {{ dbt.type_string() }}) as grain,
    cohort_start,
    started_at,
    cast(period_number as {{ dbt.type_bigint() }}) as period_number,
    is_retained,
    case
        when is_retained then lag(period_number) over (partition by person_id, mode, grain, is_retained order by period_number)
    end as previous_period_number,
    is_retained
    and lead(period_number) over (partition by person_id, mode, grain, is_retained order by period_number) is null as is_last_period,
    revenue
from by_period
