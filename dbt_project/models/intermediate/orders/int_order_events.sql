-- Grain: event. The purchase and refund events alone, narrow: all order tables are made from these few rows.
{{ replaces_changed() }}
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
where
    events.event_name in ('purchase', 'refund')
    and events.person_id is not null {{- and_row_is_changed('events', ref('fct_events'), since='event_at') }}
