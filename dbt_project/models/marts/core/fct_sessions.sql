-- Grain: session. What a person did between two pauses. Times, length, pages, campaign and device come from the events that carry sessions;
-- counts and revenue also from server events that joined it. A late event re-opens the session it belongs to at the next run.
{{ replaces_changed(since='started_at', in_parts=true) }}
{#- '' where the event says nothing, so that all values of one event stay together #}
{%- set campaign_of = "case when has_campaign then coalesce({}, '') end" %}
{%- set landing_of = "case when has_page then coalesce({}, '') end" %}
with timed as (

    select
        events.*,
        {{ 'changed.n_sessions_before' if is_delta() else '0' }} as n_sessions_before
    from {{ ref('fct_events') }} as events
    {{- only_changed('events', since='event_at') }}
    where events.session_id is not null {{ and_person_in_part('events', parts_by_person()) }}

),

spaced as (

    select
        *,
        {%- if var('server_sources') %}
        {{ seconds_between('event_at', 'min(case when not is_server_event then event_at end) over later_in_session') }} as gap_s
        {%- else %}
        next_gap_s as gap_s
        {%- endif %}
    from timed
    {%- if var('server_sources') %}
    window
        later_in_session as (
            partition by session_id order by event_number rows between 1 following and unbounded following
        )
    {%- endif %}

),

events as (

    select
        *,
        case
            when is_server_event then null
            when gap_s > {{ var('max_engaged_gap_s') }} then {{ var('max_engaged_gap_s') }}
            else gap_s
        end as engaged_gap_s,
        not is_server_event and coalesce(utm_source, utm_medium, utm_campaign) is not null as has_campaign,
        not is_server_event and coalesce(page_url, page_path, referrer) is not null as has_page
    from spaced

),

sessions as (

    select
        session_id,
        person_id,
        min(case when not is_server_event then event_at end) as started_at,
        max(case when not is_server_event then event_at end) as ended_at,
        min(case when is_session_start then event_date end) as session_date,
        {{ stable_sum('engaged_gap_s') }} as engaged_time_s,
        count(*) as n_events,
        sum(case when event_name = 'page_view' then 1 else 0 end) as n_page_views,
        sum(case when event_name = 'view_item' then 1 else 0 end) as n_item_views,
        sum(case when event_name = 'add_to_cart' then 1 else 0 end) as n_add_to_carts,
        sum(case when event_name = 'purchase' then 1 else 0 end) as n_purchases,
        min(event_number) as first_event_number,
        max(n_sessions_before) as n_sessions_before,
        max(case when is_session_start then event_name end) as entry_event,
        max(case when is_session_end then event_name end) as exit_event,
        {{ first_by('case when has_page then coalesce(page_path, page_url) end', 'event_number') }} as landing_page,
        {{ first_by('case when has_page then coalesce(page_path, page_url) end', '-event_number') }} as exit_page,
        {{ first_by(landing_of.format('page_url'), 'event_number') }} as landing_url,
        {{ first_by(landing_of.format('referrer'), 'event_number') }} as referrer,
        nullif({{ first_by(campaign_of.format('utm_source'), 'event_number') }}, '') as utm_source,
        nullif({{ first_by(campaign_of.format('utm_medium'), 'event_number') }}, '') as utm_medium,
        nullif({{ first_by(campaign_of.format('utm_campaign'), 'event_number') }}, '') as utm_campaign,
        {{ any_true('has_campaign') }} as has_campaign,
        {{ first_by('case when not is_server_event then device_type end', 'event_number') }} as device_type,
        {{ first_by('case when not is_server_event then user_agent end', 'event_number') }} as user_agent,
        {{ any_true('is_bot') }} as is_bot
    from events
    group by session_id, person_id

),

-- an order that two sources tell of counts once, one that looks like brushing not at all
orders as (

    select
        session_id,
        {{ stable_sum('revenue') }} as revenue
    from {{ ref('fct_orders') }}
    where session_id is not null and not is_suspicious
    group by session_id

),

hosts as (

    select
        *,
        {{ url_host('referrer') }} as referrer_host,
        {{ url_host('landing_url') }} as landing_host
    from sessions

),

origins as (

    select
        *,
        case
            when has_campaign then coalesce(lower(utm_source), '(not set)')
            when {{ has_click_id('landing_url') }} then 'google'
            when referrer_host is null or coalesce({{ is_same_site('referrer_host', 'landing_host') }}, false) then '(direct)'
            else coalesce(nullif({{ search_engine('referrer_host') }}, ''), referrer_host)
        end as traffic_source,
        case
            when has_campaign then coalesce(lower(utm_medium), '(not set)')
            when {{ has_click_id('landing_url') }} then 'cpc'
            when referrer_host is null or coalesce({{ is_same_site('referrer_host', 'landing_host') }}, false) then '(none)'
            when {{ search_engine('referrer_host') }} <> '' then 'organic'
            else 'referral'
        end as traffic_medium
    from hosts

),

-- sources are few: each is looked up once
sources as (

    select
        traffic_source,
        {{ source_category('traffic_source') }} as source_category
    from (select distinct traffic_source from origins) as found

),

measured as (

    select
        origins.*,
        {{ channel(
            'origins.traffic_source', 'origins.traffic_medium', "coalesce(lower(origins.utm_campaign), '')", 'sources.source_category'
        ) }} as channel,
        coalesce(orders.revenue, 0) as revenue,
        {{ seconds_between('origins.started_at', 'origins.ended_at') }} as duration_s
    from origins
    inner join sources on origins.traffic_source = sources.traffic_source
    left join orders on origins.session_id = orders.session_id

),

judged as (

    select
        *,
        {{ is_engaged('duration_s', 'n_page_views + n_item_views', 'n_purchases') }} as is_engaged
    from measured

)

select
    judged.session_id,
    judged.person_id,
    judged.n_sessions_before + row_number() over (
        partition by judged.person_id order by judged.started_at, judged.session_id
    ) as session_number,
    judged.first_event_number,
    judged.started_at,
    judged.ended_at,
    judged.session_date,
    judged.duration_s,
    coalesce(judged.engaged_time_s, 0) as engaged_time_s,
    judged.n_events,
    cast(judged.n_page_views as bigint) as n_page_views,
    cast(judged.n_item_views as bigint) as n_item_views,
    cast(judged.n_add_to_carts as bigint) as n_add_to_carts,
    cast(judged.n_purchases as bigint) as n_purchases,
    judged.revenue,
    judged.entry_event,
    judged.exit_event,
    judged.landing_page,
    judged.exit_page,
    judged.channel,
    judged.traffic_source,
    judged.traffic_medium,
    judged.utm_source,
    judged.utm_medium,
    judged.utm_campaign,
    judged.referrer_host,
    judged.device_type,
    agents.browser,
    agents.operating_system,
    judged.is_engaged,
    not judged.is_engaged as is_bounce,
    judged.n_purchases > 0 as is_converted,
    judged.is_bot
from judged
left join {{ ref('stg_user_agents') }} as agents on judged.user_agent = agents.user_agent
