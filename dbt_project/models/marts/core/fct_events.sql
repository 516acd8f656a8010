-- Grain: event (source, event_id). Every accepted event up to as_of exactly once, with its person and session; one that names nobody has
-- neither.
-- Wide rows are read straight from the lake (in a delta night those that are opened again from the table itself) and meet the narrow rows
-- of int_sessionized in one join. A full build of many events runs in parts of some dates each (macros/incremental/parts.sql).
{{ replaces_reopened(since='built.event_at >= reopened.reopen_at') }}
{{ config(
    pre_hook=[
        "{% if is_delta() %}update {{ this }} set is_bot = changed.is_bot from {{ ref('int_changed') }} as changed
            where {{ this.identifier }}.person_id = changed.person_id and {{ this.identifier }}.is_bot <> changed.is_bot{% endif %}",
        "{% if is_delta() %}delete from {{ this }} where person_id is null and (file_id, line_number) in (
            select (file_id, line_number) from {{ ref('int_unidentified_events') }}
            union all select (file_id, line_number) from {{ ref('int_duplicates') }}){% endif %}",
        '{{ set_first_part(parts_by_time()) }}'
    ],
    post_hook='{{ insert_other_parts(parts_by_time()) }}'
) }}
{%- set columns = [
    'event_id', 'source', 'event_name', 'event_at', 'received_at', 'user_id', 'anonymous_id', 'item_id', 'category', 'price', 'quantity',
    'revenue', 'currency', 'order_id', 'search_term', 'page_url', 'page_path', 'referrer', 'utm_source', 'utm_medium', 'utm_campaign',
    'device_type', 'user_agent', 'duration_s', 'properties', 'file_id', 'line_number', 'content_hash'
] %}
{%- set parts = parts_by_time() %}
{%- set dates = reopened_dates() %}
-- no other filter on the wide rows: with one, DuckDB may take them for the smaller side of the join and hash them
with lake_events as (

    select
        {{ row_key('files.file_number', 'events.line_number') }} as row_key,
        events.{{ columns | join(',\n        events.') }}
    from {{ ref('stg_lake_events') }} as events
    inner join {{ ref('stg_files') }} as files on events.file_id = files.file_id
    {{- where_time_in_part('events.event_at', parts) }}

),

{% if dates -%}
-- those of a file that is read again come from the lake
reopened_keys as (

    select
        row_key,
        file_id,
        line_number
    from {{ ref('int_reopened_events') }}
    where not is_before {%- if has_partial_files() %} and file_id not in {{ partial_files() }} {%- endif %}

),

reopened_events as ( -- noqa: ST03

    select
        reopened_keys.row_key,
        built.{{ columns | join(',\n        built.') }}
    from {{ this }} as built
    inner join reopened_keys on built.file_id = reopened_keys.file_id and built.line_number = reopened_keys.line_number
    where built.event_date in ({{ dates | join(', ') }})

),

{% endif -%}
events as (

    select * from lake_events
    {%- if dates %}
    union all
    select * from reopened_events
    {%- endif %}

),

sessionized as (

    select
        row_key,
        event_date,
        person_id,
        session_id,
        event_number,
        is_session_start,
        is_session_end,
        next_event_name,
        next_gap_s,
        is_server
    from {{ ref('int_sessionized') }}
    {{- where_time_in_part('event_at', parts) }}
    union all
    select
        row_key,
        event_date,
        null as person_id,
        null as session_id,
        null as event_number,
        false as is_session_start,
        false as is_session_end,
        null as next_event_name,
        null as next_gap_s,
        {{ is_server_event('source') }} as is_server
    from {{ ref('int_unidentified_events') }}
    {{- where_time_in_part('event_at', parts) }}

),

bots as (

    select person_id from {{ ref('int_bots') }}

),

-- anonymous events become known to be a person's when the device is linked or unlinked: when the log-in of its user, or of a second
-- user, was received
links as (

    select
        anonymous_id,
        {{ local_date('person_known_at') }} as linked_date
    from {{ ref('int_identities') }}
    where person_known_at is not null

),

agents as (

    select * from {{ ref('stg_user_agents') }}

)

select
    events.event_id,
    events.source,
    events.event_name,
    events.event_at,
    sessionized.event_date,
    events.received_at,
    {{ known_date('sessionized.event_date', 'events.received_at', 'links.linked_date') }} as known_date,
    sessionized.person_id,
    events.user_id,
    events.anonymous_id,
    sessionized.session_id,
    sessionized.event_number,
    sessionized.is_session_start,
    sessionized.is_session_end,
    sessionized.next_event_name,
    sessionized.next_gap_s,
    events.item_id,
    events.category,
    events.price,
    events.quantity,
    events.revenue,
    events.currency,
    events.order_id,
    events.search_term,
    events.page_url,
    events.page_path,
    events.referrer,
    events.utm_source,
    events.utm_medium,
    events.utm_campaign,
    coalesce(events.device_type, agents.device_type) as device_type,
    events.user_agent,
    events.duration_s,
    sessionized.is_server as is_server_event,
    bots.person_id is not null or (sessionized.person_id is null and coalesce(agents.is_bot, false)) as is_bot,
    events.properties,
    events.file_id,
    events.line_number,
    events.content_hash
from events
inner join sessionized on events.row_key = sessionized.row_key
left join bots on sessionized.person_id = bots.person_id
left join links
    on case when events.user_id is null and sessionized.person_id is not null then events.anonymous_id end = links.anonymous_id
left join agents on events.user_agent = agents.user_agent
