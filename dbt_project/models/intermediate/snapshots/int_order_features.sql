-- Grain: person × snapshot date, of those with an order or a refund known by then: the order columns of user_features, with the owner of
-- each order then and as they looked then (brushing is detected across persons, so not in parts).
with snapshots as (

    {{ snapshots() }}

),

-- orders before a change of persons, where the event they are taken from is of that time
former_orders as (

    select
        lines.order_key as order_id,
        former.source,
        former.person_id,
        max(former.known_date) as known_date,
        max(former.until_date) as until_date
    from {{ ref('int_former_events') }} as former
    inner join {{ ref('int_order_lines') }} as lines on former.source = lines.source and former.event_id = lines.event_id
    where former.event_name = 'purchase'
    group by lines.order_key, former.source, former.person_id

),

order_reports as (

    select
        order_id,
        person_id,
        anonymous_id,
        order_date,
        known_date,
        cast(null as date) as until_date,
        revenue,
        is_suspicious
    from {{ ref('fct_orders') }}
    union all
    select
        orders.order_id,
        former_orders.person_id,
        orders.anonymous_id,
        orders.order_date,
        former_orders.known_date,
        former_orders.until_date,
        orders.revenue,
        orders.is_suspicious
    from former_orders
    inner join {{ ref('fct_orders') }} as orders
        on former_orders.order_id = orders.order_id and former_orders.source = orders.source

),

known_orders as (

    select
        snapshots.as_of_date,
        orders.*
    from order_reports as orders
    inner join snapshots
        on
            orders.order_date <= snapshots.as_of_date
            and orders.known_date <= snapshots.as_of_date
            and coalesce(orders.until_date > snapshots.as_of_date, true)

),

{{ suspicions_at_the_time() }},

{{ refunds_at_the_time('snapshots') }},

-- what a device gave back before it became somebody's, of no known order
former_refunds as (

    select
        snapshots.as_of_date,
        former.person_id,
        {{ stable_sum('refunds.amount') }} as amount
    from {{ ref('int_former_events') }} as former
    inner join {{ ref('fct_refunds') }} as refunds on former.source = refunds.source and former.event_id = refunds.event_id
    inner join snapshots
        on
            refunds.refund_date <= snapshots.as_of_date
            and former.known_date <= snapshots.as_of_date
            and former.until_date > snapshots.as_of_date
    where former.event_name = 'refund' and refunds.is_counted and not refunds.has_order
    group by snapshots.as_of_date, former.person_id

),

evaluated as (

    select
        known_orders.as_of_date,
        known_orders.person_id,
        known_orders.order_date,
        1 as n_orders,
        case when suspicions.order_id is null then 1 else 0 end as is_counted,
        case when suspicions.order_id is null then known_orders.revenue else 0 end as revenue,
        case
            when suspicions.order_id is null
                then known_orders.revenue - {{ refunded_of('known_orders.revenue', 'order_refunds.amount') }}
            else 0
        end as net_revenue
    from known_orders
    left join suspicions on known_orders.as_of_date = suspicions.as_of_date and known_orders.order_id = suspicions.order_id
    left join order_refunds
        on known_orders.as_of_date = order_refunds.as_of_date and known_orders.order_id = order_refunds.order_id
    union all
    select
        as_of_date,
        person_id,
        cast(null as date) as order_date,
        0 as n_orders,
        0 as is_counted,
        0 as revenue,
        -1 * amount as net_revenue
    from (
        select * from person_refunds
        union all
        select * from former_refunds
    ) as refunds_of_persons

)

select
    person_id,
    as_of_date,
    cast(sum(n_orders) as bigint) as n_orders_total,
    cast(sum(is_counted) as bigint) as n_counted_orders,
    cast({{ stable_sum('revenue') }} as double) as revenue_total,
    cast({{ stable_sum('net_revenue') }} as double) as net_revenue_total,
    cast(sum(case when order_date > {{ add_days('as_of_date', -30) }} then 1 else 0 end) as bigint) as n_orders_30d,
    cast({{ stable_sum('case when order_date > ' ~ add_days('as_of_date', -30) ~ ' then revenue else 0 end') }} as double) as revenue_30d,
    min({{ days_between('order_date', 'as_of_date') }}) as days_since_last_order,
    max({{ days_between('order_date', 'as_of_date') }}) as days_since_first_order,
    count(distinct order_date) as n_order_days_total
from evaluated
group by person_id, as_of_date
