-- Grain: order. Each order once, with its place among the person's orders, what was given back of it, and whether it looks like brushing.
{{ config(pre_hook="{{ remember_orders() }}", post_hook="{{ add_persons_of_changed_orders(this) }}") }}
with orders as (

    select * from {{ ref('int_orders') }}

),

order_items as (

    select * from {{ ref('fct_order_items') }}

),

suspicions as (

    {{ suspicious_orders('orders', 'order_items') }}

),

refunds as (

    select
        order_id,
        count(*) as n_refunds,
        {{ stable_sum('amount') }} as amount,
        max(refunded_at) as refunded_at
    from {{ ref('fct_refunds') }}
    where is_counted and has_order
    group by order_id

),

numbered as (

    select
        *,
        row_number() over (partition by person_id order by ordered_at, order_id) as order_number,
        lag(order_date) over (partition by person_id order by ordered_at, order_id) as previous_order_date
    from orders

),

evaluated as (

    select
        numbered.*,
        suspicions.suspicion_reason,
        coalesce(refunds.n_refunds, 0) as n_refunds,
        refunds.refunded_at,
        {{ refunded_of('numbered.revenue', 'refunds.amount') }} as refunded_amount
    from numbered
    left join suspicions on numbered.order_id = suspicions.order_id
    left join refunds on numbered.order_id = refunds.order_id

)

select
    order_id,
    given_order_id,
    source,
    person_id,
    session_id,
    anonymous_id,
    ordered_at,
    order_date,
    known_date,
    revenue,
    cast(refunded_amount as double) as refunded_amount,
    cast(cast(revenue as decimal(38, 6)) - cast(refunded_amount as decimal(38, 6)) as double) as net_revenue,
    currency,
    n_items,
    order_number,
    order_number = 1 as is_first_order,
    cast({{ days_between('previous_order_date', 'order_date') }} as bigint) as days_since_previous_order,
    cast(n_refunds as bigint) as n_refunds,
    refunded_at,
    n_refunds > 0 and refunded_amount >= revenue as is_fully_refunded,
    suspicion_reason is not null as is_suspicious,
    suspicion_reason,
    n_buyers,
    is_bot
from evaluated
