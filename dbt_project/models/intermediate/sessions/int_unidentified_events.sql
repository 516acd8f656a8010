-- Events that this night read and that are nobody's, each once: lines of a server that are nobody's visit, anonymous answers; and those
-- that only say who somebody is, whose ids are linked all the same. They are in fct_events without a person and a session, and in nothing
-- that counts persons.
select
    staged.row_key,
    staged.file_id,
    staged.line_number,
    staged.source,
    staged.event_at,
    staged.event_date
from {{ ref('stg_events') }} as staged
left join {{ ref('int_duplicates') }} as duplicates
    on staged.file_id = duplicates.file_id and staged.line_number = duplicates.line_number
where duplicates.file_id is null and not ({{ is_of_a_person('staged') }})
