-- Grain: source × event × property × change. When each event and property was first seen, with which kinds of values, and which are gone.
{%- set key = ['source', 'event_name', 'property'] %}
{%- set gone_after = 7 %}
with kinds as (

    select
        {{ key | join(',\n        ') }},
        kind,
        min(first_seen_at) as first_seen_at,
        max(event_date) as last_seen_date,
        sum(n_events) as n_events
    from {{ ref('int_event_properties') }}
    group by {{ key | join(', ') }}, kind

),

ordered_kinds as (

    select
        *,
        row_number() over first_to_last as place,
        lag(kind) over first_to_last as previous_kind
    from kinds
    window first_to_last as (partition by {{ key | join(', ') }} order by first_seen_at, kind)

),

-- of the property, whatever the kind
properties as (

    select
        {{ key | join(',\n        ') }},
        min(event_date) as first_seen_date,
        max(event_date) as last_seen_date,
        count(distinct event_date) as n_dates,
        sum(n_events) as n_events
    from {{ ref('int_event_properties') }}
    group by {{ key | join(', ') }}

),

source_ends as (

    select
        source,
        max(last_seen_date) as last_date
    from properties
    group by source

),

event_ends as (

    select
        source,
        event_name,
        last_seen_date as last_date
    from properties
    where property is null

),

-- a property can only be missed where its event goes on, and an event where its source does
followed as (

    select
        properties.*,
        case when properties.property is null then source_ends.last_date else event_ends.last_date end as last_date
    from properties
    inner join source_ends on properties.source = source_ends.source
    inner join event_ends on properties.source = event_ends.source and properties.event_name = event_ends.event_name

),

changes as (

    select
        {{ key | join(',\n        ') }},
        case when place = 1 then 'first_seen' else 'new_type' end as change,
        first_seen_at,
        {{ local_date('first_seen_at') }} as change_date,
        kind,
        previous_kind,
        last_seen_date,
        n_events
    from ordered_kinds
    union all
    select
        followed.source,
        followed.event_name,
        followed.property,
        'gone' as change,
        kinds.first_seen_at,
        {{ add_days('followed.last_seen_date', gone_after) }} as change_date,
        kinds.kind,
        cast(null as {{ dbt.type_string() }}) as previous_kind,
        followed.last_seen_date,
        followed.n_events
    from followed
    inner join ordered_kinds as kinds
        on
            followed.source = kinds.source
            and followed.event_name = kinds.event_name
            and followed.property is not distinct from kinds.property
            and kinds.place = 1
    where {{ days_between('followed.last_seen_date', 'followed.last_date') }} >= {{ gone_after }}

)

select
    changes.source,
    changes.event_name,
    changes.property,
    changes.change,
    changes.first_seen_at,
    changes.change_date,
    changes.kind as value_type,
    changes.previous_kind as previous_value_type,
    changes.last_seen_date,
    cast(changes.n_events as bigint) as n_events,
    -- seen on most dates of a week or longer: what comes now and then is not missed
    followed.n_dates >= {{ gone_after }}
    and 2 * followed.n_dates > {{ days_between('followed.first_seen_date', 'followed.last_seen_date') }} as is_regular
from changes
inner join followed
    on
        changes.source = followed.source
        and changes.event_name = followed.event_name
        and changes.property is not distinct from followed.property
