-- Which person stands behind each anonymous_id, as int_devices found it.
-- int_reopened compares with the links of the night before, so it comes first.
{{ also_after(['int_reopened']) }}
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='anonymous_id', on_schema_change='append_new_columns'
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
