-- Grain: person × item × local date × date the events became known. How much a person did with an item on a day, each event with its weight
-- in recommendations.event_weights; purchases are here whatever they weigh. An event that names no item counts for each that it lists.
-- Bots left out. The base of all recommendations.
{{ replaces_changed(in_parts=true) }}
{%- set weighted = var('recommendations').event_weights %}
with events as (
    {%- for relation in [ref('fct_events'), ref('fct_event_items')] %}

    select
        events.person_id,
        events.item_id,
        events.event_date as activity_date,
        events.known_date,
        events.category,
        events.event_at,
        events.event_name = 'purchase' as is_purchase,
        {{ interaction_weight('events.event_name', weighted) }} as weight,
        {{ interaction_rank('events.event_name', weighted) }} as event_rank,
        events.event_name
    from {{ relation }} as events
    {{- only_changed('events', since='event_date') }}
    where
        not events.is_bot and events.person_id is not null
        and events.item_id is not null {{ and_person_in_part('events', parts_by_person()) }}
        {{ 'and events.event_item_id is null' if not loop.first }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        person_id,
        item_id,
        activity_date,
        known_date,
        min(category) as category,
        {{ stable_sum('weight') }} as weight,
        count(*) as n_events,
        {{ any_true('is_purchase') }} as is_bought,
        max(event_at) as last_event_at,
        min(event_rank) as event_rank,
        min(event_name) as event_name
    from events
    where weight > 0 or is_purchase
    group by person_id, item_id, activity_date, known_date

)

select
    person_id,
    item_id,
    activity_date,
    known_date,
    category,
    weight,
    n_events,
    is_bought,
    last_event_at,
    {{ interaction_event('event_rank', 'event_name', weighted) }} as strongest_event
from counted
