-- Which person stands behind each anonymous_id, as int_devices found it.
-- int_reopened compares with the links of the night before, so it comes first; fct_events changes only after this, and so after the links.
-- depends_on: {{ ref('int_reopened') }}, {{ ref('int_identity_links') }}
{{ replaces_devices() }}
select
    anonymous_id,
    user_id,
    person_id,
    first_seen_at,
    linked_at,
    n_user_ids,
    is_shared_device,
    login_user_id,
    login_known_at,
    person_known_at
from {{ ref('int_devices') }}
