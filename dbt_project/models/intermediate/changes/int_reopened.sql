-- Persons with changes in a delta night, and from when on their events are processed again; empty in a full build.
--
-- A change is an event that came, went, or belongs to another person now. It can move the bounds of the session it falls into and of all
-- that follow, never of those before: so a person is opened again from the start of the last session that began before the first change.
-- Where that session was over by more than the timeout, it cannot be touched, and the change itself is the place.
-- A person stays in this table until the night is published, so that a night that broke off is taken up where it was.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='person_id') }}
{%- set timeout_s = var('session_timeout_minutes') * 60 %}
{% if is_delta() -%}
with arrived as (

    select
        coalesce(staged.user_id, devices.person_id) as person_id,
        staged.event_name,
        staged.event_at,
        staged.order_id
    from {{ ref('stg_events') }} as staged
    left join {{ ref('int_duplicates') }} as duplicates
        on staged.file_id = duplicates.file_id and staged.line_number = duplicates.line_number
    left join {{ ref('int_devices') }} as devices
        on case when staged.user_id is null then staged.anonymous_id end = devices.anonymous_id
    where duplicates.file_id is null and {{ is_of_a_person('staged') }}

),

-- devices that are another person's now, or since another day: their anonymous events move, or become known on another date
moved_devices as (

    select
        devices.anonymous_id,
        devices.person_id
    from {{ ref('int_devices') }} as devices
    left join {{ source('previous', 'int_identities') }} as before on devices.anonymous_id = before.anonymous_id
    where
        before.anonymous_id is null
        or devices.person_id <> before.person_id
        or coalesce(devices.linked_at <> before.linked_at, (devices.linked_at is null) <> (before.linked_at is null))
        or coalesce(
            devices.person_known_at <> before.person_known_at,
            (devices.person_known_at is null) <> (before.person_known_at is null)
        )

),

moved_events as (

    select
        built.person_id as person_id_before,
        moved_devices.person_id,
        built.event_at
    from {{ source('previous', 'fct_events') }} as built
    inner join moved_devices on built.anonymous_id = moved_devices.anonymous_id
    where built.user_id is null

),

-- who else gives an order_id decides whose order it is, and which order a refund reduces
orders as (

    select order_id from arrived
    where event_name = 'purchase' and order_id is not null
    union
    select order_id from {{ ref('int_displaced') }}
    where event_name = 'purchase' and order_id is not null

),

reported_before as (

    select
        built.person_id,
        built.event_at
    from {{ source('previous', 'fct_events') }} as built
    inner join orders on built.order_id = orders.order_id
    where built.event_name in ('purchase', 'refund')

),

changes as (

    select
        person_id,
        event_at as changed_at
    from arrived
    union all
    select
        person_id,
        event_at as changed_at
    from {{ ref('int_displaced') }}
    union all
    select
        person_id_before as person_id,
        event_at as changed_at
    from moved_events
    union all
    select
        person_id,
        event_at as changed_at
    from moved_events
    union all
    select
        person_id,
        event_at as changed_at
    from reported_before
    union all
    select
        person_id,
        changed_at
    from {{ source('state', 'pending_changes') }}

),

-- an order takes its session from the other source as long as its own has none: where the sessions of one person move, that of the
-- other may win or lose its revenue
reported_by_others as (

    select
        others.person_id,
        others.event_at as changed_at
    from (select distinct person_id from changes) as changed
    inner join {{ source('previous', 'int_order_events') }} as mine on changed.person_id = mine.person_id
    inner join {{ source('previous', 'int_order_events') }} as others
        on mine.order_id = others.order_id and mine.person_id <> others.person_id
    where mine.event_name = 'purchase'

),

first_changes as (

    select
        person_id,
        min(changed_at) as changed_at
    from (
        select * from changes
        union all
        select * from reported_by_others
    ) as all_changes
    where person_id is not null
    group by person_id

),

latest_sessions as (

    select
        first_changes.person_id,
        max(sessions.started_at) as started_at
    from first_changes
    inner join {{ source('previous', 'fct_sessions') }} as sessions
        on first_changes.person_id = sessions.person_id and first_changes.changed_at > sessions.started_at
    group by first_changes.person_id

),

places as (

    select
        first_changes.person_id,
        first_changes.changed_at,
        sessions.started_at,
        sessions.session_number,
        sessions.first_event_number,
        sessions.n_events,
        {% if var('server_sources') or var('cut_on_campaign') -%}
        false
        {%- else -%}
        coalesce({{ seconds_between('sessions.ended_at', 'first_changes.changed_at') }} > {{ timeout_s }}, false)
        {%- endif %} as is_over
    from first_changes
    left join latest_sessions on first_changes.person_id = latest_sessions.person_id
    left join {{ source('previous', 'fct_sessions') }} as sessions
        on latest_sessions.person_id = sessions.person_id and latest_sessions.started_at = sessions.started_at

),

reopened as (

    select
        person_id,
        case
            when is_over then changed_at
            else coalesce(started_at, {{ beginning_of_time() }})
        end as reopen_at,
        cast(coalesce(first_event_number - 1 + case when is_over then n_events else 0 end, 0) as bigint) as n_events_before,
        cast(coalesce(session_number - 1 + case when is_over then 1 else 0 end, 0) as bigint) as n_sessions_before
    from places
    union all
    select
        person_id,
        reopen_at,
        n_events_before,
        n_sessions_before
    from {{ this }}

),

ranked as (

    select
        *,
        row_number() over (partition by person_id order by reopen_at) as place
    from reopened

)

select
    person_id,
    reopen_at,
    n_events_before,
    n_sessions_before
from ranked
where place = 1
{%- else -%}
select
    cast(null as {{ dbt.type_string() }}) as person_id,
    cast(null as {{ dbt.type_timestamp() }}) as reopen_at,
    cast(null as bigint) as n_events_before,
    cast(null as bigint) as n_sessions_before
from {{ ref('int_devices') }}
where 1 = 0
{%- endif %}
