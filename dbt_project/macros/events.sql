{# How fct_events is made: wide rows straight from the lake (those opened again from the table itself) meet the narrow table of sessions.
   Not here: sessions, persons, bots (the intermediate models). #}

{# The times at which the parts of the events begin and end (null: open), as SQL literals; one part where they are few, and in a delta night. #}
{% macro parts_of_events() %}
    {%- set bounds = [none] -%}
    {%- if execute and not is_delta() -%}
        {%- set found = run_query(
            'select cast(event_at as date) as event_day, count(*) as n_events from ' ~ built('intermediate', 'int_sessionized')
            ~ ' group by cast(event_at as date) order by event_day'
        ) -%}
        {%- set part = namespace(n_events=0) -%}
        {%- for row in found.rows -%}
            {%- if part.n_events and part.n_events + row[1] > var('events_per_part') -%}
                {%- do bounds.append("timestamp '" ~ row[0] ~ " 00:00:00'") -%}
                {%- set part.n_events = 0 -%}
            {%- endif -%}
            {%- set part.n_events = part.n_events + row[1] -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(zip(bounds, bounds[1:] + [none]) | list) }}
{% endmacro %}

{% macro is_in_part(alias, part) %}
    {%- set said = [] -%}
    {%- if part[0] -%}{%- do said.append(alias ~ '.event_at >= ' ~ part[0]) -%}{%- endif -%}
    {%- if part[1] -%}{%- do said.append(alias ~ '.event_at < ' ~ part[1]) -%}{%- endif -%}
    {%- if said %}
    where {{ said | join(' and ') }}
    {%- endif %}
{%- endmacro %}

{# After the first part: the others, one statement each. #}
{% macro insert_other_parts_of_events() %}
    {%- if execute and not is_delta() -%}
        {%- for part in parts_of_events()[1:] %}
    {{ insert_part(events_with_sessions(part)) }}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# Every event of a part with its person and session. No other filter: with one, DuckDB may take the wide side for the small one and hash it. #}
{% macro events_with_sessions(part) %}
{%- set said = ['event_id', 'source', 'event_name', 'event_at', 'received_at', 'user_id', 'anonymous_id', 'item_id', 'category', 'price',
    'quantity', 'revenue', 'currency', 'order_id', 'search_term', 'page_url', 'page_path', 'referrer', 'utm_source', 'utm_medium',
    'utm_campaign', 'device_type', 'user_agent', 'duration_s', 'properties', 'file_id', 'line_number', 'content_hash'] %}
{%- set dates = reopened_dates() %}
with events as (

    select
        {{ row_key('files.file_number', 'lake_events.line_number') }} as row_key,
        lake_events.{{ said | join(',\n        lake_events.') }}
    from {{ ref('stg_lake_events') }} as lake_events
    inner join {{ ref('stg_files') }} as files on lake_events.file_id = files.file_id
    {{- is_in_part('lake_events', part) }}

),

{% if dates -%}
-- those of a file that is read again come from the lake
reopened_keys as (

    select
        row_key,
        file_id,
        line_number
    from {{ ref('int_reopened_events') }}
    where not is_before {%- if var('partial_files') %} and file_id not in {{ partial_files() }} {%- endif %}

),

known as ( -- noqa: ST03

    select
        reopened_keys.row_key,
        built.{{ said | join(',\n        built.') }}
    from {{ this }} as built
    inner join reopened_keys on built.file_id = reopened_keys.file_id and built.line_number = reopened_keys.line_number
    where built.event_date in ({{ dates | join(', ') }})

),

{% endif -%}
all_events as (

    select * from events
    {%- if dates %}
    union all
    select * from known
    {%- endif %}

),

sessionized as (

    select *
    from {{ ref('int_sessionized') }} as narrow
    {{- is_in_part('narrow', part) }}

),

bots as (

    select person_id from {{ ref('int_bots') }}

),

-- anonymous events are known to be a person's only since it is known whose device it is: a log-in was received, or one of somebody else
links as (

    select
        anonymous_id,
        {{ local_date('person_known_at') }} as linked_date
    from {{ ref('int_identities') }}
    where person_known_at is not null

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
    bots.person_id is not null as is_bot,
    events.properties,
    events.file_id,
    events.line_number,
    events.content_hash
from all_events as events
inner join sessionized on events.row_key = sessionized.row_key
left join bots on sessionized.person_id = bots.person_id
left join links on case when events.user_id is null then events.anonymous_id end = links.anonymous_id
left join {{ ref('stg_user_agents') }} as agents on events.user_agent = agents.user_agent
{% endmacro %}
