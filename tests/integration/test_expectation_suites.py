"""The suites' SQL on a small warehouse: healthy data pass every gate, each kind of damage fails the check meant for it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from expectations import CheckResult, GateBroken, GateParams, run_stage, run_suite

WAREHOUSE = """
create schema intermediate; create schema marts; create schema ml; create schema activation;
create table intermediate.int_events as
    select 'shop' as source, 'e' || i as event_id, 'p' || (i % 10) as person_id, i,
        timestamp '2026-01-31' - interval 1 day * (i // 10) + interval 1 minute * (i % 10) as event_at
    from range(400) as r(i);
create table intermediate.int_duplicates as select 'shop' as source, 'e1' as event_id;
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
    select event_id as order_id, person_id, event_date as order_date, revenue, i = 40 as is_suspicious, session_id, false as is_bot,
        case when i = 40 then 'too_many_orders_per_day' end as suspicion_reason,
        case when i = 0 then 2.5 else 0 end as refunded_amount, revenue - refunded_amount as net_revenue,
        cast(i = 0 as integer) as n_refunds
    from marts.fct_events where event_name = 'purchase';
update marts.fct_sessions set revenue = coalesce(
    (select sum(revenue) from marts.fct_orders as o where o.session_id = fct_sessions.session_id and not o.is_suspicious), 0);
create table marts.fct_refunds as select 'e0' as order_id, 2.5::double as amount, true as has_order, true as is_counted;
create table marts.fct_order_items as select order_id, 'i' as item_id, revenue, 1.0::double as quantity from marts.fct_orders;
create table marts.channel_attribution as
    select 'linear' as model, 'all' as period, null::date as period_start, channel, share * count(*) as n_conversions,
        (share * sum(revenue))::decimal(38, 6) as revenue, share as conversion_share
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
    select 'purchase' as funnel_name, 'all' as period, null::date as period_start, null::varchar as breakdown_value, *
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
    select person_id, as_of_date, 1 as days_since_last_active, 50::double as activity_score, 0.5 as purchase_frequency
    from marts.dim_users, (values (date '2026-01-24'), (date '2026-01-31')) as t(as_of_date);
create table marts.user_labels as
    select person_id, as_of_date, true as is_eligible,
        case when as_of_date = '2026-01-24' then person_id < 'p4' end as label_churned, label_churned as label_purchased
    from marts.user_features;
create table ml.churn_scores as
    select 'p' || i as person_id, date '2026-01-31' as as_of_date, 0.3 + i / 50.0 as probability, 'v1' as model_version
    from range(10) as r(i);
create table ml.purchase_scores as from ml.churn_scores;
create table ml.user_segments as
    select person_id, as_of_date, case when person_id < 'p4' then 'new' else 'regular' end as segment,
        'seen' as segment_reason, model_version
    from ml.churn_scores;
create table activation.user_profiles as
    select scores.*, segment, 'active' as lifecycle_stage, probability as churn_probability, probability as purchase_probability
    from ml.churn_scores as scores join ml.user_segments using (person_id);
create table activation.user_history as
    select person_id, 'segment' as attribute, segment as value, date '2026-01-30' as valid_from, null::date as valid_to
    from ml.user_segments
    union all select person_id, 'lifecycle_stage', 'active', date '2026-01-20', null from ml.user_segments
    union all select 'p1', 'segment', 'regular', date '2026-01-01', date '2026-01-30';
create table ml.model_metrics as
    select 'churn' as model, 'test' as split, 'roc_auc' as metric, 0.8::double as value, 0.7::double as ci_low, 0.9::double as ci_high,
        true as is_promoted
    union all select 'segments', 'validation', 'silhouette', 0.4, 'nan'::double, 'nan'::double, true;
"""
LEDGER = """
    select 'aa01' as file_id, 'shop' as source, 'shop/a.jsonl' as file, 405 as n_lines, 401 as n_accepted,
        4 as n_rejected, timestamp '2025-12-23' as min_event_at, timestamp '2026-01-31 00:09:00' as max_event_at,
        timestamp '2026-02-01' as ingested_at, 'loaded' as status
    union all
    select 'bb02', 'shop', 'shop/b.jsonl', 9, 9, 0, null, null, timestamp '2026-01-01', 'superseded'
"""
# stage, table, column that must fail, what is done to the healthy warehouse
DAMAGE = [
    ("sessions", "intermediate.int_sessionized", "n_events", "delete from intermediate.int_sessionized"),
    ("sessions", "intermediate.int_sessionized", "n_without_session",
     "update intermediate.int_sessionized set session_id = null where i = 3"),
    ("sessions", "intermediate.int_sessionized", "n_without_person",
     "update intermediate.int_sessionized set person_id = null where i = 3"),
    ("sessions", "intermediate.int_sessionized", "n_longer_than_max",
     "update intermediate.int_sessionized set session_id = 's' where i in (3, 300)"),
    ("sessions", "intermediate.int_sessionized", "single_event_rate",
     "update intermediate.int_sessionized set session_id = event_id"),
    ("sessions", "intermediate.int_sessionized", "n_lost_or_invented", "delete from intermediate.int_duplicates"),
    ("sessions", "intermediate.int_sessionized", "n_lost_or_invented", "delete from intermediate.int_sessionized where i = 3"),
    ("sessions", "intermediate.int_duplicates", "duplicate_rate",
     "insert into intermediate.int_duplicates select 'shop', 'e2' from range(200)"),
    ("marts", "marts.fct_events", "n_events", "delete from marts.fct_events"),
    ("marts", "marts.fct_events", "n_lost_or_invented", "delete from marts.fct_events where i = 7"),
    ("marts", "marts.fct_events", "n_lost_or_invented", "insert into marts.fct_events from marts.fct_events limit 1"),
    ("marts", "marts.fct_events", "days_behind_as_of", "update marts.fct_events set event_date = '2026-02-01' where i = 7"),
    ("marts", "marts.fct_events", "n_duration_out_of_range", "update marts.fct_events set duration_s = 86401 where i = 7"),
    ("marts", "marts.fct_events", "bot_rate", "update marts.fct_events set is_bot = true"),
    ("marts", "marts.fct_events", "purchase_no_revenue_rate", "update marts.fct_events set revenue = null"),
    ("marts", "marts.fct_sessions", "n_duration_out_of_range", "update marts.fct_sessions set duration_s = -1"),
    ("marts", "marts.fct_sessions", "n_without_events", "update marts.fct_sessions set n_events = 0"),
    ("marts", "marts.fct_sessions", "n_events_off", "update marts.fct_sessions set n_events = n_events + 1"),
    ("marts", "marts.fct_sessions", "n_purchases_off", "update marts.fct_sessions set n_purchases = 0"),
    ("marts", "marts.fct_sessions", "conversion_rate", "update marts.fct_sessions set is_converted = true"),
    ("marts", "marts.fct_orders", "n_more_than_purchases", "insert into marts.fct_orders from marts.fct_orders"),
    ("marts", "marts.fct_orders", "n_after_as_of", "update marts.fct_orders set order_date = '2026-02-01'"),
    ("marts", "marts.fct_orders", "n_negative_revenue", "update marts.fct_orders set revenue = -1"),
    ("marts", "marts.fct_orders", "n_refunded_beyond_revenue", "update marts.fct_orders set refunded_amount = 10, net_revenue = -0.5"),
    ("marts", "marts.fct_orders", "n_net_revenue_off", "update marts.fct_orders set net_revenue = revenue"),
    ("marts", "marts.fct_orders", "n_suspicious_without_reason", "update marts.fct_orders set suspicion_reason = null"),
    ("marts", "marts.fct_refunds", "n_negative_amount", "update marts.fct_refunds set amount = -1"),
    ("marts", "marts.fct_refunds", "no_order_rate", "update marts.fct_refunds set has_order = false"),
    ("marts", "marts.fct_refunds", "n_refunds_off", "update marts.fct_refunds set is_counted = false"),
    ("marts", "marts.fct_order_items", "n_worth_more_than_the_order", "update marts.fct_order_items set revenue = 9.9"),
    ("marts", "marts.fct_sessions", "revenue_off_rate", "update marts.fct_sessions set revenue = revenue + 1"),
    ("marts", "marts.dim_users", "n_suspicious_orders_off", "update marts.dim_users set n_suspicious_orders = 0"),
    ("marts", "marts.dim_users", "revenue_off_rate", "update marts.dim_users set revenue = revenue + 1"),
    ("marts", "marts.dim_users", "net_revenue_off_rate", "update marts.dim_users set net_revenue = revenue"),
    ("marts", "marts.fct_orders", "suspicious_rate", "update marts.fct_orders set is_suspicious = true"),
    ("marts", "marts.channel_attribution", "conversions_off", "delete from marts.channel_attribution where channel = 'email'"),
    ("marts", "marts.channel_attribution", "conversions_off", "update marts.fct_orders set is_suspicious = true where order_id = 'e10'"),
    ("marts", "marts.channel_attribution", "revenue_off", "update marts.channel_attribution set revenue = revenue + 0.000001"),
    ("marts", "marts.channel_attribution", "n_negative",
     "update marts.channel_attribution set n_conversions = -1 where channel = 'email'"),
    ("marts", "marts.channel_attribution", "unexplained_share", "update marts.channel_attribution set channel = 'no_touch'"),
    ("marts", "marts.dim_identities_history", "n_backwards",
     "update marts.dim_identities_history set known_until = known_from where known_until is not null"),
    ("marts", "marts.dim_identities_history", "n_not_the_latest", "update marts.dim_identities set person_id = 'p2'"),
    ("marts", "marts.dim_identities_history", "n_not_the_latest",
     "delete from marts.dim_identities_history where known_until is null"),
    ("marts", "marts.item_pairs", "n_not_in_order", "update marts.item_pairs set item_a = 'b'"),
    ("marts", "marts.item_pairs", "n_more_than_the_whole", "update marts.item_pairs set n_together = 6"),
    ("marts", "marts.item_pairs", "n_more_than_the_whole", "update marts.item_pairs set n_baskets = 7"),
    ("marts", "marts.item_pairs", "n_rate_outside", "update marts.item_pairs set confidence_a_to_b = 1.2"),
    ("marts", "marts.dim_users", "n_persons", "delete from marts.dim_users"),
    ("marts", "marts.dim_users", "n_events_off", "update marts.dim_users set n_events = n_events + 1"),
    ("marts", "marts.dim_users", "n_events_off", "delete from marts.dim_users where person_id = 'p3'"),
    ("marts", "marts.dim_users", "n_orders_off", "update marts.dim_users set n_orders = n_orders + 9"),
    ("marts", "marts.dim_users", "n_seen_backwards", "update marts.dim_users set last_seen_at = '2020-01-01'"),
    ("marts", "marts.dim_users", "n_score_out_of_range", "update marts.dim_users set activity_score = 101"),
    ("marts", "marts.dim_users", "n_active_after_as_of", "update marts.dim_users set days_since_last_active = -1"),
    ("marts", "marts.funnel_conversion", "n_not_monotone",
     "update marts.funnel_conversion set n_reached = 41 where step_number = 3"),
    ("marts", "marts.funnel_conversion", "n_more_than_entered", "update marts.funnel_conversion set n_reached = 101"),
    ("marts", "marts.funnel_conversion", "n_first_step_off", "update marts.funnel_conversion set n_reached = 99"),
    ("marts", "marts.funnel_conversion", "n_overall_rate_outside",
     "update marts.funnel_conversion set overall_conversion_rate = 1.01"),
    ("marts", "marts.funnel_conversion", "n_step_rate_outside",
     "update marts.funnel_conversion set step_conversion_rate = -0.1"),
    ("marts", "marts.funnel_conversion", "n_negative_time",
     "update marts.funnel_conversion set median_time_from_previous_s = -1"),
    ("marts", "marts.funnel_conversion", "n_dropped_outside", "update marts.funnel_conversion set n_dropped = -1"),
    ("marts", "marts.funnel_conversion", "n_quantiles_crossed",
     "update marts.funnel_conversion set p75_time_from_entry_s = 41"),
    ("marts", "marts.funnel_conversion", "excluded_rate", "update marts.funnel_conversion set n_excluded = 1000"),
    ("marts", "marts.retention", "n_rate_outside", "update marts.retention set retention_rate = 1.1"),
    ("marts", "marts.retention", "n_more_than_cohort", "update marts.retention set n_retained = 11"),
    ("marts", "marts.retention", "n_start_not_whole", "update marts.retention set n_retained = 9"),
    ("marts", "marts.retention", "n_cohort_sizes_differ", "update marts.retention set n_cohort = n_cohort + period_number"),
    ("marts", "marts.path_transitions", "n_entries_off", "delete from marts.path_transitions where from_event = '(entry)'"),
    ("marts", "marts.path_transitions", "n_exits_off", "delete from marts.path_transitions"),
    ("marts", "marts.path_sequences", "n_sessions_off", "delete from marts.path_sequences"),
    ("marts", "marts.path_sequences", "n_more_persons_than_sessions", "update marts.path_sequences set n_persons = 10000"),
    ("marts", "marts.path_sequences", "n_rate_outside", "update marts.path_sequences set conversion_rate = 1.1"),
    ("marts", "marts.path_drop_offs", "n_lost_off", "update marts.path_drop_offs set n_sessions_lost = 0"),
    ("marts", "marts.path_drop_offs", "n_more_lost_than_reached", "update marts.path_drop_offs set n_sessions_reached = 0"),
    ("marts", "marts.path_drop_offs", "n_stakes_unknown", "update marts.path_drop_offs set revenue_at_stake = 'nan'"),
    ("marts", "marts.aha_moments", "n_groups_off", "update marts.aha_moments set n_did = 5"),
    ("marts", "marts.aha_moments", "n_rate_outside", "update marts.aha_moments set retention_rate_did = 1.1"),
    ("marts", "marts.aha_moments", "n_adjusted_below", "update marts.aha_moments set p_value_adjusted = 0.001"),
    ("marts", "marts.aha_moments", "n_ranks_twice", "insert into marts.aha_moments from marts.aha_moments"),
    ("marts", "marts.retention", "n_value_off", "update marts.retention set cumulative_revenue_per_person = 0.6"),
    ("marts", "marts.retention_persons", "n_persons_off", "delete from marts.retention_persons where person_id = 'p1'"),
    ("marts", "marts.retention_persons", "n_persons_off", "delete from marts.retention where period_number = 0"),
    ("marts", "marts.lifecycle_periods", "n_states_off", "update marts.lifecycle_periods set n_new = n_new + 1"),
    ("marts", "marts.lifecycle_periods", "n_flow_off", "update marts.lifecycle_periods set n_dormant = 3"),
    ("marts", "marts.lifecycle_periods", "n_persons_off", "delete from marts.lifecycle_periods where n_new = 2"),
    ("marts", "marts.power_user_curve", "n_months_off", "delete from marts.power_user_curve where n_active_days = 2"),
    ("marts", "marts.power_user_curve", "n_months_off",
     "delete from marts.power_user_curve where month_start = '2026-01-01'"),
    ("marts", "marts.user_features", "n_persons_invented", "insert into marts.user_features from marts.user_features"),
    ("marts", "marts.user_features", "n_after_as_of", "update marts.user_features set as_of_date = '2026-02-01'"),
    ("marts", "marts.user_features", "n_seeing_the_future", "update marts.user_features set days_since_last_active = -1"),
    ("marts", "marts.user_features", "n_score_out_of_range", "update marts.user_features set activity_score = 'nan'"),
    ("marts", "marts.user_features", "n_missing", "update marts.user_features set purchase_frequency = null"),
    ("marts", "marts.user_features", "is_current", "delete from marts.user_features where as_of_date = '2026-01-31'"),
    ("ml", "activation.user_history", "n_empty", "update activation.user_history set valid_to = valid_from where person_id = 'p1'"),
    ("ml", "activation.user_history", "n_after_as_of", "update activation.user_history set valid_to = '2026-02-01' where person_id = 'p1'"),
    ("ml", "activation.user_history", "n_overlapping", "update activation.user_history set valid_to = '2026-01-31' where valid_to is not null"),
    ("ml", "activation.user_history", "n_overlapping", "insert into activation.user_history from activation.user_history where person_id = 'p2'"),
    ("ml", "activation.user_history", "gap_rate", "update activation.user_history set valid_to = '2026-01-20' where valid_to is not null"),
    ("ml", "activation.user_history", "n_other_than_the_profile", "update activation.user_history set value = 'new' where person_id = 'p7'"),
    ("ml", "activation.user_history", "n_other_than_the_profile", "delete from activation.user_history where person_id = 'p7'"),
    ("ml", "ml.churn_scores", "n_eligible_without_score", "delete from ml.churn_scores"),
    ("ml", "ml.churn_scores", "n_without_probability", "update ml.churn_scores set probability = null"),
    ("ml", "ml.churn_scores", "n_outside_0_1", "update ml.churn_scores set probability = 1.01"),
    ("ml", "ml.churn_scores", "n_without_version", "update ml.churn_scores set model_version = null"),
    ("ml", "ml.churn_scores", "n_other_date", "update ml.churn_scores set as_of_date = '2026-01-30'"),
    ("ml", "ml.purchase_scores", "n_persons_invented", "insert into ml.purchase_scores from ml.purchase_scores"),
    ("ml", "ml.purchase_scores", "n_distinct_probabilities",
     "insert into ml.purchase_scores from ml.purchase_scores; update ml.purchase_scores set probability = 0.4"),
    ("ml", "ml.purchase_scores", "gap_to_base_rate", "update ml.purchase_scores set probability = 0.9"),
    ("ml", "ml.user_segments", "segment", "update ml.user_segments set segment = 'vip' where person_id = 'p1'"),
    ("ml", "ml.user_segments", "segment", "update ml.user_segments set segment = null where person_id = 'p1'"),
    ("ml", "ml.user_segments", "segment_share", "update ml.user_segments set segment = 'new'"),
    ("ml", "ml.user_segments", "n_other_date", "update ml.user_segments set as_of_date = '2026-01-30'"),
    ("ml", "ml.user_segments", "n_unexplained", "update ml.user_segments set segment_reason = null"),
    ("ml", "ml.user_segments", "n_persons_off", "insert into ml.user_segments from ml.user_segments"),
    ("ml", "ml.user_segments", "n_persons_off", "delete from ml.user_segments where person_id = 'p3'"),
    ("ml", "ml.churn_scores", "n_eligible_without_score", "delete from ml.churn_scores where person_id = 'p3'"),
    ("ml", "activation.user_profiles", "n_persons_off", "delete from activation.user_profiles where person_id = 'p3'"),
    ("ml", "activation.user_profiles", "n_other_date", "update activation.user_profiles set as_of_date = '2026-01-30'"),
    ("ml", "activation.user_profiles", "n_segments_lost", "update activation.user_profiles set segment = null"),
    ("ml", "activation.user_profiles", "n_churn_scores_lost",
     "update activation.user_profiles set churn_probability = null where person_id = 'p3'"),
    ("ml", "activation.user_profiles", "n_purchase_scores_lost", "delete from ml.purchase_scores where person_id = 'p3'"),
    ("ml", "activation.retention_breakdown", "n_cells_off",
     "update activation.retention_breakdown set n_retained = n_retained + 1"),
    ("ml", "activation.retention_breakdown", "n_cells_off",
     "delete from activation.retention_breakdown where breakdown_value = 'new'"),
    ("ml", "ml.model_metrics", "split", "update ml.model_metrics set split = 'train'"),
    ("ml", "ml.model_metrics", "n_without_value", "update ml.model_metrics set value = null"),
    ("ml", "ml.model_metrics", "n_outside_interval", "update ml.model_metrics set ci_low = 0.85"),
    ("ml", "ml.model_metrics", "n_rate_outside", "update ml.model_metrics set value = 1.5"),
    ("ml", "ml.model_metrics", "promoted_roc_auc", "update ml.model_metrics set value = 0.45"),
]  # fmt: skip
# column that must fail, changes of the ledger's loaded row, filter on the lake's events
RAW_DAMAGE = [
    ("rejected_rate", "n_lines = 501, n_rejected = 100", "true"),
    ("worst_new_batch_rejected_rate_low", "n_lines = 501, n_rejected = 100", "true"),
    ("n_unaccounted_lines", "n_lines = 406", "true"),
    ("n_lake_rows_off", "status = 'loaded'", "i <> 7"),
    ("n_lake_rows_off", "file_id = 'cc03'", "true"),
    ("hours_event_after_ingest", "max_event_at = '2026-03-01'", "true"),
    ("first_event_year", "min_event_at = '1970-01-01'", "true"),
    ("last_week_volume_ratio", "status = 'loaded'", "i >= 60"),
    ("last_week_volume_ratio", "status = 'loaded'", "i < 70 or i % 10 < 2"),
    ("silence_over_longest_gap", "status = 'loaded'", "i >= 50"),
    ("n_events_to_as_of", "n_accepted = 0", "false"),
]


def write_lake(home: Path, changes: str = "status = 'loaded'", kept: str = "true") -> GateParams:
    """The lake of the warehouse above: its events, and e1 a second time."""
    con = duckdb.connect()
    con.execute(WAREHOUSE)
    folder = home / "events" / "event_month=2026-01"
    folder.mkdir(parents=True)
    for name, part in (("shop-aa01", "i < 200"), ("shop-aa01-1", "i >= 200")):
        con.execute(f"""copy (
            select source, event_id, event_at, 'aa01' as file_id, person_id as user_id, null::varchar as anonymous_id
            from (from intermediate.int_events union all from intermediate.int_events where i = 1) where {kept} and {part}
        ) to '{folder}/{name}.parquet'""")
    con.execute(f"create table ledger as {LEDGER}")
    con.execute(f"update ledger set {changes} where status = 'loaded'")
    con.execute(f"copy ledger to '{home}/ledger.parquet'")
    con.close()
    return GateParams(
        as_of_date=date(2026, 1, 31), lake_events=f"{home}/events/*/*.parquet", ledger=f"{home}/ledger.parquet"
    )


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> GateParams:
    return write_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute(WAREHOUSE)
    yield con
    con.close()


def failures(results: list[CheckResult]) -> set[tuple[str, str | None]]:
    return {(result.table_name, result.column_name) for result in results if result.failed}


def skipped(results: list[CheckResult]) -> set[tuple[str, str | None]]:
    return {(result.table_name, result.column_name) for result in results if result.passed is None}


@pytest.mark.parametrize("stage", ["sessions", "marts", "ml"])
def test_healthy_data_pass(stage: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams) -> None:
    results = run_stage(stage, warehouse, params)
    assert failures(results) == set()
    under_20_persons = {(f"ml.{kind}_scores", "n_distinct_probabilities") for kind in ("churn", "purchase")}
    assert skipped(results) == (under_20_persons if stage == "ml" else set())


@pytest.mark.parametrize(("stage", "table", "column", "damage"), DAMAGE, ids=[f"{d[1]}-{d[2]}" for d in DAMAGE])
def test_damage_is_found(
    stage: str, table: str, column: str, damage: str, warehouse: duckdb.DuckDBPyConnection, params: GateParams
) -> None:
    warehouse.execute(damage)
    assert (table, column) in failures(run_suite(table, warehouse, params))


def test_raw_gate_passes_before_any_database_exists(tmp_path: Path, params: GateParams) -> None:
    assert failures(run_stage("raw", tmp_path / "absent.duckdb", params)) == set()
    assert not (tmp_path / "absent.duckdb").exists()


@pytest.mark.parametrize(("column", "changes", "kept"), RAW_DAMAGE)
def test_damage_before_dbt_is_found(column: str, changes: str, kept: str, tmp_path: Path) -> None:
    params = write_lake(tmp_path, changes, kept)
    assert column in {name for _, name in failures(run_stage("raw", ":memory:", params))}


def test_a_file_cut_short_is_told_with_its_name(tmp_path: Path) -> None:
    params = replace(write_lake(tmp_path), lake_rejected=f"{tmp_path}/rejected.parquet")
    duckdb.execute(f"""copy (
        select 'shop' as source, 'aa01' as file_id, 'truncated_file' as reason
    ) to '{params.lake_rejected}'""")
    (found,) = [r for r in run_suite("raw.ingested_files", ":memory:", params) if r.failed]
    assert (found.column_name, found.severity) == ("n_truncated", "warn")
    assert found.observed_value == "1 (source=shop, file=shop/a.jsonl)"


def test_too_many_rejects_name_reasons_files_and_limit(tmp_path: Path) -> None:
    """600 lines of a.jsonl: 401 events, 199 rejected, of which 150 bad_json, 40 bad_timestamp, 6 and 3 of others."""
    params = replace(
        write_lake(tmp_path, "n_lines = 600, n_rejected = 199"), lake_rejected=f"{tmp_path}/rejected/*.parquet"
    )
    (tmp_path / "rejected").mkdir()
    duckdb.execute(f"""copy (
        select 'shop' as source, 'aa01' as file_id,
            case when i < 150 then 'bad_json' when i < 190 then 'bad_timestamp' when i < 196 then 'bad_row'
                else 'bad_encoding' end as reason
        from range(199) as r(i)
        union all select 'shop', 'bb02', 'future_timestamp' from range(900)  -- of the superseded file: not counted
    ) to '{tmp_path}/rejected/shop.parquet'""")
    rate = next(r for r in run_suite("raw.ingested_files", ":memory:", params) if r.column_name == "rejected_rate")
    assert rate.blocks
    assert rate.expected == "0 to 0.05"
    assert rate.observed_value == (
        "0.331667 (source=shop, rejected_lines=199 of 600, "
        "reasons=bad_json 150, bad_timestamp 40, bad_row 6, most_in=shop/a.jsonl 199)"
    )


def test_events_that_came_too_late_stop_nothing_and_the_command_for_them_is_named(tmp_path: Path) -> None:
    """All but 5 of 205 rejected lines came too late, of 606: 0.8 % are bad."""
    params = write_lake(tmp_path, "n_lines = 606, n_rejected = 205")
    late = "date '2026-01-02' as too_late_from, date '2026-01-05' as too_late_to"
    duckdb.execute(f"""copy (
        select *, case when file_id = 'aa01' then 200 end as n_too_late, {late} from '{params.ledger}'
    ) to '{params.ledger}.new.parquet'""")
    Path(f"{params.ledger}.new.parquet").replace(params.ledger)
    results = {r.column_name: r for r in run_suite("raw.ingested_files", ":memory:", params)}
    assert results["rejected_rate"].passed
    assert results["worst_new_batch_rejected_rate_low"].passed
    warned = results["n_too_late"]
    assert (warned.failed, warned.blocks) == (True, False)
    assert (
        warned.observed_value == "200 (source=shop, taken_in_by=growthhouse backfill --from 2026-01-02 --to 2026-01-05)"
    )
    published = replace(params, published_at=datetime(2026, 2, 3))
    assert {r.column_name: r for r in run_suite("raw.ingested_files", ":memory:", published)}["n_too_late"].passed


def test_a_night_of_which_nothing_was_accepted_fails_and_is_not_broken(tmp_path: Path) -> None:
    params = write_lake(tmp_path, "n_accepted = 0, n_rejected = 405")
    for file in tmp_path.glob("events/*/*.parquet"):
        file.unlink()
    blocking = {r.column_name for r in run_stage("raw", ":memory:", params) if r.blocks}
    assert blocking == {"rejected_rate", "worst_new_batch_rejected_rate_low", "n_events_to_as_of"}


def rates_after(tmp_path: Path, n_lines: int, n_rejected: int, published_at: datetime | None = None) -> set[str | None]:
    """What fails about rejects after the healthy file of 405 lines came a second one, a day later."""
    params = replace(write_lake(tmp_path), published_at=published_at)
    duckdb.execute(f"""copy (
        from '{params.ledger}' union all by name
        select 'dd04' as file_id, 'shop' as source, 'c' as file, {n_lines} as n_lines, {n_lines - n_rejected} as n_accepted,
            {n_rejected} as n_rejected, timestamp '2026-02-02' as ingested_at, 'loaded' as status
    ) to '{params.ledger}.new.parquet'""")
    Path(f"{params.ledger}.new.parquet").replace(params.ledger)
    failed = failures(run_suite("raw.ingested_files", ":memory:", params))
    return {column for _, column in failed if column and "rejected" in column}


def test_three_lines_with_one_bad_are_no_evidence_of_a_broken_night(tmp_path: Path) -> None:
    assert rates_after(tmp_path, 3, 1) == set()


def test_a_bad_delivery_does_not_hide_behind_a_good_history(tmp_path: Path) -> None:
    """15 of 50 bad; all together 19 of 455, which is 4.2 % and under the limit."""
    assert rates_after(tmp_path, 50, 15) == {"worst_new_batch_rejected_rate_low"}


def test_what_was_published_once_is_judged_no_more(tmp_path: Path) -> None:
    assert rates_after(tmp_path, 50, 15, published_at=datetime(2026, 2, 3)) == set()


def test_what_came_after_the_last_publication_is_judged(tmp_path: Path) -> None:
    assert rates_after(tmp_path, 50, 15, published_at=datetime(2026, 2, 1, 12)) == {"worst_new_batch_rejected_rate_low"}


def test_a_file_is_opened_read_only_and_released(tmp_path: Path, params: GateParams) -> None:
    path = tmp_path / "growth.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(WAREHOUSE)
    assert failures(run_stage("sessions", path, params)) == set()
    with duckdb.connect(str(path)) as con:  # fails while a reader of another configuration is open
        con.execute("drop table marts.fct_events")
    with pytest.raises(GateBroken, match=r"marts\.fct_events: probe profile could not be computed"):
        run_stage("marts", path, params)
