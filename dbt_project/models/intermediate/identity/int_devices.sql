-- The person of each anonymous_id read by this night: all of them, or in a delta night those whose events changed.
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

-- users of a device in the order in which they became known
users as (

    select
        anonymous_id,
        user_id,
        known_at,
        row_number() over (partition by anonymous_id order by known_at, user_id) as place
    from {{ ref('int_device_users') }}
    where user_id is not null

),

became_known as (

    select
        anonymous_id,
        min(case when place = 1 then user_id end) as login_user_id,
        min(case when place = 1 then known_at end) as login_known_at,
        min(case when place = 2 then known_at end) as other_known_at
    from users
    group by anonymous_id

),

linked as (

    select
        devices.*,
        became_known.login_user_id,
        became_known.login_known_at,
        became_known.other_known_at,
        devices.n_user_ids = 1 and devices.n_user_ids <= {{ var('max_users_per_device') }} as is_linked
    from devices
    left join became_known on devices.anonymous_id = became_known.anonymous_id

)

select
    anonymous_id,
    case when is_linked then first_user_id end as user_id,
    case when is_linked then first_user_id else concat('anon:', anonymous_id) end as person_id,
    first_seen_at,
    case when is_linked then first_known_at end as linked_at,
    n_user_ids,
    n_user_ids > {{ var('max_users_per_device') }} as is_shared_device,
    login_user_id,
    login_known_at,
    -- two users known at once never made it the device of one
    case
        when n_user_ids = 1 then login_known_at
        when other_known_at > login_known_at then other_known_at
    end as person_known_at
from linked
