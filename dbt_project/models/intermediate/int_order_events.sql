-- Grain: event. The purchase and refund events alone, narrow: whatever is said of orders is made of these few rows.
{{ also_after(['int_changed']) }}
{{ config(
    materialized='incremental', incremental_strategy='replace_changed', on_schema_change='append_new_columns',
    incremental_predicates=[
        'using intermediate.int_changed as changed',
        'where built.person_id = changed.person_id and built.event_at >= changed.changed_from_at'
    ]
) }}
select
    events.source,
    events.event_id,
    events.event_name,
    events.event_at,
    events.event_date,
    events.known_date,
    events.person_id,
    events.anonymous_id,
    events.session_id,
    events.order_id,
    events.item_id,
    events.category,
    events.price,
    events.quantity,
    events.revenue,
    events.currency,
    events.is_server_event,
    events.is_bot
from {{ ref('fct_events') }} as events
{%- if is_delta() %}
inner join {{ ref('int_changed') }} as changed
    on events.person_id = changed.person_id and events.event_at >= changed.changed_from_at
{%- endif %}
where events.event_name in ('purchase', 'refund')
