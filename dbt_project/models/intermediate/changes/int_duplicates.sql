-- Rows that are further copies of an event: all of (source, event_id) but the one that is kept. The kept one was received first
-- (unknown times last), then stands in the earlier file, then on the earlier line. Of sources whose later copy is the corrected one, the
-- kept one was received last, or its file was read last; a table of the day so far is no correction of the table of the whole day.
-- A line counts as held once it is here or in fct_events, so what reads whole files goes first.
-- depends_on: {{ ref('int_event_properties') }}
-- Groups are found by a 64-bit hash, which is much cheaper than grouping by the ids; the window below compares the ids themselves.
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key=['source', 'event_id'],
    on_schema_change='append_new_columns'
) }}
{%- set facts = ['source', 'event_id', 'file_id', 'line_number', 'received_at', 'content_hash'] %}
with arrived as (

    select
        row_key,
        file_number,
        {{ facts | join(',\n        ') }}
    from {{ ref('stg_events') }}

),

{% if is_delta() -%}
ids as (

    select distinct
        source,
        event_id
    from arrived

),

-- the copy that counted so far, and those that did not
known as ( -- noqa: ST03
    {%- for relation in [source('previous', 'fct_events'), this] %}

    select
        {{ row_key('files.file_number', 'built.line_number') }} as row_key,
        files.file_number,
        built.{{ facts | join(',\n        built.') }}
    from {{ relation }} as built
    inner join ids on built.source = ids.source and built.event_id = ids.event_id
    inner join {{ ref('stg_files') }} as files on built.file_id = files.file_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{% endif -%}
copies as (

    select * from arrived
    {%- if is_delta() %}
    -- distinct: a night that broke off may have left a row in both
    union
    select * from known
    {%- endif %}

),

repeated as (

    select {{ quick_hash(['source', 'event_id']) }} as id_hash
    from copies
    group by {{ quick_hash(['source', 'event_id']) }}
    having count(*) > 1

),

candidates as (

    select
        copies.*,
        files.ingested_at,
        case when files.file like '%intraday%' then 1 else 0 end as is_of_day_so_far,
        {{ is_from('copies.source', 'latest_copy_sources') }} as is_latest_kept
    from copies
    inner join repeated on {{ quick_hash(['copies.source', 'copies.event_id']) }} = repeated.id_hash
    inner join {{ ref('stg_files') }} as files on copies.file_id = files.file_id

),

ranked as (

    select
        *,
        row_number() over kept_first as copy_number,
        first_value(content_hash) over kept_first as kept_content_hash
    from candidates
    window kept_first as (
        partition by source, event_id
        order by
            case when is_latest_kept then received_at end desc nulls last,
            case when is_latest_kept then is_of_day_so_far end asc nulls last,
            case when is_latest_kept then ingested_at end desc nulls last,
            case when not is_latest_kept then received_at end asc nulls last,
            file_number asc,
            line_number asc
    )

)

select
    source,
    event_id,
    file_id,
    line_number,
    received_at,
    content_hash,
    content_hash <> kept_content_hash as is_conflict
from ranked
where copy_number > 1
