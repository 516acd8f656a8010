-- Grain: anonymous_id × user_id. The log of links: which user was seen on which device, since when, by which event it became known, and
-- what that made of the device. Known means received (known_at in rules.sql). Late events add links and move their moments.
with links as (

    select
        *,
        -- users who became known at one instant count together
        count(*) over (partition by anonymous_id order by known_at) as n_user_ids_then,
        count(*) over (partition by anonymous_id) as n_user_ids
    from {{ ref('int_identity_links') }}
    where user_id is not null

),

moments as (

    select
        *,
        min(case when n_user_ids_then > 1 then known_at end) over (partition by anonymous_id) as ambiguous_at,
        min(case when n_user_ids_then > {{ var('max_users_per_device') }} then known_at end)
            over (partition by anonymous_id) as became_shared_at
    from links

)

select
    anonymous_id,
    user_id,
    row_number() over (partition by anonymous_id order by known_at, first_event_at, user_id) as link_number,
    first_event_at as first_seen_at,
    last_event_at as last_seen_at,
    known_at as linked_at,
    source as via_source,
    event_id as via_event_id,
    event_name as via_event_name,
    n_events,
    n_user_ids_then = 1 as is_linking,
    case when n_user_ids_then = 1 then ambiguous_at end as unlinked_at,
    became_shared_at,
    n_user_ids,
    became_shared_at is not null as is_shared_device
from moments
