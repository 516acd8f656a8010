-- Persons who are programs: their user agent says so, or they did more than max_events_per_minute events in one clock minute.
with bot_agents as (

    select user_agent
    from {{ ref('stg_events') }}
    where user_agent is not null
    group by user_agent
    having {{ is_bot_agent('user_agent') }}

),

by_agent as (

    select distinct events.person_id
    from {{ ref('stg_events') }} as staged
    inner join bot_agents on staged.user_agent = bot_agents.user_agent
    inner join {{ ref('int_events') }} as events on staged.row_key = events.row_key

),

-- only a person with that many events at all can have that many in a minute
busy as (

    select person_id
    from {{ ref('int_events') }}
    group by person_id
    having count(*) > {{ var('max_events_per_minute') }}

),

minutes as (

    select
        events.person_id,
        date_trunc('minute', events.event_at) as minute_at
    from {{ ref('int_events') }} as events
    inner join busy on events.person_id = busy.person_id
    group by events.person_id, date_trunc('minute', events.event_at)
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
