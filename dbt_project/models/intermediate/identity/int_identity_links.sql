-- Grain: anonymous_id × user_id seen on it (null: events without a user), of all devices: int_device_users of every night so far.
{{ replaces_devices() }}
select
    anonymous_id,
    user_id,
    n_events,
    first_event_at,
    last_event_at,
    known_at,
    source,
    event_id,
    event_name
from {{ ref('int_device_users') }}
