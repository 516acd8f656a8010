-- Grain: person. How many events everybody has: who may be a bot, or an address with most of all events.
{{ replaces_reopened(since='true') }}
with numbered as (

    select
        person_id,
        event_number
    from {{ ref('int_sessionized') }}
    {%- if is_delta() %}
    -- those whose events from there on all went to somebody else
    union all
    select
        person_id,
        n_events_before as event_number
    from {{ ref('int_reopened') }}
    where n_events_before > 0
    {%- endif %}

)

select
    person_id,
    cast(max(event_number) as bigint) as n_events
from numbered
group by person_id
