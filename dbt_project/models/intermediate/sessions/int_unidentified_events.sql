-- Events that this night read and that name nobody, each once: lines of a server that are nobody's visit, anonymous answers. They are in
-- fct_events without a person and a session, and in nothing that counts persons.
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
where staged.user_id is null and staged.anonymous_id is null and duplicates.file_id is null
