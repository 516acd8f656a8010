-- Events of the build that a delta night processes again, with the person they belong to now; empty in a full build.
-- is_before: earlier than that, from 60 seconds before its clock minute on: only the limit of events per minute reads them.
-- depends_on: {{ ref('stg_events') }}
{%- set names = ['file_id', 'line_number', 'source', 'event_id', 'user_id', 'anonymous_id', 'event_at', 'event_date', 'event_name',
                 'utm_campaign', 'user_agent', 'order_id'] %}
{%- if is_delta() %}
select
    {{ row_key('files.file_number', 'built.line_number') }} as row_key,
    built.{{ names | join(',\n    built.') }},
    coalesce(built.user_id, identities.person_id) as person_id,
    built.event_at < reopened.reopen_at as is_before
from {{ source('previous', 'fct_events') }} as built
inner join {{ ref('int_reopened') }} as reopened on built.person_id = reopened.person_id
inner join {{ ref('stg_files') }} as files on built.file_id = files.file_id
left join {{ ref('int_identities') }} as identities
    on case when built.user_id is null then built.anonymous_id end = identities.anonymous_id
left join {{ ref('int_duplicates') }} as duplicates
    on built.file_id = duplicates.file_id and built.line_number = duplicates.line_number
where
    built.event_at >= {{ add_seconds(dbt.date_trunc('minute', 'reopened.reopen_at'), -60) }}
    and duplicates.file_id is null
{%- else %}
select
    row_key,
    {{ names | join(',\n    ') }},
    user_id as person_id,
    false as is_before
from {{ ref('stg_events') }}
where 1 = 0
{%- endif %}
