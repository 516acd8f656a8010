-- Grain: anonymous_id read by this night × user_id seen on it (null: events without a user). All devices in a full build; in a delta
-- night those whose events changed, with all their events. Moments as they happened, and as they became known.
{%- set columns = ['anonymous_id', 'user_id', 'source', 'event_id', 'event_name', 'event_at', 'received_at'] %}
with arrived as (

    select staged.{{ columns | join(',\n        staged.') }}
    from {{ ref('stg_events') }} as staged
    left join {{ ref('int_duplicates') }} as duplicates
        on staged.file_id = duplicates.file_id and staged.line_number = duplicates.line_number
    where staged.anonymous_id is not null and duplicates.file_id is null

),

{% if is_delta() -%}
touched as (

    select anonymous_id from arrived
    union
    select anonymous_id from {{ ref('int_displaced') }}
    union
    select anonymous_id from {{ source('state', 'pending_devices') }}

),

known as ( -- noqa: ST03

    select built.{{ columns | join(',\n        built.') }}
    from {{ source('previous', 'fct_events') }} as built
    inner join touched on built.anonymous_id = touched.anonymous_id
    left join {{ ref('int_duplicates') }} as duplicates
        on built.file_id = duplicates.file_id and built.line_number = duplicates.line_number
    where duplicates.file_id is null

),

{% endif -%}
events as (

    select
        *,
        {{ known_at('event_at', 'received_at') }} as known_at
    from arrived
    {%- if is_delta() %}
    union all
    select
        *,
        {{ known_at('event_at', 'received_at') }} as known_at
    from known
    {%- endif %}

),

pairs as (

    select
        anonymous_id,
        user_id,
        count(*) as n_events,
        min(event_at) as first_event_at,
        max(event_at) as last_event_at,
        min(known_at) as known_at
    from events
    group by anonymous_id, user_id

),

-- the event that revealed the user: the one known first
revealing as (

    select
        pairs.anonymous_id,
        pairs.user_id,
        events.source,
        events.event_id,
        events.event_name,
        row_number() over (
            partition by pairs.anonymous_id, pairs.user_id order by events.event_at, events.event_id, events.source
        ) as place
    from pairs
    inner join events
        on pairs.anonymous_id = events.anonymous_id and pairs.user_id = events.user_id and pairs.known_at = events.known_at

)

select
    pairs.anonymous_id,
    pairs.user_id,
    pairs.n_events,
    pairs.first_event_at,
    pairs.last_event_at,
    pairs.known_at,
    revealing.source,
    revealing.event_id,
    revealing.event_name
from pairs
left join revealing on pairs.anonymous_id = revealing.anonymous_id and pairs.user_id = revealing.user_id and revealing.place = 1
