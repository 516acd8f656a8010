-- Grain: person × local date × date the events became known × event name. The one base of everything counted per person and day.
--
-- `known_date` keeps features honest: an event that arrived after its day, or that was tied to its person only later (the anonymous
-- events before a log-in), was not known on its day. An arrival more than max_late_days after the event is an import of history, which
-- says nothing of when the event was known: it counts as known on its day.
with events as (

    select * from {{ ref('fct_events') }}

),

identities as (

    select
        anonymous_id,
        {{ local_date('linked_at') }} as linked_date
    from {{ ref('int_identities') }}
    where linked_at is not null

),

dated as (

    select
        events.person_id,
        events.event_date,
        events.event_name,
        events.session_id,
        events.is_session_start,
        events.device_type,
        events.revenue,
        events.event_at,
        events.is_bot,
        greatest(
            events.event_date,
            coalesce(identities.linked_date, events.event_date),
            case
                when events.received_at < {{ add_days('events.event_date', var('max_late_days')) }}
                    then {{ local_date('events.received_at') }}
                else events.event_date
            end
        ) as known_date
    from events
    left join identities on events.anonymous_id = identities.anonymous_id and events.user_id is null

)

select
    person_id,
    event_date as activity_date,
    known_date,
    event_name,
    count(*) as n_events,
    cast(sum(case when is_session_start then 1 else 0 end) as bigint) as n_sessions,
    cast(sum(case when device_type in ('mobile', 'phone', 'smartphone', 'tablet', 'ios', 'android') then 1 else 0 end) as bigint) as n_mobile_events,
    cast(sum(case when event_name = 'purchase' then coalesce(revenue, 0) else 0 end) as double) as revenue,
    min(event_at) as first_event_at,
    max(event_at) as last_event_at,
    {{ any_true('is_bot') }} as is_bot
from dated
group by person_id, event_date, known_date, event_name
