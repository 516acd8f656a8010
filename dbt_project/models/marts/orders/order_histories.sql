-- Grain: person × date. Counted order days of a person up to as_of, and up to the start of the holdout with what followed it: only what had
-- happened and had become known by that date (known_date). Suspicious orders and bots are left out, refunds known by then are deducted.
with orders as (

    select *
    from {{ ref('fct_orders') }}
    where known_date <= {{ as_of_date() }} and not is_bot

),

-- as_of, and a date before it: a horizon back, or half of a shorter history
cutoffs as (

    select
        {{ as_of_date() }} as as_of_date,
        cast(null as bigint) as n_days_after
    union all
    select
        {{ add_days(as_of_date(), '-1 * n_days_after') }} as as_of_date,
        n_days_after
    from (
        select
            least(
                {{ var('customer_value').horizon_days }},
                cast(floor({{ days_between('min(order_date)', as_of_date()) }} / 2.0) as bigint)
            ) as n_days_after
        from orders
        where not is_suspicious
    ) as halves
    where n_days_after > 0

),

known_orders as (

    select
        cutoffs.as_of_date,
        orders.*
    from orders
    inner join cutoffs on orders.order_date <= cutoffs.as_of_date and orders.known_date <= cutoffs.as_of_date

),

{{ suspicions_at_the_time() }},

{{ refunds_at_the_time('cutoffs') }},

counted_orders as (

    select
        known_orders.as_of_date,
        known_orders.person_id,
        known_orders.order_date,
        known_orders.revenue - {{ refunded_of('known_orders.revenue', 'order_refunds.amount') }} as net_revenue
    from known_orders
    left join suspicions
        on known_orders.as_of_date = suspicions.as_of_date and known_orders.order_id = suspicions.order_id
    left join order_refunds
        on known_orders.as_of_date = order_refunds.as_of_date and known_orders.order_id = order_refunds.order_id
    where suspicions.order_id is null

),

histories as (

    select
        as_of_date,
        person_id,
        count(distinct order_date) as n_order_days,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        {{ stable_sum('net_revenue') }} as net_revenue
    from counted_orders
    group by as_of_date, person_id

),

less_refunds as (

    select
        histories.as_of_date,
        histories.person_id,
        histories.n_order_days,
        histories.first_order_date,
        histories.last_order_date,
        cast(
            cast(histories.net_revenue as decimal(38, 6)) - cast(coalesce(person_refunds.amount, 0) as decimal(38, 6)) as double
        ) as net_revenue
    from histories
    left join person_refunds
        on histories.as_of_date = person_refunds.as_of_date and histories.person_id = person_refunds.person_id

),

-- what followed, as it is known today
followed as (

    select
        cutoffs.as_of_date,
        orders.person_id,
        count(distinct orders.order_date) as n_order_days,
        {{ stable_sum('orders.net_revenue') }} as net_revenue
    from orders
    inner join cutoffs on orders.order_date > cutoffs.as_of_date
    where not orders.is_suspicious
    group by cutoffs.as_of_date, orders.person_id

),

refunded_later as (

    select
        cutoffs.as_of_date,
        refunds.person_id,
        {{ stable_sum('refunds.amount') }} as amount
    from {{ ref('fct_refunds') }} as refunds
    inner join cutoffs on refunds.refund_date > cutoffs.as_of_date
    where refunds.is_counted and not refunds.has_order and refunds.known_date <= {{ as_of_date() }}
    group by cutoffs.as_of_date, refunds.person_id

)

select
    less_refunds.person_id,
    less_refunds.as_of_date,
    less_refunds.first_order_date,
    less_refunds.last_order_date,
    cast(less_refunds.n_order_days as bigint) as n_order_days,
    {{ days_between('less_refunds.first_order_date', 'less_refunds.last_order_date') }} as recency_days,
    {{ days_between('less_refunds.first_order_date', 'less_refunds.as_of_date') }} as age_days,
    cast(less_refunds.net_revenue as double) as net_revenue,
    cast(less_refunds.net_revenue / less_refunds.n_order_days as double) as mean_order_value,
    cutoffs.n_days_after,
    cast(case when cutoffs.n_days_after is not null then coalesce(followed.n_order_days, 0) end as bigint) as n_order_days_after,
    cast(case
        when cutoffs.n_days_after is not null then coalesce(followed.net_revenue, 0) - coalesce(refunded_later.amount, 0)
    end as double) as revenue_after
from less_refunds
inner join cutoffs on less_refunds.as_of_date = cutoffs.as_of_date
left join followed on less_refunds.as_of_date = followed.as_of_date and less_refunds.person_id = followed.person_id
left join refunded_later
    on less_refunds.as_of_date = refunded_later.as_of_date and less_refunds.person_id = refunded_later.person_id
