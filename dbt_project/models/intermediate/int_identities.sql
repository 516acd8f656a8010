-- Which person stands behind each anonymous_id, as int_devices found it.
-- int_reopened compares with the links of the night before, so it comes first; fct_events changes only after this, and so after the links.
{{ also_after(['int_reopened', 'int_identity_links']) }}
{{ config(
    materialized='incremental', incremental_strategy='replace_changed', on_schema_change='append_new_columns',
    incremental_predicates=[
        'where built.anonymous_id in (',
        'select anonymous_id from intermediate.int_devices union all select anonymous_id from intermediate.pending_devices',
        'union all select anonymous_id from intermediate.int_displaced where anonymous_id is not null)'
    ]
) }}
select
    anonymous_id,
    user_id,
    person_id,
    first_seen_at,
    linked_at,
    n_user_ids,
    is_shared_device
from {{ ref('int_devices') }}
