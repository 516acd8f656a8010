{# What is counted per person and day, and per session and day: of events as they belong to persons now, and of those that belonged to
   another person at an earlier snapshot (int_former_events), so that both are counted alike. Not here: which events (the models). #}

{# A person's events by date, date known and name; `until` keeps apart what stopped to belong to the person on different dates, and where
   `is_stateful`, a delta night counts only what changed. #}
{% macro event_days(events, is_stateful=false, until=none) -%}
{%- set hour = local_hour('events.event_at') -%}
select
    events.person_id,
    events.event_date as activity_date,
    events.known_date,
    {%- if until %}
    events.{{ until }},
    {%- endif %}
    events.event_name,
    count(*) as n_events,
    cast(sum(case when events.is_session_start then 1 else 0 end) as bigint) as n_sessions,
    cast(sum(
        case when events.device_type in ('mobile', 'phone', 'smartphone', 'tablet', 'ios', 'android') then 1 else 0 end
    ) as bigint) as n_mobile_events,
    cast(sum(case when {{ hour }} >= 9 and {{ hour }} < 18 then 1 else 0 end) as bigint) as n_daytime_events,
    cast(sum(case when {{ hour }} >= 22 or {{ hour }} < 6 then 1 else 0 end) as bigint) as n_night_events,
    min(events.event_at) as first_event_at,
    max(events.event_at) as last_event_at,
    {{ any_true('events.is_bot') }} as is_bot
from {{ events }} as events
{%- if is_stateful %}{{ only_changed('events', since='event_date') }}{% endif %}
group by events.person_id, events.event_date, events.known_date, {% if until %}events.{{ until }}, {% endif %}events.event_name
{%- endmacro %}

{# The parts of sessions that lie on one date each, bots left out; `until` and `is_stateful` as above. #}
{% macro session_days(events, is_stateful=false, until=none) -%}
select
    session_id,
    person_id,
    activity_date,
    known_date,
    {%- if until %}
    {{ until }},
    {%- endif %}
    duration_s,
    duration_s >= 10 or n_views >= 2 or n_purchases > 0 as is_engaged
from (
    select
        events.session_id,
        events.person_id,
        events.event_date as activity_date,
        max(events.known_date) as known_date,
        {%- if until %}
        events.{{ until }},
        {%- endif %}
        coalesce({{ seconds_between(
            'min(case when not events.is_server_event then events.event_at end)',
            'max(case when not events.is_server_event then events.event_at end)'
        ) }}, 0) as duration_s,
        sum(case when events.event_name in ('page_view', 'view_item') then 1 else 0 end) as n_views,
        sum(case when events.event_name = 'purchase' then 1 else 0 end) as n_purchases
    from {{ events }} as events
    {%- if is_stateful %}{{ only_changed('events', since='event_date') }}{% endif %}
    where events.session_id is not null and not events.is_bot
    group by events.session_id, events.person_id, events.event_date {%- if until %}, events.{{ until }}{% endif %}
) as parts
{%- endmacro %}
