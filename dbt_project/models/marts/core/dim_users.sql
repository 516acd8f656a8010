-- Grain: person. Everybody ever seen up to as_of, as of that date. Bots are here, flagged.
with days as (

    select
        person_id,
        min(first_event_at) as first_seen_at,
        max(last_event_at) as last_seen_at,
        min(activity_date) as first_seen_date,
        max(activity_date) as last_active_date,
        count(*) as n_active_days,
        sum(n_events) as n_events,
        {{ any_true('is_bot') }} as is_bot
    from {{ ref('int_person_days') }}
    group by person_id

),

sessions as (

    select
        person_id,
        count(*) as n_sessions,
        max(case when session_number = 1 then channel end) as acquisition_channel
    from {{ ref('fct_sessions') }}
    group by person_id

),

orders as (

    select
        person_id,
        count(*) as n_orders,
        sum(case when is_suspicious then 1 else 0 end) as n_suspicious_orders,
        {{ stable_sum('case when is_suspicious then 0 else revenue end') }} as revenue,
        {{ stable_sum('case when is_suspicious then 0 else net_revenue end') }} as net_revenue,
        count(distinct order_date) as n_order_days,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from {{ ref('fct_orders') }}
    group by person_id

),

-- of orders that are not known: whatever they were, the person has less of them
refunds as (

    select
        person_id,
        {{ stable_sum('amount') }} as amount
    from {{ ref('fct_refunds') }}
    where is_counted and not has_order
    group by person_id

),

categories as (

    select
        person_id,
        category,
        row_number() over (partition by person_id order by count(*) desc, category asc) as place
    from {{ ref('fct_events') }}
    where person_id is not null and category is not null
    group by person_id, category

),

hours as (

    select
        person_id,
        {{ local_hour('event_at') }} as hour_of_day,
        row_number() over (partition by person_id order by count(*) desc, {{ local_hour('event_at') }} asc) as place
    from {{ ref('fct_events') }}
    where person_id is not null
    group by person_id, {{ local_hour('event_at') }}

),

scores as (

    select
        person_id,
        activity_score
    from {{ ref('user_features') }}
    where as_of_date = {{ as_of_date() }}

),

dated as (

    select
        *,
        {{ days_between('first_seen_date', as_of_date()) }} as days_since_first_seen,
        {{ days_between('last_active_date', as_of_date()) }} as days_since_last_active
    from days

)

select
    dated.person_id,
    dated.first_seen_at,
    dated.last_seen_at,
    dated.first_seen_date,
    cast(dated.n_active_days as bigint) as n_active_days,
    cast(coalesce(sessions.n_sessions, 0) as bigint) as n_sessions,
    cast(dated.n_events as bigint) as n_events,
    cast(coalesce(orders.n_orders, 0) as bigint) as n_orders,
    cast(coalesce(orders.revenue, 0) as double) as revenue,
    cast(
        cast(coalesce(orders.net_revenue, 0) as decimal(38, 6)) - cast(coalesce(refunds.amount, 0) as decimal(38, 6)) as double
    ) as net_revenue,
    cast(coalesce(orders.n_suspicious_orders, 0) as bigint) as n_suspicious_orders,
    cast(orders.revenue / nullif(orders.n_orders - orders.n_suspicious_orders, 0) as double) as avg_order_value,
    cast({{ purchase_frequency('coalesce(orders.n_orders, 0)', 'dated.days_since_first_seen') }} as double) as purchase_frequency,
    cast(coalesce(scores.activity_score, 0) as double) as activity_score,
    dated.days_since_last_active,
    cast(coalesce(orders.n_order_days, 0) as bigint) as n_order_days,
    orders.first_order_date,
    orders.last_order_date,
    cast({{ days_between('orders.last_order_date', as_of_date()) }} as bigint) as days_since_last_order,
    categories.category as favourite_category,
    cast(hours.hour_of_day as bigint) as favourite_hour,
    coalesce(sessions.acquisition_channel, 'unknown') as acquisition_channel,
    case
        when dated.days_since_first_seen < 7 then 'new'
        when dated.days_since_last_active < 7 then 'active'
        when dated.days_since_last_active < 30 then 'lapsing'
        else 'dormant'
    end as lifecycle_stage,
    dated.person_id not like 'anon:%' as is_known_user,
    dated.is_bot
from dated
left join sessions on dated.person_id = sessions.person_id
left join orders on dated.person_id = orders.person_id
left join refunds on dated.person_id = refunds.person_id
left join categories on dated.person_id = categories.person_id and categories.place = 1
left join hours on dated.person_id = hours.person_id and hours.place = 1
left join scores on dated.person_id = scores.person_id
