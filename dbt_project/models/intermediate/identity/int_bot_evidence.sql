-- When a person was identified as a bot: its user agent is one (one row per date), or it did more than max_events_per_minute events in one
-- clock minute (one row per minute).
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

    select distinct person_id
    from {{ ref('int_sessionized') }}
    where event_number > {{ var('max_events_per_minute') }}

),

moments as (

    select
        person_id,
        event_at
    from {{ ref('int_sessionized') }}
    {%- if is_delta() %}
    union all
    select
        person_id,
        event_at
    from {{ ref('int_reopened_events') }}
    where is_before
    {%- endif %}

),

by_rate as (

    select
        moments.person_id,
        'events_per_minute' as bot_reason,
        {{ dbt.date_trunc('minute', 'moments.event_at') }} as evidence_at
    from moments
    inner join busy on moments.person_id = busy.person_id
    group by moments.person_id, {{ dbt.date_trunc('minute', 'moments.event_at') }}
    having count(*) > {{ var('max_events_per_minute') }}

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
