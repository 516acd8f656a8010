"""The commented `growth.yaml` that `growthhouse init` writes. Text only."""

from __future__ import annotations

_TEXT = """\
# growth.yaml: what comes in, and what is computed from it. Everything below `sources` is optional;
# a commented key shows its default. Unknown keys are errors.

site:
  timezone: UTC            # IANA name; the calendar of every *_date column
  currency: USD
  week_start: monday

sources:
  - name: shop             # [a-z][a-z0-9_]*
    format: tracker        # tracker | table
    path: "{home}/data/raw/shop/**/*.jsonl*"   # globs; .gz and .zst are read as they are; relative to this file's folder
    sessions: true         # false for server-side events: they join the session they fall into, and never make one
    # event_names: {pv: view_item, cart: add_to_cart, fav: add_to_wishlist, buy: purchase}   # rename on the way in
  # - name: orders
  #   format: table        # any CSV, TSV, Parquet or JSON lines
  #   path: exports/*.csv
  #   header: true         # false: give columns as positions 0, 1, …
  #   columns: {user_id: customer, order_id: id, event_at: created_at, revenue: total}   # ours: theirs; the rest lands in properties
  #   event_name: purchase # instead of a column, where every row is the same event
  #   timestamp_format: iso   # iso | epoch_s | epoch_ms | epoch_us | a strptime pattern
  #   timezone: UTC        # of timestamps that carry none
  #   sessions: false

# cleaning: {max_duration_s: 86400, max_future_hours: 24, max_line_bytes: 1048576, max_rejected_rate: 0.05,
#            max_events_per_minute: 300,
#            max_orders_per_day: 50,      # of one person; those of a day with more are flagged and left out of revenue, as are those with
#            max_orders_per_item: 10,     # more orders of one item by one person, or
#            max_accounts_per_device: 5,  # more persons ordering on one device,
#            brushing_window_days: 7,     # within so many days
#            max_expansion: 200,   # times its size that a .gz, .zst or Parquet file may unpack to (beyond 64 MiB)
#            days_late_allowed: null}   # 3: an event of a date more than 3 days before the newest that earlier nights read of its
#                                  # source is held back, counted and listed; `growthhouse backfill` takes it in
# identity: {max_users_per_device: 1,
#            pseudonymise: [],             # [user_id, anonymous_id]: the warehouse holds an HMAC-SHA-256 instead of the id
#            key_env: GROWTH_HASH_KEY,     # the environment variable with the secret key of those hashes
#            keep_full_ip: false}          # false: addresses in properties lose their last octet (IPv6: all beyond /48)
# privacy: {raw_days: null,                # 730: raw files and months of the lake that are older are deleted
#           versions: 3,                   # published versions kept
#           version_days: null}            # 30: older versions are deleted earlier; the current one stays
# sessions: {timeout_minutes: 30, max_hours: 24, cut_at_midnight: false, cut_on_campaign: false,
#            max_engaged_gap_s: 300}   # the most that one pause between two events counts for engaged_time_s

# funnels:
#   - name: purchase
#     steps: [{event: sign_up}, {event: view_item}, {event: add_to_cart}, {event: purchase, where: "revenue > 0"}]
#     # where: one condition over the columns of fct_events, properties->>'key' included; no subquery
#     # optional: true: may be skipped, never the first or last step; within: 1 hour bounds the time from the previous step
#     window: 7 days       # counts from the entry, its end included
#     order: ordered       # ordered: others may come between two steps | strict: the very next events | any: in any order
#     entry: best          # best: the deepest of a person's ways | first: from the first entry | every: from each after the last window
#     scope: person        # person | session: all steps in one session
#     exclude: []          # events that disqualify between entry and conversion; the entries they remove are counted
#     hold_constant: []    # columns of fct_events that must not change along the way, such as [item_id]
#     breakdown: null      # a column of fct_events: figures for each value of the entry event

# retention: {start_event: null, return_event: null,   # null: any event; a cohort begins with a person's first start event
#             max_days: 30, max_weeks: 12, max_months: 12,
#             brackets: [[1, 3], [4, 7], [8, 30]],     # days since the start, ends included
#             breakdowns: [acquisition_channel, segment],   # also cluster_name, lifecycle_stage, favourite_category,
#                                                      # is_known_user: as in user_profiles at as_of
#             warm_up_days: 30,      # cohorts and periods that begin earlier after the start of the history are flagged is_warm_up;
#                                    # 0 where the history is whole
#             history_start: null}   # null: the first date on which anybody was active; a date where a stray event is older
# attribution: {lookback: 30 days,       # sessions that began this long before an order, or less, are its touches
#               half_life: 7 days,       # time_decay: a touch that is this much older weighs half
#               first_share: 0.4, last_share: 0.4}   # position_based; the rest goes to the touches between
# paths: {start: null,      # an event (or page group): paths are also counted onwards from its first time in a session
#         end: purchase,    # the conversion: paths are counted backwards from it, and drop-offs up to it
#         groups: [],       # ["/product/*", "/checkout/*"]: page events become the first group that their path matches, else the path
#         page_events: [page_view]}
# aha: {start_event: null,  # sign_up where it occurs, else the person's first event
#       counts: [1, 2, 3, 5], days: [1, 3, 7],   # behaviours: an event at least so often within so many days, the start's date included
#       retention_days: 7}  # staying: active on any of the so many days that follow
# churn: {horizon_days: 7, lookback_days: 30, min_snapshots: 3,
#         action: {cost: 2, benefit: 15}}   # of acting on one person, and what it brings if that person would have churned: with it
#                                           # ml.model_metrics tells what acting from the threshold cost / benefit would have earned
# purchase: {horizon_days: 7}   # action: as for churn
# training: {tuning_budget_s: 20}   # for trying parameters at each training (about weekly), counted for a two-core machine; 0: the usual ones
# customer_value: {horizon_days: 90}   # expected orders and revenue of the days after as_of
# segments: {kmeans: {k: auto}}
# market_basket: {days: 90, min_together: 5, max_items: 50}   # items bought or viewed together: pairs in so many baskets at least;
#                                                             # of a basket with more than max_items different items the first count
# recommendations: {top_n: 10, event_weights: {view_item: 1, add_to_wishlist: 2, add_to_cart: 3, purchase: 5},   # no other event counts
#                   allow_repeat: false,      # true: items already bought may be recommended
#                   half_life_days: 30,       # interest this much older weighs half
#                   days: 180,                # interactions so many days back count; what was bought is never forgotten
#                   horizon_days: 7,          # strategies prove themselves on so many days after the data they learn from
#                   unavailable_items: null}  # a CSV or Parquet file with a column item_id, read each night: items out of stock

# alerts:                  # nobody is told unless a webhook or an e-mail stands here; secrets stay in environment variables
#   on: [failure, recovery]   # also gate_warning
#   webhook: {url: "https://chat.example/hooks/nights", token_env: GROWTH_ALERT_TOKEN}   # or url_env, where the address is secret
#   email: {to: [data@shop.example], from: growthhouse@shop.example, smtp_host: mail.shop.example, port: 587,
#           security: starttls, user_env: GROWTH_SMTP_USER, password_env: GROWTH_SMTP_PASSWORD}   # starttls | tls | none

# Accepted, but nothing uses it yet: interventions, experiments.
"""


def default_config_text() -> str:
    """The text of a config that validates and reads the simulated shop."""
    return _TEXT
