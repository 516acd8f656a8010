-- Grain: person × snapshot date. What was known of a person at the end of that date: only what had happened and had become known by then
-- (known_date), as it belonged to persons then: a device that logged in later is a person of its own (until_date of int_former_events).
-- Persons appear from the day they were first known; bots are left out. "30d" is the snapshot date and the 29 days before.
-- Persons are made some after the others where there are many (macros/incremental/parts.sql).
{{ config(
    pre_hook='{{ set_first_part(parts_of_features()) }}',
    post_hook='{{ insert_other_parts(parts_of_features()) }}'
) }}
{%- set parts = parts_of_features() %}
{%- set dates = snapshot_dates() %}
{%- set first_day = add_days("cast('" ~ dates[0] ~ "' as date)", -30) %}
{%- set now_and_then = [(ref('int_person_event_days'), none), (ref('int_former_event_days'), 'until_date')] %}
with snapshots as (

    {{ snapshots() }}

),

-- dates that events of before a change of persons and of after it may share
former_dates as (

    select distinct
        person_id,
        activity_date
    from {{ ref('int_former_event_days') }}

),

-- person × active date × date known; the row that made the date known counts it
person_days as (
    {%- for table, until in now_and_then %}

    select
        person_id,
        activity_date,
        known_date,
        {{ until or 'cast(null as date)' }} as until_date,
        sum(n_events) as n_events,
        sum(n_sessions) as n_sessions,
        sum(n_mobile_events) as n_mobile_events,
        sum(n_daytime_events) as n_daytime_events,
        sum(n_night_events) as n_night_events,
        {%- for name, column in [('view_item', 'n_item_views'), ('add_to_cart', 'n_add_to_carts'),
                                 ('add_to_wishlist', 'n_wishlists'), ('search', 'n_searches'),
                                 ('begin_checkout', 'n_checkouts'), ('purchase', 'n_purchases'),
                                 ('survey_response', 'n_feedback')] %}
        sum(case when event_name = '{{ name }}' then n_events else 0 end) as {{ column }},
        {%- endfor %}
        case when row_number() over (partition by person_id, activity_date order by known_date) = 1 then 1 else 0 end as n_first
    from {{ table }}
    where not is_bot {{ and_person_in_part(none, parts) }}
    group by person_id, activity_date, known_date{{ ', ' ~ until if until }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

known_days as (
    {%- for is_shared in [false, true] %}

    select
        snapshots.as_of_date,
        person_days.*,
        {{ days_between('person_days.activity_date', 'snapshots.as_of_date') }} as days_ago,
        -- counted from a Monday
        {{ days_between("cast('1970-01-05' as date)", 'person_days.activity_date') }} % 7 >= 5 as is_weekend,
        {%- if is_shared %}
        case when row_number() over (
            partition by snapshots.as_of_date, person_days.person_id, person_days.activity_date order by person_days.known_date
        ) = 1 then 1 else 0 end as n_days
        {%- else %}
        person_days.n_first as n_days
        {%- endif %}
    from person_days
    {{ 'inner' if is_shared else 'left' }} join former_dates
        on person_days.person_id = former_dates.person_id and person_days.activity_date = former_dates.activity_date
    inner join snapshots
        on
            person_days.activity_date <= snapshots.as_of_date
            and person_days.known_date <= snapshots.as_of_date
            {%- if is_shared %}
            and coalesce(person_days.until_date > snapshots.as_of_date, true)
            {%- endif %}
    {%- if not is_shared %}
    where former_dates.person_id is null
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

activity as (

    select
        as_of_date,
        person_id,
        min(days_ago) as days_since_last_active,
        max(days_ago) as days_since_first_seen,
        sum(n_days) as n_active_days_total,
        sum(case when days_ago < 7 then n_days else 0 end) as n_active_days_7d,
        sum(case when days_ago < 30 then n_days else 0 end) as n_active_days_30d,
        sum(case when days_ago < 7 then n_sessions else 0 end) as n_sessions_7d,
        sum(case when days_ago < 30 then n_sessions else 0 end) as n_sessions_30d,
        sum(case when days_ago < 7 then n_events else 0 end) as n_events_7d,
        sum(case when days_ago < 30 then n_events else 0 end) as n_events_30d,
        {%- for days in [14, 90] %}
        sum(case when days_ago < {{ days }} then n_days else 0 end) as n_active_days_{{ days }}d,
        sum(case when days_ago < {{ days }} then n_events else 0 end) as n_events_{{ days }}d,
        {%- endfor %}
        {%- for days in [7, 14, 30, 90] %}
        sum(case when days_ago >= {{ days }} and days_ago < {{ 2 * days }} then n_events else 0 end) as n_events_prev_{{ days }}d,
        {%- endfor %}
        sum(case when days_ago < 30 and is_weekend then n_events else 0 end) as n_weekend_events_30d,
        max(case
            when days_ago >= 30 then 0
            when n_purchases > 0 then 4
            when n_checkouts > 0 then 3
            when n_add_to_carts > 0 then 2
            when n_item_views > 0 then 1
            else 0
        end) as funnel_depth_30d,
        min(case when n_add_to_carts > 0 then days_ago end) as days_since_last_add_to_cart,
        sum(case when days_ago < 30 then n_mobile_events else 0 end) as n_mobile_events_30d,
        sum(case when days_ago < 30 then n_daytime_events else 0 end) as n_daytime_events_30d,
        sum(case when days_ago < 30 then n_night_events else 0 end) as n_night_events_30d,
        sum(case when days_ago < 30 then n_item_views else 0 end) as n_item_views_30d,
        sum(case when days_ago < 30 then n_add_to_carts else 0 end) as n_add_to_carts_30d,
        sum(case when days_ago < 30 then n_wishlists else 0 end) as n_wishlists_30d,
        sum(case when days_ago < 30 then n_searches else 0 end) as n_searches_30d,
        sum(case when days_ago < 90 then n_feedback else 0 end) as n_feedback_90d,
        min(case when n_feedback > 0 then days_ago end) as days_since_last_feedback,
        {{ any_true('days_ago < ' ~ var('churn').lookback_days) }} as is_active_lookback,
        {{ any_true('days_ago >= 7 and days_ago < 37') }} as was_active_prev_30d
    from known_days
    group by as_of_date, person_id

),

-- person × snapshot × session: a session of two days counts once
known_sessions as (

    select
        snapshots.as_of_date,
        parts.person_id,
        parts.session_id,
        {{ stable_sum('parts.duration_s') }} as duration_s,
        max(case when parts.is_engaged then 1 else 0 end) as n_engaged
    from (
        {%- for table, until in [(ref('int_session_days'), none), (ref('int_former_session_days'), 'until_date')] %}
        select
            session_id,
            person_id,
            activity_date,
            known_date,
            {{ until or 'cast(null as date)' }} as until_date,
            duration_s,
            is_engaged
        from {{ table }}
        where 1 = 1 {{ and_person_in_part(none, parts) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as parts
    inner join snapshots
        on
            parts.activity_date <= snapshots.as_of_date
            and parts.activity_date > {{ add_days('snapshots.as_of_date', -30) }}
            and parts.known_date <= snapshots.as_of_date
            and coalesce(parts.until_date > snapshots.as_of_date, true)
    group by snapshots.as_of_date, parts.person_id, parts.session_id

),

sessions as (

    select
        as_of_date,
        person_id,
        count(*) as n_sessions,
        {{ stable_sum('duration_s') }} as duration_s,
        sum(n_engaged) as n_engaged
    from known_sessions
    group by as_of_date, person_id

),

-- What a person touched and did in the 30 days of every snapshot, one column each: a row per person and item or event name is far fewer
-- than every row of 30 days for every snapshot.
touched as (
    {%- for attribute in ['item_id', 'category'] %}

    select
        person_id,
        {%- for date in dates %}
        max(is_in_{{ loop.index }}) as is_in_{{ loop.index }},
        {%- endfor %}
        '{{ attribute }}' as kind
    from (
        {%- for table, until in [(ref('fct_events'), none), (ref('int_former_events'), 'until_date')] %}
        select
            person_id,
            {%- for date in dates %}
            case when {{ is_in_30_days(date, 'event_date', 'known_date', until) }} then 1 else 0 end as is_in_{{ loop.index }},
            {%- endfor %}
            {{ attribute }}
        from {{ table }}
        where
            not is_bot and person_id is not null and {{ attribute }} is not null
            and event_date > {{ first_day }} {{ and_person_in_part(none, parts) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as seen
    group by person_id, {{ attribute }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

items as (
    {%- for date in dates %}

    select
        cast('{{ date }}' as date) as as_of_date,
        person_id,
        sum(case when kind = 'item_id' then is_in_{{ loop.index }} else 0 end) as n_distinct_items_30d,
        sum(case when kind = 'category' then is_in_{{ loop.index }} else 0 end) as n_distinct_categories_30d
    from touched
    group by person_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- the score of the last answer
feedback as (

    select
        as_of_date,
        person_id,
        score
    from (
        select
            snapshots.as_of_date,
            events.person_id,
            {{ number_in_text(json_text('events.properties', 'score')) }} as score,
            row_number() over (
                partition by snapshots.as_of_date, events.person_id order by events.event_at desc, events.event_id asc, events.source asc
            ) as place
        from {{ ref('fct_events') }} as events
        inner join snapshots on events.event_date <= snapshots.as_of_date and events.known_date <= snapshots.as_of_date
        where
            events.event_name = 'survey_response' and events.person_id is not null
            and not events.is_bot {{ and_person_in_part('events', parts) }}
    ) as answers
    where place = 1

),

orders as (

    select * from {{ ref('int_order_features') }}
    where 1 = 1 {{ and_person_in_part(none, parts) }}

),

scores as (

    select * from {{ ref('int_activity_scores') }}
    where 1 = 1 {{ and_person_in_part(none, parts) }}

)

select
    activity.person_id,
    activity.as_of_date,
    cast(activity.days_since_last_active as bigint) as days_since_last_active,
    cast(activity.days_since_first_seen as bigint) as days_since_first_seen,
    cast(activity.n_active_days_7d as bigint) as n_active_days_7d,
    cast(activity.n_active_days_30d as bigint) as n_active_days_30d,
    cast(activity.n_active_days_total as bigint) as n_active_days_total,
    cast(activity.n_sessions_7d as bigint) as n_sessions_7d,
    cast(activity.n_sessions_30d as bigint) as n_sessions_30d,
    cast(activity.n_events_7d as bigint) as n_events_7d,
    cast(activity.n_events_30d as bigint) as n_events_30d,
    cast(activity.n_events_prev_30d as bigint) as n_events_prev_30d,
    cast(activity.n_events_7d * 30.0 / 7 / greatest(activity.n_events_30d, 1) as double) as activity_trend,
    {%- for days in [14, 90] %}
    cast(activity.n_active_days_{{ days }}d as bigint) as n_active_days_{{ days }}d,
    cast(activity.n_events_{{ days }}d as bigint) as n_events_{{ days }}d,
    {%- endfor %}
    {%- for days in [7, 14, 30, 90] %}
    cast((1.0 + activity.n_events_{{ days }}d) / (1.0 + activity.n_events_prev_{{ days }}d) as double) as events_trend_{{ days }}d,
    {%- endfor %}
    cast(activity.n_weekend_events_30d * 1.0 / greatest(activity.n_events_30d, 1) as double) as share_weekend_30d,
    cast(activity.n_events_30d * 1.0 / greatest(activity.n_sessions_30d, 1) as double) as events_per_session_30d,
    cast(activity.funnel_depth_30d as bigint) as funnel_depth_30d,
    cast(activity.days_since_last_add_to_cart as bigint) as days_since_last_add_to_cart,
    cast(activity.n_item_views_30d as bigint) as n_item_views_30d,
    cast(activity.n_add_to_carts_30d as bigint) as n_add_to_carts_30d,
    cast(activity.n_wishlists_30d as bigint) as n_wishlists_30d,
    cast(activity.n_searches_30d as bigint) as n_searches_30d,
    cast(coalesce(orders.n_orders_30d, 0) as bigint) as n_orders_30d,
    cast(coalesce(orders.n_orders_total, 0) as bigint) as n_orders_total,
    cast(coalesce(orders.revenue_30d, 0) as double) as revenue_30d,
    cast(coalesce(orders.revenue_total, 0) as double) as revenue_total,
    cast(coalesce(orders.net_revenue_total, 0) as double) as net_revenue_total,
    cast(coalesce(orders.revenue_total / nullif(orders.n_counted_orders, 0), 0) as double) as avg_order_value,
    cast({{ purchase_frequency('coalesce(orders.n_orders_total, 0)', 'activity.days_since_first_seen') }} as double) as purchase_frequency,
    cast(case when scores.activity_score > 100 then 100 else coalesce(scores.activity_score, 0) end as double) as activity_score,
    cast(orders.days_since_last_order as bigint) as days_since_last_order,
    cast(orders.days_since_first_order as bigint) as days_since_first_order,
    cast(coalesce(orders.n_order_days_total, 0) as bigint) as n_order_days_total,
    cast(
        (activity.days_since_first_seen - activity.days_since_last_active) * 1.0 / nullif(activity.n_active_days_total - 1, 0) as double
    ) as avg_days_between_active_days,
    cast(coalesce(sessions.duration_s / sessions.n_sessions, 0) as double) as avg_session_duration_s_30d,
    cast(coalesce(1.0 - sessions.n_engaged * 1.0 / sessions.n_sessions, 0) as double) as bounce_rate_30d,
    cast(coalesce(items.n_distinct_items_30d, 0) as bigint) as n_distinct_items_30d,
    cast(coalesce(items.n_distinct_categories_30d, 0) as bigint) as n_distinct_categories_30d,
    cast(activity.n_mobile_events_30d * 1.0 / greatest(activity.n_events_30d, 1) as double) as share_mobile_30d,
    cast(activity.n_daytime_events_30d * 1.0 / greatest(activity.n_events_30d, 1) as double) as share_daytime_30d,
    cast(activity.n_night_events_30d * 1.0 / greatest(activity.n_events_30d, 1) as double) as share_night_30d,
    cast(
        activity.days_since_last_active * (activity.n_active_days_total - 1) * 1.0
        / nullif(activity.days_since_first_seen - activity.days_since_last_active, 0) as double
    ) as recency_ratio,
    cast(activity.n_feedback_90d as bigint) as n_feedback_90d,
    cast(activity.days_since_last_feedback as bigint) as days_since_last_feedback,
    cast(feedback.score as double) as last_feedback_score,
    activity.is_active_lookback,
    activity.was_active_prev_30d
from activity
left join orders on activity.as_of_date = orders.as_of_date and activity.person_id = orders.person_id
left join sessions on activity.as_of_date = sessions.as_of_date and activity.person_id = sessions.person_id
left join items on activity.as_of_date = items.as_of_date and activity.person_id = items.person_id
left join feedback on activity.as_of_date = feedback.as_of_date and activity.person_id = feedback.person_id
left join scores on activity.as_of_date = scores.as_of_date and activity.person_id = scores.person_id
