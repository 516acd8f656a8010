-- Every event once, with the person who did it: only the columns that sessions and bot detection look at.
with events as (

    select * from {{ ref('stg_events') }}

),

duplicates as (

    select row_key from {{ ref('int_duplicates') }}

),

identities as (

    select
        anonymous_id,
        person_id
    from {{ ref('int_identities') }}

)

select
    events.row_key,
    events.source,
    events.event_id,
    coalesce(events.user_id, identities.person_id) as person_id,
    events.event_at,
    events.event_date,
    events.event_name,
    events.utm_campaign
from events
left join duplicates on events.row_key = duplicates.row_key
left join identities on case when events.user_id is null then events.anonymous_id end = identities.anonymous_id
where duplicates.row_key is null
