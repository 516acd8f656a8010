-- Grain: attribution model × period × channel. Which channels the orders of a period, and their revenue, are owed to.
-- Counted from fct_attribution_touches; the period is the order's. Late sessions and orders change it at the next run.
with orders as (

    -- an order may have touched a channel more than once
    select
        model,
        order_id,
        person_id,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_start,
        channel,
        sum(conversion_share) as conversion_share,
        sum(revenue) as revenue
    from {{ ref('fct_attribution_touches') }}
    group by model, order_id, person_id, order_date, channel

),

-- people buy again: they are far fewer than their orders
persons as (

    select
        model,
        person_id,
        month_start,
        channel,
        sum(conversion_share) as conversion_share,
        sum(revenue) as revenue,
        count(*) as n_orders
    from orders
    group by model, person_id, month_start, channel

),

periods as (

    select
        persons.*,
        'all' as period,
        cast(null as date) as period_start
    from persons
    union all
    select
        persons.*,
        'month' as period,
        month_start as period_start
    from persons

),

counted as (

    select
        model,
        period,
        period_start,
        channel,
        cast(sum(conversion_share) as decimal(38, 6)) as n_conversions,
        cast(sum(revenue) as decimal(38, 6)) as revenue,
        cast(sum(n_orders) as bigint) as n_orders_touched,
        count(distinct person_id) as n_persons
    from periods
    group by model, period, period_start, channel

)

select
    model,
    period,
    period_start,
    channel,
    n_conversions,
    revenue,
    n_orders_touched,
    n_persons,
    cast(n_conversions as double) / cast(sum(n_conversions) over (partition by model, period, period_start) as double)
        as conversion_share,
    case
        when sum(revenue) over (partition by model, period, period_start) <> 0
            then cast(revenue as double) / cast(sum(revenue) over (partition by model, period, period_start) as double)
    end as revenue_share
from counted
