-- Grain: person. The dynamic profile: dim_users and the models' output for the person at as_of. Null without a score:
-- bots, persons who are not eligible, or no model yet.
with users as (

    select * from {{ ref('dim_users') }}

),

segments as (

    select * from {{ ref('user_segments') }}

),

churn as (

    select * from {{ ref('churn_scores') }}

),

purchase as (

    select * from {{ ref('purchase_scores') }}

),

customer_value as (

    select * from {{ ref('customer_value') }}

),

recommended as (

    select
        person_id,
        item_id
    from {{ ref('recommendations') }}
    where rank = 1

),

answered as (

    select
        person_id,
        score,
        row_number() over (partition by person_id order by answered_at desc, response_id asc, source asc) as place
    from {{ ref('fct_feedback') }}
    where person_id is not null and question = 'nps' and score is not null

),

since as (

    select
        person_id,
        max(case when attribute = 'segment' then valid_from end) as segment_since,
        max(case when attribute = 'lifecycle_stage' then valid_from end) as lifecycle_stage_since
    from {{ ref('user_history') }}
    where is_current
    group by person_id

)

select
    users.person_id,
    {{ as_of_date() }} as as_of_date,
    users.first_seen_at,
    users.last_seen_at,
    users.first_seen_date,
    users.n_active_days,
    users.n_sessions,
    users.n_events,
    users.n_orders,
    users.revenue,
    users.net_revenue,
    users.n_suspicious_orders,
    users.avg_order_value,
    users.purchase_frequency,
    users.activity_score,
    users.days_since_last_active,
    users.n_order_days,
    users.first_order_date,
    users.last_order_date,
    users.days_since_last_order,
    users.favourite_category,
    users.favourite_hour,
    users.acquisition_channel,
    users.lifecycle_stage,
    since.lifecycle_stage_since,
    users.is_known_user,
    users.is_bot,
    segments.segment,
    segments.segment_reason,
    since.segment_since,
    segments.cluster,
    segments.cluster_name,
    churn.probability as churn_probability,
    churn.risk_band,
    purchase.probability as purchase_probability,
    purchase.propensity_band,
    customer_value.probability_alive,
    customer_value.expected_orders,
    customer_value.expected_revenue,
    answered.score as nps_score,
    recommended.item_id as top_recommendation
from users
left join segments on users.person_id = segments.person_id
left join churn on users.person_id = churn.person_id
left join purchase on users.person_id = purchase.person_id
left join customer_value on users.person_id = customer_value.person_id
left join recommended on users.person_id = recommended.person_id
left join answered on users.person_id = answered.person_id and answered.place = 1
left join since on users.person_id = since.person_id
