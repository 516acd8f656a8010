-- Grain: anonymous_id × person whom its anonymous events belonged to at some snapshot before as_of, and no longer do. A device is a person
-- of its own until a log-in on it becomes known, and is unlinked again once a second user is: features of a snapshot count as known then.
-- At as_of persons are those of tonight: what was received after that date moves no row of it.
with spells as (

    select
        anonymous_id,
        concat('anon:', anonymous_id) as person_id,
        person_id as present_person_id,
        {{ local_date('first_seen_at') }} as since_date,
        least({{ local_date('login_known_at') }}, {{ as_of_date() }}) as until_date
    from {{ ref('int_identities') }}
    where person_known_at is not null
    union all
    select
        anonymous_id,
        login_user_id as person_id,
        login_user_id as present_person_id,
        {{ local_date('login_known_at') }} as since_date,
        least({{ local_date('person_known_at') }}, {{ as_of_date() }}) as until_date
    from {{ ref('int_identities') }}
    where person_known_at is not null and user_id is null

)

select *
from spells
where {{ spans_a_snapshot('since_date', 'until_date') }}
