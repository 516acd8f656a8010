-- Grain: anonymous_id × user_id seen on it (null: events without a user), of all devices: int_device_users of every night so far.
{{ also_after(['int_displaced']) }}
{{ config(
    materialized='incremental', incremental_strategy='replace_changed', on_schema_change='append_new_columns',
    incremental_predicates=[
        'where built.anonymous_id in (',
        'select anonymous_id from intermediate.int_device_users union all select anonymous_id from intermediate.pending_devices',
        'union all select anonymous_id from intermediate.int_displaced where anonymous_id is not null)'
    ]
) }}
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
