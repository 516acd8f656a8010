-- Grain: file × event × local date × property × kind of its values. Which properties the accepted lines up to as_of have, whether they
-- count as events or are copies; the base of schema_changes. A delta night reads whole files, those of which the build lacks lines.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='file_id') }}
{%- set texts = ['user_id', 'anonymous_id', 'item_id', 'category', 'currency', 'order_id', 'search_term', 'page_url', 'referrer',
                 'utm_source', 'utm_medium', 'utm_campaign', 'device_type', 'user_agent'] %}
{%- set numbers = ['price', 'quantity', 'revenue', 'duration_s'] %}
{%- set most_properties = 1000 %}
{%- set grain = ['file_id', 'source', 'event_name', 'event_date'] %}
with events as (

    select
        lines.*,
        {{ local_date('lines.event_at') }} as event_date,
        {{ json_shape('lines.properties') }} as shape
    from {{ ref('stg_lake_events') }} as lines
    inner join {{ ref('stg_files') }} as files on lines.file_id = files.file_id
    where files.status = 'loaded' and lines.event_at < {{ as_of_end_utc() }}

),

shapes as (

    select
        {{ grain | join(',\n        ') }},
        shape,
        count(*) as n_events,
        min(event_at) as first_seen_at
        {%- for column in texts + numbers %}
        {%- set is_given = column ~ (' <> 0' if column == 'duration_s' else ' is not null') %},
        sum(case when {{ is_given }} then 1 else 0 end) as n_{{ column }},
        min(case when {{ is_given }} then event_at end) as first_{{ column }}
        {%- endfor %}
    from events
    group by {{ grain | join(', ') }}, shape

),

properties as (

    {{ keys_of_shape('shapes', 'shape', grain + ['n_events', 'first_seen_at']) }}

),

found as (

    select
        {{ grain | join(',\n        ') }},
        cast(null as {{ dbt.type_string() }}) as property,
        'event' as kind,
        n_events,
        first_seen_at
    from shapes
    {%- for column in texts + numbers %}
    union all
    select
        {{ grain | join(',\n        ') }},
        '{{ column }}' as property,
        '{{ 'string' if column in texts else 'number' }}' as kind,
        n_{{ column }} as n_events,
        first_{{ column }} as first_seen_at
    from shapes
    where n_{{ column }} > 0
    {%- endfor %}
    union all
    select
        {{ grain | join(',\n        ') }},
        property,
        kind,
        n_events,
        first_seen_at
    from properties
    where kind is not null

),

counted as (

    select
        {{ grain | join(',\n        ') }},
        property,
        kind,
        cast(sum(n_events) as bigint) as n_events,
        min(first_seen_at) as first_seen_at
    from found
    group by {{ grain | join(', ') }}, property, kind

),

-- keys that are ids or the like, another in each event, say nothing of a schema
ranked as (

    select
        *,
        dense_rank() over (partition by file_id, event_name order by property nulls first) as place
    from counted

)

select
    {{ grain | join(',\n    ') }},
    property,
    kind,
    n_events,
    first_seen_at
from ranked
where place <= {{ most_properties }}
