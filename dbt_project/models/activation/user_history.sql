-- Grain: person × attribute × interval. What each night decided of a person, by the as_of of that night, and for how long it held.
-- A night replaces the decisions of an earlier run of the same as_of, and does not read later ones.
with kept as (

    select * from {{ ref('stg_user_history') }}

),

nights as (

    select valid_from as night
    from kept
    where person_id is null and valid_from < {{ as_of_date() }}
    union
    select {{ as_of_date() }} as night

),

nights_in_order as (

    select
        night,
        lag(night) over (order by night) as night_before
    from nights

),

-- as the last night before this one left it: what ended on this date, or later, was still in force
before as (

    select
        person_id,
        attribute,
        value,
        valid_from,
        case when valid_to < {{ as_of_date() }} then valid_to end as valid_to
    from kept
    where person_id is not null and valid_from < {{ as_of_date() }}

),

decided as (

    select
        person_id,
        'lifecycle_stage' as attribute,
        lifecycle_stage as value
    from {{ ref('dim_users') }}
    union all
    select
        person_id,
        'segment' as attribute,
        segment as value
    from {{ ref('user_segments') }}
    where segment is not null

),

intervals as (

    select
        person_id,
        attribute,
        value,
        valid_from,
        valid_to
    from before
    where valid_to is not null
    union all
    select
        before.person_id,
        before.attribute,
        before.value,
        before.valid_from,
        case when decided.person_id is null then {{ as_of_date() }} end as valid_to
    from before
    left join decided
        on before.person_id = decided.person_id and before.attribute = decided.attribute and before.value = decided.value
    where before.valid_to is null
    union all
    select
        decided.person_id,
        decided.attribute,
        decided.value,
        {{ as_of_date() }} as valid_from,
        cast(null as date) as valid_to
    from decided
    left join before
        on
            decided.person_id = before.person_id
            and decided.attribute = before.attribute
            and decided.value = before.value
            and before.valid_to is null
    where before.person_id is null

)

select
    intervals.person_id,
    intervals.attribute,
    intervals.value,
    intervals.valid_from,
    intervals.valid_to,
    nights_in_order.night_before as changed_after_date,
    intervals.valid_to is null as is_current
from intervals
left join nights_in_order on intervals.valid_from = nights_in_order.night
