-- Grain: attribution model × period × channel. Which channels the orders of a period, and their revenue, are owed to.
-- Counted from int_order_channels; the period is the order's. Late sessions and orders change it at the next run.
-- people buy again: they are far fewer than their orders
with months as (

    select
        person_id,
        month_start,
        channel,
        {{ attribution_sums() }}
    from {{ ref('int_order_channels') }}
    group by person_id, month_start, channel

),

-- in each period a person is counted once in a channel, so no distinct count is needed
all_months as (

    select
        person_id,
        cast(null as date) as month_start,
        channel,
        {{ attribution_sums() }}
    from months
    group by person_id, channel

),

channels as (
    {%- for period, persons in [('all', 'all_months'), ('month', 'months')] %}

    select
        '{{ period }}' as period,
        month_start as period_start,
        channel,
        {%- for model in attribution_models() %}
        sum(case when {{ model }}_orders > 0 then 1 else 0 end) as {{ model }}_persons,
        {%- endfor %}
        {{ attribution_sums() }}
    from {{ persons }}
    group by month_start, channel
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (
    {%- for model in attribution_models() %}

    select
        '{{ model }}' as model,
        period,
        period_start,
        channel,
        cast({{ model }}_share as decimal(38, 6)) as n_conversions,
        cast({{ model }}_revenue as decimal(38, 6)) as revenue,
        cast({{ model }}_orders as bigint) as n_orders_touched,
        cast({{ model }}_persons as bigint) as n_persons
    from channels
    where {{ model }}_orders > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

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
