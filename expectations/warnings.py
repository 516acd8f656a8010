"""What a warning of a gate means and where to look: by table and column of each check that warns. No limits here: those are the checks'."""

from __future__ import annotations

import re

from expectations.results import CheckResult

_RATES = ("_rate", "_share")
_LIMIT = re.compile(r"\d+(?:\.\d+)?(?:e-\d+)?")
# What was observed may name places, whose numbers are no rates: `0.3 (source=shop2); 0.4 (source=b)`.
_OBSERVED = re.compile(rf"(?:(?<=^)|(?<=; )|(?<=… )){_LIMIT.pattern}(?=$| \(| …)")
_SCORES = (
    "every person got the same probability, so the model learnt nothing: from ml.model_metrics where split = 'test'"
)
_GAP = (
    "mean probability and rate of the last labelled snapshot are far apart: from ml.model_metrics where split = 'test'"
)

MEANINGS: dict[tuple[str, str], str] = {
    (
        "raw.ingested_files",
        "first_event_year",
    ): "the earliest event is very old, as when a time unit or an empty time was "
    "misread: select file, min_event_at from raw.ingested_files order by 2",
    (
        "raw.ingested_files",
        "n_truncated",
    ): "files that end in the middle of an archive: deliver them again whole; "
    "from raw.rejected_events where reason = 'truncated_file'",
    (
        "raw.ingested_files",
        "n_unreadable",
    ): "files of which no line could be read: is each in the format that growth.yaml names? "
    "from raw.rejected_events where file = the one named",
    (
        "raw.ingested_files",
        "n_too_late",
    ): "events held back by cleaning.days_late_allowed; the backfill named takes them in",
    (
        "raw.events",
        "last_week_volume_ratio",
    ): "events of the last 7 days to a usual week before: select event_date, source, "
    "count(*) from marts.fct_events group by all order by 1 desc",
    (
        "raw.events",
        "share_of_usual_day",
    ): "events of as_of to the median of the dates before: select event_date, count(*) "
    "from marts.fct_events group by all order by 1 desc limit 10",
    (
        "raw.events",
        "silence_over_longest_gap",
    ): "a source has been silent for so many times its longest gap: select source, "
    "max(event_date) from marts.fct_events group by all",
    ("intermediate.int_sessionized", "mean_events_per_session"): "events per session; if off, the identity or "
    "sessions.timeout is wrong: select n_events, count(*) from marts.fct_sessions group by all order by 1",
    (
        "intermediate.int_sessionized",
        "single_event_rate",
    ): "share of sessions of one event; if high, the identity or the "
    "timeout is wrong: from marts.fct_sessions where n_events = 1 limit 10",
    (
        "intermediate.int_duplicates",
        "duplicate_rate",
    ): "share of lines delivered more than once: select source, n_lines, n_duplicates from ops.reconciliation",
    (
        "marts.fct_events",
        "days_behind_as_of",
    ): "days from the newest event to as_of: deliveries are missing; select source, "
    "max(event_date) from marts.fct_events group by all",
    (
        "marts.fct_events",
        "bot_rate",
    ): "share of events of programs, left out of every metric: select user_agent, count(*) "
    "from marts.fct_events where is_bot group by all order by 2 desc limit 10",
    ("marts.fct_events", "purchase_no_revenue_rate"): "share of purchases without revenue: from marts.fct_events where "
    "event_name = 'purchase' and revenue is null limit 10",
    (
        "marts.fct_sessions",
        "conversion_rate",
    ): "share of sessions with a purchase: an event may be named purchase that is "
    "none; from marts.fct_sessions where is_converted limit 10",
    ("marts.fct_orders", "n_negative_revenue"): "orders of negative revenue: from marts.fct_orders where revenue < 0",
    ("marts.fct_orders", "suspicious_rate"): "share of orders that look like brushing, left out of revenue: select "
    "suspicion_reason, count(*) from marts.fct_orders where is_suspicious group by all",
    (
        "marts.fct_orders",
        "other_currency_rate",
    ): "share of orders in another currency than the site's; amounts are never "
    "converted: select currency, count(*), sum(revenue) from marts.fct_orders group by all",
    (
        "marts.fct_refunds",
        "no_order_rate",
    ): "share of refunds whose order is not there: from marts.fct_refunds where not has_order limit 10",
    (
        "marts.fct_order_items",
        "n_worth_more_than_the_order",
    ): "orders whose items are worth more than they: compare revenue "
    "in marts.fct_order_items and marts.fct_orders by order_id",
    (
        "marts.funnel_conversion",
        "excluded_rate",
    ): "share of entries that an `exclude` event removed, which may be a wrong "
    "name: select funnel_name, n_entered, n_excluded from marts.funnel_conversion where period = 'all'",
    (
        "marts.channel_attribution",
        "unexplained_share",
    ): "share of orders no visit explains: links without a medium, or orders "
    "of a system without visits; from marts.channel_attribution where channel in ('unassigned', 'no_touch')",
    ("marts.retention", "n_cohort_sizes_differ"): "cohorts whose size differs between periods: from marts.retention",
    ("ml.user_segments", "segment_share"): "nearly everybody is in one segment, so a rule may be off: select segment, "
    "count(*) from ml.user_segments group by all",
    ("ml.churn_scores", "n_distinct_probabilities"): _SCORES,
    ("ml.purchase_scores", "n_distinct_probabilities"): _SCORES,
    ("ml.churn_scores", "gap_to_base_rate"): _GAP,
    ("ml.purchase_scores", "gap_to_base_rate"): _GAP,
    ("ml.model_metrics", "n_without_value"): "metrics without a value: from ml.model_metrics where value is null",
    (
        "ml.model_metrics",
        "n_outside_interval",
    ): "metrics outside their own interval: from ml.model_metrics where value < ci_low or value > ci_high",
    (
        "ml.model_metrics",
        "promoted_roc_auc",
    ): "the model used is no better than chance, or so good that it may know the "
    "answer: from ml.model_metrics where is_promoted",
    (
        "ml.feature_drift",
        "drifted_share",
    ): "share of features that lie elsewhere than on the model's test snapshot, by more than usual: from ml.feature_drift where is_drifted order by psi desc",
    (
        "ml.feature_drift",
        "score_psi",
    ): "scores lie elsewhere than on the model's test snapshot (above 0.2 is a shift): from ml.feature_drift order by psi desc",
    (
        "ml.recommendations",
        "without_list_rate",
    ): "share of persons without recommendations: few items, or nearly all of them "
    "unavailable; select strategy, count(*) from ml.recommendations group by all",
    ("activation.user_history", "gap_rate"): "share of intervals that begin after a gap: persons who were programs, or "
    "nobody, for some nights",
}


def told(table: str, what: str, observed: str, expected: str) -> str:
    """A warning in words: `marts.fct_orders: suspicious_rate is 21.5 % (expected 0 % to 20 %): share of …`."""
    if what.endswith(_RATES):
        observed, expected = _OBSERVED.sub(_percent, observed), _LIMIT.sub(_percent, expected)
    meaning = MEANINGS.get((table, what))
    return f"{table}: {what} is {observed} (expected {expected})" + (f": {meaning}" if meaning else "")


def of_result(result: CheckResult) -> str:
    """The same of a result."""
    return told(result.table_name, result.column_name or result.expectation, result.observed_value, result.expected)


def _percent(number: re.Match[str]) -> str:
    return f"{round(float(number[0]) * 100, 1):g} %"
