-- Grain: term × period (all, day, week). What was searched on the site, and what came of it in the session; bots left out.
-- A search lasts until another term is searched: the same term again (its next page, a reload) is the same search.
{%- set results_s = 5 %}
with searching_sessions as (

    select distinct session_id
    from {{ ref('fct_events') }}
    where event_name = 'search' and search_term is not null and session_id is not null and not is_bot

),

events as (

    select
        events.session_id,
        events.person_id,
        events.event_number,
        events.event_name,
        events.event_at,
        events.event_date,
        case when events.event_name = 'search' then {{ single_spaced('lower(events.search_term)') }} end as term
    from {{ ref('fct_events') }} as events
    inner join searching_sessions on events.session_id = searching_sessions.session_id
    where events.person_id is not null

),

with_term_before as (

    select
        *,
        {{ last_known('term') }} over (
            partition by session_id order by event_number rows between unbounded preceding and 1 preceding
        ) as term_before
    from events

),

numbered as (

    select
        *,
        sum(case when term is not null and (term_before is null or term <> term_before) then 1 else 0 end) over (
            partition by session_id order by event_number rows between unbounded preceding and current row
        ) as search_number,
        max(case when event_name = 'purchase' then event_number end) over (partition by session_id) as last_purchase_number
    from with_term_before

),

searches as (

    select
        session_id,
        person_id,
        search_number,
        min(term) as term,
        min(event_date) as search_date,
        {{ any_true("event_name = 'view_item'") }} as has_item_view,
        {{ any_true("event_name = 'add_to_cart'") }} as has_add_to_cart,
        coalesce(max(last_purchase_number) > min(event_number), false) as is_converted,
        max(case when term is not null then event_at end) as last_searched_at,
        max(case when event_name <> 'user_engagement' then event_at end) as last_event_at
    from numbered
    where search_number > 0
    group by session_id, person_id, search_number

),

ended as (

    select
        *,
        lead(term) over (partition by session_id order by search_number) as next_term
    from searches

),

outcomes as (

    select
        term,
        search_date,
        session_id,
        person_id,
        case when has_item_view then 1 else 0 end as is_viewed,
        case when has_add_to_cart then 1 else 0 end as is_added,
        case when is_converted then 1 else 0 end as is_converted,
        case when next_term is not null and not has_item_view and not has_add_to_cart then 1 else 0 end as is_refined,
        -- the page of results may log its own view after the search, and how long it was looked at
        case
            when next_term is null and {{ seconds_between('last_searched_at', 'last_event_at') }} <= {{ results_s }} then 1
            else 0
        end as is_left
    from ended

),

in_periods as (

    {%- for period in ['all', 'day', 'week'] %}
    select
        *,
        '{{ period }}' as period,
        {{ 'cast(null as date)' if period == 'all' else period_start(period, 'search_date') }} as period_start
    from outcomes
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    cast(term as {{ dbt.type_string() }}) as search_term,
    cast(period as {{ dbt.type_string() }}) as period,
    period_start,
    cast(count(*) as {{ dbt.type_bigint() }}) as n_searches,
    cast(count(distinct person_id) as {{ dbt.type_bigint() }}) as n_persons,
    cast(count(distinct session_id) as {{ dbt.type_bigint() }}) as n_sessions,
    cast(sum(is_viewed) as double) / count(*) as item_view_rate,
    cast(sum(is_added) as double) / count(*) as add_to_cart_rate,
    cast(sum(is_converted) as double) / count(*) as conversion_rate,
    cast(sum(is_refined) as double) / count(*) as refinement_rate,
    cast(sum(is_left) as double) / count(*) as exit_rate
from in_periods
group by term, period, period_start
