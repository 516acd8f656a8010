-- When a person was identified as a bot: its user agent is one (one row per date), or it did more than max_events_per_minute events within
-- some 60 seconds, the lines of one order counted once (one row per clock minute in which such seconds end).
{{ replaces_reopened(since='built.evidence_at >= ' ~ dbt.date_trunc('minute', 'reopened.reopen_at')) }}
with bot_agents as (

    select user_agent
    from {{ ref('stg_user_agents') }}
    where is_bot

),

-- few: so they are found in the lake first, and meet the sessions by key (joined to int_events, this would hash every event)
bot_rows as (

    select staged.row_key
    from {{ ref('stg_events') }} as staged
    inner join bot_agents on staged.user_agent = bot_agents.user_agent
    {%- if is_delta() %}
    union all
    select reopened.row_key
    from {{ ref('int_reopened_events') }} as reopened
    inner join bot_agents on reopened.user_agent = bot_agents.user_agent
    {%- endif %}

),

by_agent as (

    select
        events.person_id,
        'user_agent' as bot_reason,
        min(events.event_at) as evidence_at
    from {{ ref('int_sessionized') }} as events
    inner join bot_rows on events.row_key = bot_rows.row_key
    group by events.person_id, events.event_date

),

-- only a person with that many events at all can have that many in a minute
busy as (

    select person_id
    from {{ ref('int_event_counts') }}
    where n_events > {{ var('max_events_per_minute') }}

),

moments as (

    select
        row_key,
        person_id,
        event_at
    from {{ ref('int_sessionized') }}
    {%- if is_delta() %}
    union all
    select
        row_key,
        person_id,
        event_at
    from {{ ref('int_reopened_events') }}
    where is_before
    {%- endif %}

),

-- 60 seconds lie in two clock minutes, and more than half of their events in one of them: cheap to count, and few persons are left
fast as (

    select distinct person_id
    from (
        select moments.person_id
        from moments
        inner join busy on moments.person_id = busy.person_id
        group by moments.person_id, {{ dbt.date_trunc('minute', 'moments.event_at') }}
        having count(*) * 2 > {{ var('max_events_per_minute') }}
    ) as minutes

),

order_lines as (

    select
        row_key,
        concat(event_name, ':', order_id) as act
    from {{ ref('stg_events') }}
    where event_name in ('purchase', 'refund') and order_id is not null
    {%- if is_delta() %}
    union all
    select
        row_key,
        concat(event_name, ':', order_id) as act
    from {{ ref('int_reopened_events') }}
    where event_name in ('purchase', 'refund') and order_id is not null
    {%- endif %}

),

-- the lines of one order are one act, however long the invoice
acts as (

    select
        moments.person_id,
        moments.event_at,
        {{ epoch_micros('moments.event_at') }} as at_us,
        coalesce(order_lines.act, cast(moments.row_key as {{ dbt.type_string() }})) as act
    from moments
    inner join fast on moments.person_id = fast.person_id
    left join order_lines on moments.row_key = order_lines.row_key

),

last_minutes as (

    select
        person_id,
        event_at,
        {{ count_distinct_over('act', 'partition by person_id order by at_us range between 59999999 preceding and current row') }} as n_acts
    from acts

),

by_rate as (

    select
        last_minutes.person_id,
        'events_per_minute' as bot_reason,
        min(last_minutes.event_at) as evidence_at
    from last_minutes
    {%- if is_delta() %}
    inner join {{ ref('int_reopened') }} as reopened
        on
            last_minutes.person_id = reopened.person_id
            and last_minutes.event_at >= {{ dbt.date_trunc('minute', 'reopened.reopen_at') }}
    {%- endif %}
    where last_minutes.n_acts > {{ var('max_events_per_minute') }}
    group by last_minutes.person_id, {{ dbt.date_trunc('minute', 'last_minutes.event_at') }}

)

select
    person_id,
    bot_reason,
    evidence_at
from by_agent
union all
select
    person_id,
    bot_reason,
    evidence_at
from by_rate
