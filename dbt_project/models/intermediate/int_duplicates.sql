-- Rows that are further copies of an event: all of (source, event_id) but the one that is kept. The kept one was received first
-- (unknown times last), then stands in the earlier file, then on the earlier line.
-- Groups are found by a 64-bit hash, which is much cheaper than grouping by the ids; the window below compares the ids themselves.
with hashed as (

    select
        row_key,
        {{ quick_hash(['source', 'event_id']) }} as id_hash
    from {{ ref('stg_events') }}

),

repeated as (

    select id_hash
    from hashed
    group by id_hash
    having count(*) > 1

),

candidates as (

    select events.*
    from {{ ref('stg_events') }} as events
    inner join repeated on {{ quick_hash(['events.source', 'events.event_id']) }} = repeated.id_hash

),

ranked as (

    select
        source,
        event_id,
        file_id,
        line_number,
        row_key,
        content_hash,
        row_number() over kept_first as copy_number,
        first_value(content_hash) over kept_first as kept_content_hash
    from candidates
    window kept_first as (
        partition by source, event_id
        order by received_at asc nulls last, file_number asc, line_number asc
    )

)

select
    source,
    event_id,
    file_id,
    line_number,
    row_key,
    content_hash <> kept_content_hash as is_conflict
from ranked
where copy_number > 1
