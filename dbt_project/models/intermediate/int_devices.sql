-- Which person stands behind each anonymous_id that this night looks at: all of them, or in a delta night those whose events changed.
-- Known users are never merged: an anonymous_id seen with exactly one user_id is that user's; one seen with none or with several stays a
-- person of its own; with more than max_users_per_device the device is shared.
{{ also_after(['int_displaced']) }}
with arrived as (

    select
        staged.anonymous_id,
        staged.user_id,
        staged.event_at
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
    select anonymous_id from {{ built('intermediate', 'pending_devices') }}

),

known as (

    select
        built.anonymous_id,
        built.user_id,
        built.event_at
    from {{ built('marts', 'fct_events') }} as built
    inner join touched on built.anonymous_id = touched.anonymous_id
    left join {{ ref('int_duplicates') }} as duplicates
        on built.file_id = duplicates.file_id and built.line_number = duplicates.line_number
    where duplicates.file_id is null

),

{% endif -%}
events as (

    select * from arrived
    {%- if is_delta() %}
    union all
    select * from known
    {%- endif %}

),

devices as (

    select
        anonymous_id,
        min(event_at) as first_seen_at,
        min(case when user_id is not null then event_at end) as first_known_at,
        min(user_id) as first_user_id,
        count(distinct user_id) as n_user_ids
    from events
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
