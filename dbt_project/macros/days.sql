{# What is counted per person and day, and per session and day, of events as they belong to persons now (int_person_event_days,
   int_session_days) and of those that belonged to another person at an earlier snapshot (int_former_event_days, int_former_session_days). #}

{% macro event_day_measures(events) -%}
    {%- set hour = local_hour(events ~ '.event_at') -%}
    count(*) as n_events,
    cast(sum(case when {{ events }}.is_session_start then 1 else 0 end) as bigint) as n_sessions,
    cast(sum(
        case when {{ events }}.device_type in ('mobile', 'phone', 'smartphone', 'tablet', 'ios', 'android') then 1 else 0 end
    ) as bigint) as n_mobile_events,
    cast(sum(case when {{ hour }} >= 9 and {{ hour }} < 18 then 1 else 0 end) as bigint) as n_daytime_events,
    cast(sum(case when {{ hour }} >= 22 or {{ hour }} < 6 then 1 else 0 end) as bigint) as n_night_events,
    min({{ events }}.event_at) as first_event_at,
    max({{ events }}.event_at) as last_event_at,
    {{ any_true(events ~ '.is_bot') }} as is_bot
{%- endmacro %}

{# Server events lengthen nothing. #}
{% macro session_day_measures(events) -%}
    coalesce({{ seconds_between(
            'min(case when not ' ~ events ~ '.is_server_event then ' ~ events ~ '.event_at end)',
            'max(case when not ' ~ events ~ '.is_server_event then ' ~ events ~ '.event_at end)'
        ) }}, 0) as duration_s,
        sum(case when {{ events }}.event_name in ('page_view', 'view_item') then 1 else 0 end) as n_views,
        sum(case when {{ events }}.event_name = 'purchase' then 1 else 0 end) as n_purchases
{%- endmacro %}
