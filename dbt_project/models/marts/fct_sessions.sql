-- Grain: session. What a person did between two pauses. Times and length come from the events that carry sessions; counts and revenue
-- also from server events that joined it. A late event re-opens the session it belongs to at the next run.
{{ also_after(['int_changed']) }}
{{ config(
    materialized='incremental', incremental_strategy='replace_changed', on_schema_change='append_new_columns',
    incremental_predicates=[
        'using intermediate.int_changed as changed',
        'where built.person_id = changed.person_id and built.started_at >= changed.changed_from_at'
    ]
) }}
with events as (

    select
        events.*,
        {{ 'changed.n_sessions_before' if is_delta() else '0' }} as n_sessions_before
    from {{ ref('fct_events') }} as events
    {%- if is_delta() %}
    inner join {{ ref('int_changed') }} as changed
        on events.person_id = changed.person_id and events.event_at >= changed.changed_from_at
    {%- endif %}
    where events.session_id is not null

),

sessions as (

    select
        session_id,
        person_id,
        min(case when not is_server_event then event_at end) as started_at,
        max(case when not is_server_event then event_at end) as ended_at,
        min(case when is_session_start then event_date end) as session_date,
        count(*) as n_events,
        sum(case when event_name = 'page_view' then 1 else 0 end) as n_page_views,
        sum(case when event_name = 'view_item' then 1 else 0 end) as n_item_views,
        sum(case when event_name = 'add_to_cart' then 1 else 0 end) as n_add_to_carts,
        sum(case when event_name = 'purchase' then 1 else 0 end) as n_purchases,
        min(event_number) as first_event_number,
        max(n_sessions_before) as n_sessions_before,
        max(case when is_session_start then event_name end) as entry_event,
        max(case when is_session_end then event_name end) as exit_event,
        {{ first_by('coalesce(page_path, page_url)', 'event_number') }} as landing_page,
        {{ first_by('page_url', 'event_number') }} as landing_url,
        {{ first_by('referrer', 'event_number') }} as referrer,
        {{ first_by('utm_source', 'event_number') }} as utm_source,
        {{ first_by('utm_medium', 'event_number') }} as utm_medium,
        {{ first_by('utm_campaign', 'event_number') }} as utm_campaign,
        {{ first_by('device_type', 'event_number') }} as device_type,
        {{ any_true('is_bot') }} as is_bot
    from events
    group by session_id, person_id

),

-- an order that two sources tell of counts once
orders as (

    select
        session_id,
        {{ stable_sum('revenue') }} as revenue
    from {{ ref('fct_orders') }}
    where session_id is not null
    group by session_id

),

measured as (

    select
        sessions.*,
        coalesce(orders.revenue, 0) as revenue,
        {{ seconds_between('started_at', 'ended_at') }} as duration_s,
        {{ url_host('referrer') }} as referrer_host,
        {{ url_host('landing_url') }} as landing_host
    from sessions
    left join orders on sessions.session_id = orders.session_id

),

judged as (

    select
        *,
        duration_s >= 10 or n_page_views + n_item_views >= 2 or n_purchases > 0 as is_engaged
    from measured

)

select
    session_id,
    person_id,
    n_sessions_before + row_number() over (partition by person_id order by started_at, session_id) as session_number,
    first_event_number,
    started_at,
    ended_at,
    session_date,
    duration_s,
    n_events,
    cast(n_page_views as bigint) as n_page_views,
    cast(n_item_views as bigint) as n_item_views,
    cast(n_add_to_carts as bigint) as n_add_to_carts,
    cast(n_purchases as bigint) as n_purchases,
    revenue,
    entry_event,
    exit_event,
    landing_page,
    {{ channel('utm_source', 'utm_medium', 'utm_campaign', 'referrer_host', 'landing_host') }} as channel,
    utm_source,
    utm_medium,
    utm_campaign,
    referrer_host,
    device_type,
    is_engaged,
    not is_engaged as is_bounce,
    n_purchases > 0 as is_converted,
    is_bot
from judged
