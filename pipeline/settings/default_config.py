"""The commented `growth.yaml` that `growthhouse init` writes. Text only."""

from __future__ import annotations

_TEXT = """\
# growth.yaml: the sources, and what is computed from them. Everything below `sources` is optional;
# a commented key shows its default. Unknown keys are errors.

site:
  timezone: UTC            # IANA name; the calendar of every *_date column
  currency: USD            # of amounts without a currency
  week_start: monday       # monday | sunday | saturday

sources:
  - name: shop             # [a-z][a-z0-9_]*
    format: tracker        # tracker | table | access_log | survey
    #                      # segment | mixpanel | amplitude | ga4 | posthog | sensors
    # a glob, relative to this file's folder; {home} is --home; .gz and .zst are read directly
    path: "{home}/data/raw/shop/**/*.jsonl*"
    sessions: true         # false: server-side events, which join the current session and never start one
    order_ids: shared      # own: the source numbers its orders by itself; the same id elsewhere is another order
    # event_names: {pv: view_item, cart: add_to_cart, fav: add_to_wishlist, buy: purchase}   # theirs: ours
  # - name: orders
  #   format: table        # any CSV, TSV, Parquet or JSON lines
  #   path: exports/*.csv
  #   header: true         # false: columns are positions 0, 1, …
  #   columns: {user_id: customer, order_id: id, event_at: created_at, revenue: total}   # ours: theirs
  #   # (all other columns become properties)
  #   event_name: purchase # instead of a column, if every row is the same event
  #   timestamp_format: iso   # iso | epoch_s | epoch_ms | epoch_us | a strptime pattern
  #   timezone: UTC        # of timestamps that name no offset and no zone
  #   sessions: false
  # - name: mp
  #   format: mixpanel
  #   path: mixpanel/*.jsonl.gz
  #   project_timezone: America/Los_Angeles   # of a project from before 2023
  # - name: web_log
  #   format: access_log
  #   path: /var/log/nginx/access.log*
  #   log_format: combined # common | combined | json | a LogFormat or log_format, as in the server's config
  #   host: shop.example   # the site, where the log does not say it
  #   events:              # requests that are an event, the first that fits; a name in braces is a canonical column
  #     - {path: "/product/{item_id}", event: view_item}
  #     - {path: "/search", event: search, search_term: q}
  #     - {method: POST, path: "/cart", event: add_to_cart}
  #   pages: html          # every other page is a page_view | none: only what `events` names
  #   visitor: [address, user_agent]   # hashed, for one day each | the name of a value that is the visitor's id
  # - name: nps
  #   format: survey       # answers are events survey_response, and make no session
  #   path: "surveys/*.csv"
  #   kind: nps            # nps | csat | ces | text
  #   columns: {response_id: id, user_id: user, event_at: at, score: score, comment: why}   # also category
  #   header_rows: 1       # the first has the names, the others are skipped

# cleaning:
#   max_duration_s: 86400        # a longer duration_s is rejected
#   max_future_hours: 24         # a timestamp further ahead of the clock is rejected
#   max_line_bytes: 1048576
#   max_rejected_rate: 0.05      # more rejected lines stop the night
#   max_expansion: 200           # a .gz, .zst or Parquet file that expands more (and beyond 64 MiB) is skipped
#   max_events_per_minute: 300   # a person with more is flagged as a bot
#   # suspicious orders are flagged and excluded from revenue:
#   max_orders_per_day: 50       # more orders of one person on one date
#   max_orders_per_item: 10      # more orders of one item by one person,
#   max_accounts_per_device: 5   # or more persons ordering on one device,
#   brushing_window_days: 7      # within this many days
#   days_late_allowed: null      # 3: an event dated more than 3 days before the newest one that earlier nights read
#                                # of its source is held back, counted and listed; `growthhouse backfill` loads it

# identity:
#   max_users_per_device: 1
#   pseudonymise: []             # [user_id, anonymous_id]: the warehouse holds an HMAC-SHA-256 instead of the id
#   key_env: GROWTH_HASH_KEY     # the environment variable with the secret key of these hashes
#   keep_full_ip: false          # false: IP addresses in properties lose the last octet (IPv6: everything beyond /48)

# privacy:
#   raw_days: null               # 730: older raw files and months of the lake are deleted
#   versions: 3                  # published versions to keep
#   version_days: null           # 30: older versions are deleted earlier; the current one always stays
#   max_erased_rate: 0.05        # an erasure that removes more of all lines asks first, or needs --yes

# sessions:
#   timeout_minutes: 30          # a longer gap starts a new session
#   max_hours: 24
#   cut_at_midnight: false
#   cut_on_campaign: false
#   max_engaged_gap_s: 300       # the most that one gap between two events adds to engaged_time_s

# funnels:
#   - name: purchase
#     steps: [{event: sign_up}, {event: view_item}, {event: add_to_cart}, {event: purchase, where: "revenue > 0"}]
#   # without a `funnels` key, steps whose event never occurs are left out with a warning; so is `revenue > 0`
#   # where no purchase has an amount
#     # further keys of a step:
#     #   where: a condition on columns of fct_events, properties->>'key' included; no subquery
#     #   optional: true (may be skipped; not the first or last step)
#     #   within: 1 hour (limits the time from the previous step)
#     window: 7 days               # from the entry, its end included
#     order: ordered               # ordered: other events may come between | strict: the very next events | any
#     entry: best                  # best: a person's deepest | first: from the first entry | every: after each window
#     scope: person                # person | session: all steps in one session
#     exclude: []                  # events between entry and conversion that remove the entry; those are counted
#     hold_constant: []            # columns of fct_events that must be equal in all steps, such as [item_id]
#     breakdown: null              # figures per value of a column of the entry event, such as device_type; of its
#                                  # session (channel, landing_page, browser, …); of the person (acquisition_channel, …)
#   - name: checkout
#     steps:
#       - {event: view_item}
#       - {event: add_to_cart}
#       - {event: begin_checkout}
#       - {event: purchase, where: "revenue > 0"}

# retention:
#   start_event: null            # null: any event; a cohort starts with a person's first start event
#   return_event: null           # null: any event
#   max_days: 30
#   max_weeks: 12
#   max_months: 12
#   brackets: [[1, 3], [4, 7], [8, 30]]   # days since the start, ends included
#   # by columns of user_profiles at as_of; also cluster_name, lifecycle_stage, favourite_category, is_known_user
#   breakdowns: [acquisition_channel, segment]
#   warm_up_days: 30             # cohorts of the first days of the history are flagged is_warm_up; 0: none
#   history_start: null          # null: the first active date of anybody; set a date if a stray event is older

# attribution:
#   lookback: 30 days            # sessions that started at most this long before an order are its touches
#   half_life: 7 days            # time_decay: a touch this much older weighs half
#   first_share: 0.4             # position_based: the touches between get the rest
#   last_share: 0.4

# paths:
#   start: null                  # an event or page group: paths are also counted forwards from its first occurrence
#   end: purchase                # the conversion: paths are counted backwards from it, drop-offs up to it
#   groups: []                   # ["/product/*", "/checkout/*"]: a page event becomes its first matching group
#   page_events: [page_view]

# aha:
#   start_event: null            # null: sign_up if it occurs, else the person's first event
#   counts: [1, 2, 3, 5]         # behaviours: an event at least this often
#   days: [1, 3, 7]              # within this many days, including the date of the start
#   retention_days: 7            # staying: active on any of this many following days

# churn:
#   horizon_days: 7
#   lookback_days: 30
#   min_snapshots: 3
#   # action: what acting on one person costs, and brings if that person would have churned; with it
#   # ml.model_metrics shows the profit of acting on everybody above the threshold cost / benefit. No default.
#   action: {cost: 2, benefit: 15}
#   # bands: the lowest probability of each band. No default: medium is from the base rate of the newest labelled
#   # snapshot, high from twice that rate, or from half the rate of the opposite if that is lower
#   bands: {high: 0.7, medium: 0.4}

# purchase:
#   horizon_days: 7              # action and bands: as for churn

# training:
#   tuning_budget_s: 20          # estimated seconds on two cores for tuning at each training; 0: no tuning

# customer_value:
#   horizon_days: 90             # days after as_of for expected orders and revenue

# segments:
#   kmeans: {k: auto}

# market_basket:
#   days: 90
#   min_together: 5              # baskets that must contain both items of a pair
#   max_items: 50                # of a basket with more different items only the first count

# recommendations:
#   top_n: 10
#   event_weights: {view_item: 1, add_to_wishlist: 2, add_to_cart: 3, purchase: 5}   # other events do not count
#   allow_repeat: false          # true: items already bought may be recommended
#   half_life_days: 30           # an interaction this much older weighs half
#   days: 180                    # older interactions do not count; bought items are never forgotten
#   horizon_days: 7              # strategies are evaluated on this many days after the data they learn from
#   unavailable_items: null      # a CSV or Parquet file with a column item_id, read each night: items out of stock

# alerts:                        # none are sent without webhook or email; secrets are in environment variables
#   on: [failure, recovery]      # also gate_warning
#   webhook: {url: "https://chat.example/hooks/nights", token_env: GROWTH_ALERT_TOKEN}   # or url_env, if it is secret
#   email:
#     to: [data@shop.example]
#     from: growthhouse@shop.example
#     smtp_host: mail.shop.example
#     port: 587
#     security: starttls         # starttls | tls | none
#     user_env: GROWTH_SMTP_USER
#     password_env: GROWTH_SMTP_PASSWORD

# collector:                     # `growthhouse collect` (docs/collector.md)
#   host: 127.0.0.1              # without keys it listens on this machine only
#   port: 8000
#   path: /api/track
#   script_path: /growthhouse.js # the tracker for pages; ad blockers know the usual names of both
#   # id_cookie: shop_id         # keep the anonymous id of a browser in a first-party cookie of this name
#   # keys: each names a source, and who may send: pages of these origins, or servers, which may set receivedAt,
#   # context.ip and context.userAgent themselves; key_env instead of key: an environment variable
#   #   - {key: 6c1d0b2f4a9e, source: shop, origins: ["https://shop.example"]}
#   #   - {key_env: SHOP_SERVER_KEY, source: orders, client: server}
#   keys: []
#   origins: []                  # pages that may send with every key: scheme, host and port, exactly
#   trusted_proxies: [127.0.0.0/8, "::1/128"]   # their X-Forwarded-For is believed
#   rate: {per_key: 10000, per_address: 100}    # requests per second and process
#   max_event_bytes: 1048576
#   max_request_bytes: 5242880   # also of what gzip expands to
#   max_nesting: 20
#   max_keys: 1000               # of an event, those of its objects included
#   request_timeout: 10 s        # for a request to arrive
#   max_queue_bytes: 67108864    # more waiting for the disk: 503
#   gather_ms: 5                 # requests of so many milliseconds are written and synced together
#   max_file_bytes: 134217728    # a file is finished, so that a night reads it: at this size,
#   max_open: 15 minutes         # at this age, and at the end of the hour
#   min_free_bytes: 268435456    # less free disk: 503

# Accepted, but not used yet: interventions, experiments.
"""


def default_config_text() -> str:
    """The text of a valid config that reads the simulated shop."""
    return _TEXT
