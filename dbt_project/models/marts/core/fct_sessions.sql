-- Grain: session. What a person did between two pauses. Times, length, pages, campaign and device come from the events that carry sessions;
-- counts and revenue also from server events that joined it. A late event re-opens the session it belongs to at the next run.
{{ replaces_changed(in_parts=true) }}
{#- '' where the event has none, so that all values of one event stay together #}
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

-- an order in two sources counts once, a suspicious one not at all
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

found_sources as (

    select distinct traffic_source
    from origins

),

-- a source and the domains above it: names in the seed have no more than five labels
source_names as (
    {%- for n_labels in range(1, 6) %}

    select
        traffic_source,
        {{ last_labels('traffic_source', n_labels) }} as name
    from found_sources
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- a search engine is listed with each of its hosts; accounts.google.com is not a search
sources as (

    select
        source_names.traffic_source,
        {{ first_by('listed.category', source_priority('listed.category')) }} as source_category
    from source_names
    inner join {{ ref('channel_sources') }} as listed on source_names.name = listed.source
    where listed.category <> 'search' or source_names.name = source_names.traffic_source
    group by source_names.traffic_source

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
    left join sources on origins.traffic_source = sources.traffic_source
    left join orders on origins.session_id = orders.session_id

),

evaluated as (

    select
        *,
        {{ is_engaged('duration_s', 'n_page_views + n_item_views', 'n_purchases') }} as is_engaged
    from measured

)

select
    evaluated.session_id,
    evaluated.person_id,
    evaluated.n_sessions_before + row_number() over (
        partition by evaluated.person_id order by evaluated.started_at, evaluated.session_id
    ) as session_number,
    evaluated.first_event_number,
    evaluated.started_at,
    evaluated.ended_at,
    evaluated.session_date,
    evaluated.duration_s,
    coalesce(evaluated.engaged_time_s, 0) as engaged_time_s,
    evaluated.n_events,
    cast(evaluated.n_page_views as bigint) as n_page_views,
    cast(evaluated.n_item_views as bigint) as n_item_views,
    cast(evaluated.n_add_to_carts as bigint) as n_add_to_carts,
    cast(evaluated.n_purchases as bigint) as n_purchases,
    evaluated.revenue,
    evaluated.entry_event,
    evaluated.exit_event,
    evaluated.landing_page,
    evaluated.exit_page,
    evaluated.channel,
    evaluated.traffic_source,
    evaluated.traffic_medium,
    evaluated.utm_source,
    evaluated.utm_medium,
    evaluated.utm_campaign,
    evaluated.referrer_host,
    evaluated.device_type,
    agents.browser,
    agents.operating_system,
    evaluated.is_engaged,
    not evaluated.is_engaged as is_bounce,
    evaluated.n_purchases > 0 as is_converted,
    evaluated.is_bot
from evaluated
left join {{ ref('stg_user_agents') }} as agents on evaluated.user_agent = agents.user_agent
