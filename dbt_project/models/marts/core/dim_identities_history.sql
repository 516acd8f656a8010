-- Grain: anonymous_id × interval. The person behind a device as it was known at any moment: the row with known_from <= moment and
-- (known_until is null or known_until > moment). Known means received (known_at in rules.sql); what arrived over max_late_days late is an
-- import and counts as known when it happened. The rows without known_until are dim_identities. Late events change only what lies
-- after their arrival, save for imports.
with sightings as (

    select
        anonymous_id,
        user_id,
        known_at
    from {{ ref('int_identity_links') }}

),

instants as (

    select
        anonymous_id,
        known_at,
        count(user_id) as n_new_users,
        min(user_id) as new_user_id
    from sightings
    group by anonymous_id, known_at

),

counted as (

    select
        anonymous_id,
        known_at,
        cast(sum(n_new_users) over so_far as bigint) as n_user_ids,
        min(new_user_id) over so_far as first_user_id
    from instants
    window so_far as (partition by anonymous_id order by known_at rows between unbounded preceding and current row)

),

stated as (

    select
        anonymous_id,
        known_at,
        n_user_ids,
        case when n_user_ids = 1 then first_user_id end as user_id,
        case
            when n_user_ids = 1 then first_user_id
            else concat('anon:', anonymous_id)
        end as person_id,
        n_user_ids > {{ var('max_users_per_device') }} as is_shared_device
    from counted

),

-- the number of users alone is not a change
changes as (

    select *
    from (
        select
            *,
            lag(person_id) over (partition by anonymous_id order by known_at) as person_before,
            lag(is_shared_device) over (partition by anonymous_id order by known_at) as was_shared
        from stated
    ) as compared
    where person_before is null or person_before <> person_id or was_shared <> is_shared_device

)

select
    anonymous_id,
    known_at as known_from,
    lead(known_at) over (partition by anonymous_id order by known_at) as known_until,
    user_id,
    person_id,
    n_user_ids,
    is_shared_device,
    case
        when is_shared_device then 'shared'
        when n_user_ids > 1 then 'ambiguous'
        when n_user_ids = 1 then 'linked'
        else 'seen'
    end as state
from changes
