-- Which person stands behind each anonymous_id that this night looks at: all of them, or in a delta night those whose events changed.
-- Known users are never merged: an anonymous_id seen with exactly one user_id is that user's; one seen with none or with several stays a
-- person of its own; with more than max_users_per_device the device is shared.
with devices as (

    select
        anonymous_id,
        min(first_event_at) as first_seen_at,
        min(case when user_id is not null then first_event_at end) as first_known_at,
        min(user_id) as first_user_id,
        count(user_id) as n_user_ids
    from {{ ref('int_device_users') }}
    group by anonymous_id

),

linked as (

    select
        *,
        n_user_ids = 1 and n_user_ids <= {{ var('max_users_per_device') }} as is_linked
    from devices

)

select
    anonymous_id,
    case when is_linked then first_user_id end as user_id,
    case when is_linked then first_user_id else concat('anon:', anonymous_id) end as person_id,
    first_seen_at,
    case when is_linked then first_known_at end as linked_at,
    n_user_ids,
    n_user_ids > {{ var('max_users_per_device') }} as is_shared_device
from linked
