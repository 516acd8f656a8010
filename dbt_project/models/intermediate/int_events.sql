-- Every event once, with the person who did it: only the columns that sessions and bot detection look at.
-- A view: to read the lake's few columns again costs less than to write them down.
{{ config(materialized='view') }}
with events as (

    select
        row_key,
        source,
        event_id,
        user_id,
        case when user_id is null then anonymous_id end as unknown_device_id,
        event_at,
        event_date,
        event_name,
        utm_campaign
    from {{ ref('stg_events') }}

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
-- on equality alone: a further condition on one side would make DuckDB compare every pair
left join identities on events.unknown_device_id = identities.anonymous_id
where duplicates.row_key is null
