-- A small shop as every gate wants it; each test damages one thing in it.
create schema intermediate; create schema marts; create schema ml; create schema activation;
create table intermediate.int_events as
    select 'shop' as source, 'e' || i as event_id, 'p' || (i % 10) as person_id, i,
        timestamp '2026-01-31' - interval 1 day * (i // 10) + interval 1 minute * (i % 10) as event_at
    from range(400) as r(i);
create table intermediate.int_duplicates as select 'shop' as source, 'e1' as event_id;
create table intermediate.int_unidentified_events as select source, event_id from intermediate.int_events where false;
create table intermediate.int_sessionized as
    select *, 's' || (i // 20) || person_id as session_id, false as is_server from intermediate.int_events;
create table marts.fct_events as
    select *, cast(event_at as date) as event_date, 0.0::double as duration_s, i = 399 as is_bot,
        case when i % 10 = 0 then 'purchase' else 'view_item' end as event_name,
        case when i % 10 = 0 then 9.5 end as revenue
    from intermediate.int_sessionized;
create table marts.fct_sessions as
    select session_id, count(*) as n_events, count(*) filter (where event_name = 'purchase') as n_purchases, sum(revenue) as revenue,
        epoch(max(event_at) - min(event_at)) as duration_s, bool_or(event_name = 'purchase') as is_converted,
        false as is_bot
    from marts.fct_events group by session_id;
create table marts.fct_orders as
    select event_id as order_id, event_id as given_order_id, source, 1 as n_buyers, person_id, event_date as order_date, revenue, i = 40 as is_suspicious, session_id, false as is_bot,
        event_date as known_date,
        case when i = 40 then 'too_many_orders_per_day' end as suspicion_reason,
        case when i = 0 then 2.5 else 0 end as refunded_amount, revenue - refunded_amount as net_revenue,
        cast(i = 0 as integer) as n_refunds, case when i > 10 then 'USD' end as currency
    from marts.fct_events where event_name = 'purchase';
create table intermediate.int_order_lines as
    select source, event_id, event_name, event_id as order_key, revenue, false as is_repeated
    from marts.fct_events where event_name = 'purchase';
update marts.fct_sessions set revenue = coalesce(
    (select sum(revenue) from marts.fct_orders as o where o.session_id = fct_sessions.session_id and not o.is_suspicious), 0);
create table marts.fct_refunds as select 'e0' as order_id, 2.5::double as amount, true as has_order, true as is_counted, false as is_bot;
create table marts.fct_order_items as select order_id, 'i' as item_id, revenue, 1.0::double as quantity from marts.fct_orders;
create table marts.channel_attribution as
    select 'linear' as model, 'all' as period, null::date as period_start, channel, share * count(*) as n_conversions,
        (share * sum(net_revenue))::decimal(38, 6) as revenue, share as conversion_share
    from marts.fct_orders, (values ('email', 0.75), ('unassigned', 0.25)) as t(channel, share) where not is_suspicious group by channel, share;
create table marts.dim_identities as select 'd1' as anonymous_id, 'p1' as person_id;
create table marts.dim_identities_history as
    select 'd1' as anonymous_id, * from (values ('anon:d1', timestamp '2026-01-01', timestamp '2026-01-02'),
        ('p1', timestamp '2026-01-02', null)) as t(person_id, known_from, known_until);
create table marts.item_pairs as select 'view' as basis, 'a' as item_a, 'b' as item_b, 4 as n_together, 8 as n_baskets_a,
    5 as n_baskets_b, 10 as n_baskets, 0.4 as support, 0.5 as confidence_a_to_b, 0.8 as confidence_b_to_a, 1.0 as lift;
create table marts.dim_users as
    select person_id, min(event_at) as first_seen_at, max(event_at) as last_seen_at, count(*) as n_events,
        count(*) filter (where event_name = 'purchase') as n_orders, 50::double as activity_score, 0 as days_since_last_active,
        false as is_bot,
        coalesce((select sum(revenue) from marts.fct_orders as o where o.person_id = e.person_id and not is_suspicious), 0) as revenue,
        coalesce((select sum(net_revenue) from marts.fct_orders as o where o.person_id = e.person_id and not is_suspicious), 0)
            as net_revenue,
        (select count(*) from marts.fct_orders as o where o.person_id = e.person_id and is_suspicious) as n_suspicious_orders
    from marts.fct_events as e group by person_id;
create table marts.funnel_conversion as
    select 'purchase' as funnel_name, 'all' as period, null::date as period_start, null::varchar as breakdown_value, false as is_optional, *
    from (values (1, 100, 100, 0, 1::double, 1::double, null), (2, 100, 40, 60, 0.4, 0.4, 60.0), (3, 100, 40, 0, 1.0, 0.4, 60.0))
        as t(step_number, n_entered, n_reached, n_dropped, step_conversion_rate, overall_conversion_rate,
            median_time_from_previous_s),
    (values (5, 10.0, 20.0, 30.0, 40.0))
        as same(n_excluded, p25_time_from_entry_s, median_time_from_entry_s, p75_time_from_entry_s, p90_time_from_entry_s);
create table marts.retention as
    select 'calendar_on' as mode, 'day' as grain, date '2026-01-01' as cohort_start, *, 5.0::double as revenue,
        5.0::double as cumulative_revenue, 0.5::double as cumulative_revenue_per_person
    from (values (0, 10, 10, 1.0), (1, 10, 4, 0.4)) as t(period_number, n_cohort, n_retained, retention_rate);
create table marts.fct_session_paths as select session_id, 'entry' as anchor, is_converted from marts.fct_sessions;
create table marts.path_transitions as
    select from_event, to_event, count(*) as n_transitions
    from marts.fct_sessions, (values ('(entry)', 'x'), ('x', '(exit)')) as t(from_event, to_event) group by all;
create table marts.path_sequences as
    select 'x' as path, count(*) as n_sessions, 10 as n_persons, 0.5 as conversion_rate from marts.fct_sessions;
create table marts.path_drop_offs as
    select 'x' as step, count(*) as n_sessions_reached, count(*) filter (where not is_converted) as n_sessions_lost,
        10::double as revenue_at_stake
    from marts.fct_sessions;
create table marts.aha_moments as
    select 'x' as event_name, 10 as n_persons, 4 as n_did, 6 as n_did_not, 0.5 as retention_rate_did,
        0.5 as retention_rate_did_not, 0.01 as p_value, 0.02 as p_value_adjusted, 1 as aha_rank;
create table marts.retention_persons as
    select 'p' || i as person_id, mode, grain, period_number, true as is_retained
    from marts.retention, range(n_retained) as r(i);
create table marts.lifecycle_periods as
    select * from (values ('month', date '2025-12-01', 8, 8, 0, 0, 0), ('month', date '2026-01-01', 8, 2, 6, 0, 2))
        as t(grain, period_start, n_active, n_new, n_returning, n_resurrected, n_dormant);
create table marts.power_user_curve as
    select period_start as month_start, unnest([1, 2]) as n_active_days, unnest([n_active - 2, 2]) as n_persons
    from marts.lifecycle_periods;
create table activation.retention_breakdown as
    select 'segment' as breakdown, unnest(['new', 'regular']) as breakdown_value, mode, grain, cohort_start, period_number,
        unnest([3, n_cohort - 3]) as n_cohort, unnest([2, n_retained - 2]) as n_retained, unnest([0, revenue]) as revenue
    from marts.retention;
create table marts.user_features as
    select person_id, as_of_date, 40 as days_since_first_seen, 1 as days_since_last_active, 50::double as activity_score, 1 as n_orders_total,
        0.5 as purchase_frequency
    from marts.dim_users, (values (date '2026-01-24'), (date '2026-01-31')) as t(as_of_date);
create table marts.user_labels as
    select person_id, as_of_date, true as is_eligible,
        case when as_of_date = '2026-01-24' then person_id < 'p4' end as label_churned, label_churned as label_purchased
    from marts.user_features;
create table ml.churn_scores as
    select 'p' || i as person_id, date '2026-01-31' as as_of_date, 0.3 + i / 50.0 as probability, 'v1' as model_version
    from range(10) as r(i);
create table ml.purchase_scores as from ml.churn_scores;
create table marts.order_histories as
    select person_id, as_of_date, count(distinct order_date) as n_order_days, 45 as recency_days, 50 as age_days,
        case when as_of_date < '2026-01-31' then 7 end as n_days_after
    from marts.fct_orders, (values (date '2026-01-24'), (date '2026-01-31')) as t(as_of_date)
    where not is_suspicious and order_date <= as_of_date group by all;
create table ml.customer_value as
    select person_id, as_of_date, 90 as horizon_days, 0.8::double as probability_alive, 0.6::double as probability_of_order,
        1.5::double as expected_orders, 20::double as expected_order_value, 30::double as expected_revenue
    from marts.order_histories where as_of_date = '2026-01-31';
create table ml.survival_curves as
    select 'segment' as breakdown, *, date '2026-01-31' as as_of_date
    from (values ('new', 0, 4, 1, 1, 0.25, 0.75, 0.5, 0.9), ('new', 1, 2, 0, 2, 0.0, 0.75, 0.5, 0.9),
        ('regular', 0, 6, 0, 6, 0.0, 1.0, null, null))
        as t(breakdown_value, lifetime_day, n_at_risk, n_events, n_censored, hazard_rate, survival_rate, ci_low, ci_high);
create table ml.user_segments as
    select person_id, as_of_date, case when person_id < 'p4' then 'new' else 'regular' end as segment,
        'seen' as segment_reason, model_version,
        unnest(case when person_id = 'p0' then [5] else [null] end) as rfm_recency, rfm_recency as rfm_frequency,
        rfm_recency as rfm_monetary, case when person_id = 'p0' then '555' end as rfm_score
    from ml.churn_scores;
create table intermediate.int_person_item_days as
    select 'p' || i as person_id, item_id, item_id = 'i' and i = 0 as is_bought from range(10) as r(i), (values ('i'), ('j'), ('k')) as t(item_id);
create table ml.recommendations as
    select person_id, date '2026-01-31' as as_of_date, rank, case rank when 1 then 'j' else 'k' end as item_id, 1.0::double / rank as score,
        'popularity' as strategy, 'popular in the last 30 days' as reason, 'v1' as model_version
    from marts.dim_users, (values (1), (2)) as t(rank);
create table ml.similar_items as
    select 'i' as item_id, date '2026-01-31' as as_of_date, rank, case rank when 1 then 'j' else 'k' end as similar_item_id,
        0.5::double / rank as similarity, 'v1' as model_version
    from (values (1), (2)) as t(rank);
create table ml.segment_migrations as
    select date '2026-01-31' as as_of_date, date '2026-01-30' as previous_as_of_date, *
    from (values ('new', 'new', 3), ('(new)', 'new', 1), ('regular', 'regular', 6), ('new', '(gone)', 2))
        as t(from_segment, to_segment, n_persons);
create table activation.user_profiles as
    select scores.*, segment, 'active' as lifecycle_stage, probability as churn_probability, probability as purchase_probability,
        expected_orders, 'j' as top_recommendation
    from ml.churn_scores as scores join ml.user_segments using (person_id)
    left join ml.customer_value using (person_id);
create table activation.user_history as
    select person_id, 'segment' as attribute, segment as value, date '2026-01-30' as valid_from, null::date as valid_to
    from ml.user_segments
    union all select person_id, 'lifecycle_stage', 'active', date '2026-01-20', null from ml.user_segments
    union all select 'p1', 'segment', 'regular', date '2026-01-01', date '2026-01-30';
create table ml.feature_drift as
    select 'churn' as model, 'n_events_7d' as feature, 0.02::double as psi, 0.0::double as missing_rate, 0.0::double as reference_missing_rate,
        false as is_drifted
    union all select 'churn', 'n_events_30d', 0.01, 0.0, 0.0, false
    union all select 'churn', '(score)', 0.03, 0.0, 0.0, false;
create table ml.model_metrics as
    select 'churn' as model, 'test' as split, 'roc_auc' as metric, 0.8::double as value, 0.7::double as ci_low, 0.9::double as ci_high,
        true as is_promoted
    union all select 'segments', 'validation', 'silhouette', 0.4, 'nan'::double, 'nan'::double, true;
