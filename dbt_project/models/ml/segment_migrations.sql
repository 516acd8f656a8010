-- Grain: from × to. Who went from which segment to which since the night before, as user_history kept its decisions.
with kept as (

    select * from {{ ref('stg_user_history') }}

),

night_before as (

    select max(valid_from) as previous_as_of_date
    from kept
    where person_id is null and valid_from < {{ as_of_date() }}

),

before as (

    select
        kept.person_id,
        kept.value as segment
    from kept
    inner join night_before
        on
            kept.valid_from <= night_before.previous_as_of_date
            and (kept.valid_to > night_before.previous_as_of_date or kept.valid_to is null)
    where kept.person_id is not null and kept.attribute = 'segment'

),

now as (

    select
        person_id,
        segment
    from {{ ref('user_segments') }}

),

pairs as (

    select
        coalesce(before.segment, '(new)') as from_segment,
        coalesce(now.segment, '(gone)') as to_segment
    from before
    full outer join now on before.person_id = now.person_id

)

select
    {{ as_of_date() }} as as_of_date,
    night_before.previous_as_of_date,
    pairs.from_segment,
    pairs.to_segment,
    count(*) as n_persons
from pairs
cross join night_before
where night_before.previous_as_of_date is not null
group by night_before.previous_as_of_date, pairs.from_segment, pairs.to_segment
