-- Persons who are programs: their user agent says so, or they did more than max_events_per_minute events in one clock minute.
with staged as (

    select
        row_key,
        user_agent,
        user_id,
        case when user_id is null then anonymous_id end as unknown_device_id
    from {{ ref('stg_events') }}
    where user_agent is not null

),

events as (

    select
        person_id,
        event_at,
        event_number
    from {{ ref('int_sessionized') }}

),

bot_agents as (

    select user_agent
    from staged
    group by user_agent
    having {{ is_bot_agent('user_agent') }}

),

by_agent as (

    select distinct coalesce(staged.user_id, identities.person_id) as person_id
    from staged
    inner join bot_agents on staged.user_agent = bot_agents.user_agent
    left join {{ ref('int_duplicates') }} as duplicates on staged.row_key = duplicates.row_key
    left join {{ ref('int_identities') }} as identities on staged.unknown_device_id = identities.anonymous_id
    where duplicates.row_key is null

),

-- only a person with that many events at all can have that many in a minute
busy as (

    select distinct person_id
    from events
    where event_number > {{ var('max_events_per_minute') }}

),

minutes as (

    select
        events.person_id,
        {{ dbt.date_trunc('minute', 'events.event_at') }} as minute_at
    from events
    inner join busy on events.person_id = busy.person_id
    group by events.person_id, {{ dbt.date_trunc('minute', 'events.event_at') }}
    having count(*) > {{ var('max_events_per_minute') }}

),

by_rate as (

    select distinct person_id from minutes

)

select
    coalesce(by_agent.person_id, by_rate.person_id) as person_id,
    case when by_agent.person_id is not null then 'user_agent' else 'events_per_minute' end as bot_reason
from by_agent
full outer join by_rate on by_agent.person_id = by_rate.person_id
