-- Grain: person × snapshot date. What happened after a snapshot, kept apart from the features so that no model meets it by accident.
-- A label is null where its horizon was not over by as_of: such a snapshot trains nothing. A device that has logged in since has
-- the label of that user: a person who logs in has not left.
with features as (

    select
        features.person_id,
        features.as_of_date,
        features.is_active_lookback,
        coalesce(former.present_person_id, features.person_id) as present_person_id
    from {{ ref('user_features') }} as features
    left join {{ ref('int_former_persons') }} as former
        on
            features.person_id = former.person_id
            and former.person_id <> former.present_person_id
            and features.as_of_date < former.until_date

),

activity as (

    select distinct
        features.as_of_date,
        features.person_id
    from features
    inner join {{ ref('int_person_days') }} as days
        on
            features.present_person_id = days.person_id
            and features.as_of_date < days.activity_date
            and days.activity_date <= {{ add_days('features.as_of_date', var('churn').horizon_days) }}

),

purchases as (

    select distinct
        features.as_of_date,
        features.person_id
    from features
    inner join {{ ref('fct_orders') }} as orders
        on
            features.present_person_id = orders.person_id
            and features.as_of_date < orders.order_date
            and orders.order_date <= {{ add_days('features.as_of_date', var('purchase').horizon_days) }}

)

select
    features.person_id,
    features.as_of_date,
    features.is_active_lookback as is_eligible,
    case
        when {{ add_days('features.as_of_date', var('churn').horizon_days) }} <= {{ as_of_date() }}
            then activity.person_id is null
    end as label_churned,
    case
        when {{ add_days('features.as_of_date', var('purchase').horizon_days) }} <= {{ as_of_date() }}
            then purchases.person_id is not null
    end as label_purchased
from features
left join activity on features.as_of_date = activity.as_of_date and features.person_id = activity.person_id
left join purchases on features.as_of_date = purchases.as_of_date and features.person_id = purchases.person_id
