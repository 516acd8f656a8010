-- Every event of a person once that this night puts into sessions, with the person who did it: only the columns that sessions and bot
-- detection look at. Events of nobody are in int_unidentified_events. In a delta night these are what is new and what was opened again.
-- A view: to read the lake's few columns again costs less than to write them down.
{{ config(materialized='view') }}
with arrived as (

    select
        staged.row_key,
        staged.file_id,
        staged.line_number,
        staged.source,
        staged.event_id,
        -- on equality alone: a further condition on one side would make DuckDB compare every pair
        coalesce(staged.user_id, identities.person_id) as person_id,
        staged.event_at,
        staged.event_date,
        staged.event_name,
        staged.utm_campaign,
        staged.user_agent
    from (
        select
            *,
            case when user_id is null then anonymous_id end as unknown_device_id
        from {{ ref('stg_events') }}
    ) as staged
    left join {{ ref('int_duplicates') }} as duplicates
        on staged.file_id = duplicates.file_id and staged.line_number = duplicates.line_number
    left join {{ ref('int_identities') }} as identities on staged.unknown_device_id = identities.anonymous_id
    where duplicates.file_id is null and {{ is_of_a_person('staged') }}

)

select * from arrived
{%- if is_delta() %}
union all
select
    row_key,
    file_id,
    line_number,
    source,
    event_id,
    person_id,
    event_at,
    event_date,
    event_name,
    utm_campaign,
    user_agent
from {{ ref('int_reopened_events') }}
where not is_before
{%- endif %}
