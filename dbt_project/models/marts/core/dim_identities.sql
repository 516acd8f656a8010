-- Grain: anonymous_id. Which person stands behind a device, and since when that is known.
select
    anonymous_id,
    user_id,
    person_id,
    first_seen_at,
    linked_at,
    n_user_ids,
    is_shared_device
from {{ ref('int_identities') }}
