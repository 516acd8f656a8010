-- Grain: basis × pair of items. Items bought together (in one order) or viewed together (in one session), in the latest market_basket.days
-- days. Of a basket with more than market_basket.max_items different items only the first of them count, so that pairs stay few.
{%- set rules = var('market_basket') %}
{%- set first_day = add_days(as_of_date(), 1 - rules.days | int) %}
with baskets as (

    -- many shops log an order item by item and without an id: then items bought in one session were bought together
    select
        'purchase' as basis,
        case when orders.has_order_id then orders.order_id else coalesce(orders.session_id, orders.order_id) end as basket_id,
        items.item_id,
        min(orders.ordered_at) as first_at
    from {{ ref('fct_order_items') }} as items
    inner join {{ ref('int_orders') }} as orders on items.order_id = orders.order_id
    inner join {{ ref('fct_orders') }} as evaluated on items.order_id = evaluated.order_id
    where not evaluated.is_suspicious and not orders.is_bot and items.order_date >= {{ first_day }}
    group by case when orders.has_order_id then orders.order_id else coalesce(orders.session_id, orders.order_id) end, items.item_id
    union all
    select
        'view' as basis,
        session_id as basket_id,
        item_id,
        min(event_at) as first_at
    from {{ ref('fct_events') }}
    where
        event_name = 'view_item' and not is_bot and session_id is not null and item_id is not null
        and event_date >= {{ first_day }}
    group by session_id, item_id

),

placed as (

    select
        basis,
        basket_id,
        item_id,
        row_number() over (partition by basis, basket_id order by first_at, item_id) as place
    from baskets

),

counted as (

    select
        basis,
        basket_id,
        item_id
    from placed
    where place <= {{ rules.max_items }}

),

totals as (

    select
        basis,
        count(distinct basket_id) as n_baskets
    from counted
    group by basis

),

items as (

    select
        basis,
        item_id,
        count(*) as n_baskets
    from counted
    group by basis, item_id

),

-- an item in fewer baskets than a pair must have is in no pair
frequent as (

    select counted.*
    from counted
    inner join items
        on
            counted.basis = items.basis and counted.item_id = items.item_id
            and items.n_baskets >= {{ rules.min_together }}

),

pairs as (

    select
        one.basis,
        one.item_id as item_a,
        other.item_id as item_b,
        count(*) as n_together
    from frequent as one
    inner join frequent as other
        on one.basis = other.basis and one.basket_id = other.basket_id and one.item_id < other.item_id
    group by one.basis, one.item_id, other.item_id
    having count(*) >= {{ rules.min_together }}

)

select
    pairs.basis,
    pairs.item_a,
    pairs.item_b,
    pairs.n_together,
    items_a.n_baskets as n_baskets_a,
    items_b.n_baskets as n_baskets_b,
    totals.n_baskets,
    cast(pairs.n_together as double) / totals.n_baskets as support,
    cast(pairs.n_together as double) / items_a.n_baskets as confidence_a_to_b,
    cast(pairs.n_together as double) / items_b.n_baskets as confidence_b_to_a,
    cast(pairs.n_together as double) * totals.n_baskets / (cast(items_a.n_baskets as double) * items_b.n_baskets) as lift
from pairs
inner join totals on pairs.basis = totals.basis
inner join items as items_a on pairs.basis = items_a.basis and pairs.item_a = items_a.item_id
inner join items as items_b on pairs.basis = items_b.basis and pairs.item_b = items_b.item_id
