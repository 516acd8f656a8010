-- Grain: person × local date on which the person did anything. Bots are here with their flag; metrics leave them out.
{{ replaces_changed() }}
select
    days.person_id,
    days.activity_date,
    cast(sum(days.n_events) as bigint) as n_events,
    cast(sum(days.n_sessions) as bigint) as n_sessions,
    {%- for name, column in [('page_view', 'n_page_views'), ('view_item', 'n_item_views'), ('search', 'n_searches'),
                             ('add_to_cart', 'n_add_to_carts'), ('add_to_wishlist', 'n_wishlists'), ('purchase', 'n_purchases')] %}
    cast(sum(case when days.event_name = '{{ name }}' then days.n_events else 0 end) as bigint) as {{ column }},
    {%- endfor %}
    min(days.first_event_at) as first_event_at,
    max(days.last_event_at) as last_event_at,
    {{ any_true('days.is_bot') }} as is_bot
from {{ ref('int_person_event_days') }} as days
{{- only_changed('days', since='activity_date') }}
group by days.person_id, days.activity_date
