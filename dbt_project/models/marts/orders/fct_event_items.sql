-- Grain: event × position in its list of items (`items` or `products` in its properties), as tools write that tell of several items in
-- one event. The columns of fct_events name an item where an event is about one.
{{ replaces_changed() }}
{%- set of_event = ['source', 'event_id', 'event_name', 'event_at', 'event_date', 'known_date', 'person_id', 'event_item_id', 'is_bot'] %}
with listing as (

    select
        events.source,
        events.event_id,
        events.event_name,
        events.event_at,
        events.event_date,
        events.known_date,
        events.person_id,
        events.item_id as event_item_id,
        events.is_bot,
        coalesce({{ json_list('events.properties', 'items') }}, {{ json_list('events.properties', 'products') }}) as items
    from {{ ref('fct_events') }} as events
    where
        (events.properties like '%"items":[%' or events.properties like '%"products":[%')
        and events.person_id is not null {{- and_row_is_changed('events', ref('fct_events'), since='event_at') }}

),

entries as (

    select
        {{ of_event | join(',\n        ') }},
        {{ json_positions('items') }} as item_position,
        {{ json_entries('items') }} as entry
    from listing
    where items is not null

),

valued as (

    select
        {{ of_event | join(',\n        ') }},
        item_position,
        coalesce(
            {%- for key in ['item_id', 'product_id', 'productId', 'itemId', 'id', 'sku'] %}
            nullif({{ json_text('entry', key) }}, ''){{ ',' if not loop.last }}
            {%- endfor %}
        ) as item_id,
        coalesce({{ json_text('entry', 'item_name') }}, {{ json_text('entry', 'name') }}) as item_name,
        coalesce({{ json_text('entry', 'item_category') }}, {{ json_text('entry', 'category') }}) as category,
        {{ number_in_text(json_text('entry', 'price')) }} as price,
        {{ number_in_text(json_text('entry', 'quantity')) }} as quantity,
        coalesce(
            {{ number_in_text(json_text('entry', 'item_revenue')) }}, {{ number_in_text(json_text('entry', 'revenue')) }}
        ) as given_revenue
    from entries

)

select
    source,
    event_id,
    cast(item_position as bigint) as item_position,
    event_name,
    event_at,
    event_date,
    known_date,
    person_id,
    event_item_id,
    item_id,
    item_name,
    category,
    price,
    quantity,
    coalesce(given_revenue, price * coalesce(quantity, 1)) as revenue,
    is_bot
from valued
