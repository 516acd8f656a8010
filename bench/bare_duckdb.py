"""The core of a night as an analyst would script it: bare DuckDB without lake, ledger, tests and models.

`python -m bench.bare_duckdb HOME OUT.duckdb` reads JSON lines, writes deduplicated events, sessions, the purchase
funnel and daily retention as tables of a DuckDB file, and prints seconds per step and the figures that bench.nights
compares. It reads the same columns and applies the same definitions as the warehouse, so the figures agree, except for
a few valid lines that DuckDB's lenient reader drops beside a broken one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

CONTEXT = (
    'STRUCT(page STRUCT(url VARCHAR, path VARCHAR, referrer VARCHAR), "userAgent" VARCHAR, '
    'campaign STRUCT("source" VARCHAR, medium VARCHAR), device STRUCT("type" VARCHAR))'
)
PROPERTIES = (
    'STRUCT("productId" VARCHAR, category VARCHAR, price DOUBLE, quantity BIGINT, revenue DOUBLE, currency VARCHAR, '
    '"orderId" VARCHAR, query VARCHAR, "method" VARCHAR, "friendId" VARCHAR)'
)
COLUMNS = {
    "event": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "userId": "VARCHAR",
    "anonymousId": "VARCHAR",
    "eventId": "VARCHAR",
    "sentAt": "TIMESTAMP",
    "receivedAt": "TIMESTAMP",
    "context": CONTEXT,
    "properties": PROPERTIES,
}

READ = """
create table lines as
with parsed as (
    select event, "userId" as user_id, "anonymousId" as anonymous_id, "eventId" as event_id,
        "receivedAt" as received_at,
        case when epoch("receivedAt") - epoch("sentAt") not between -60 and 600
            then "timestamp" + ("receivedAt" - "sentAt") else "timestamp" end as event_at,
        context.page.url as page_url, context.page.path as page_path, context.page.referrer as referrer,
        context."userAgent" as user_agent, context.campaign."source" as utm_source,
        context.campaign.medium as utm_medium, context.device."type" as device_type,
        properties."productId" as item_id, properties.category as category,
        properties.price as price, properties.quantity as quantity, properties.revenue as revenue,
        properties.currency as currency, properties."orderId" as order_id, properties.query as search_term,
        properties."method" as method, properties."friendId" as friend_id
    from read_json($files, format = 'newline_delimited', columns = $columns, ignore_errors = true)
)
from parsed
where event is not null and event_at < now()::timestamp + interval 1 day and coalesce(user_id, anonymous_id) is not null
"""
DEDUPLICATE = """
create table events as
with devices as (
    select anonymous_id, min(user_id) as user_id from lines where anonymous_id is not null
    group by anonymous_id having count(distinct user_id) = 1
), repeated as (
    select event_id from lines group by event_id having count(*) > 1
), kept as (
    select * from lines where event_id not in (from repeated)
    union all
    (select * from lines where event_id in (from repeated)
     qualify row_number() over (partition by event_id order by received_at) = 1)
)
select kept.*, coalesce(kept.user_id, devices.user_id, 'anon:' || kept.anonymous_id) as person_id
from kept left join devices on case when kept.user_id is null then kept.anonymous_id end = devices.anonymous_id
"""
BOTS = """
create table bots as
select distinct person_id from events
where user_agent in (
    select user_agent from events group by all
    having regexp_matches(lower(user_agent), 'bot|python-|curl/|spider|crawl')
)
union
select distinct person_id from (
    select person_id from events where person_id in (select person_id from events group by all having count(*) > 300)
    group by person_id, date_trunc('minute', event_at) having count(*) > 300
)
"""
# Window functions over only the columns they need: sorting complete events takes three times as long.
SESSIONIZE = """
create table sessionized as
select *, sum(is_start::integer) over (partition by person_id order by event_at, event_id) as session_number
from (
    select person_id, event_id, event, event_at, revenue, page_url,
        coalesce(
            event_at - lag(event_at) over (partition by person_id order by event_at, event_id) > interval 30 minutes,
            true
        ) as is_start
    from events
);
create table sessions as
select person_id, session_number, min(event_at) as started_at, max(event_at) as ended_at, count(*) as n_events,
    count(*) filter (event = 'page_view') as n_page_views, count(*) filter (event = 'view_item') as n_item_views,
    count(*) filter (event = 'add_to_cart') as n_add_to_carts, count(*) filter (event = 'purchase') as n_purchases,
    sum(revenue) filter (event = 'purchase') as revenue, arg_min(event, event_at) as entry_event,
    arg_max(event, event_at) as exit_event, arg_min(page_url, event_at) as landing_page
from sessionized group by person_id, session_number
"""
FUNNEL = """
create table funnel as
with human as (select person_id, event, event_at, revenue from events where person_id not in (from bots)),
reached as (
    select s1.person_id, s1.event_at as at1, s2.event_at as at2, s3.event_at as at3, s4.event_at as at4
    from (from human where event = 'sign_up') s1
    asof left join (from human where event = 'view_item') s2
        on s1.person_id = s2.person_id and s1.event_at <= s2.event_at
    asof left join (from human where event = 'add_to_cart') s3
        on s2.person_id = s3.person_id and s2.event_at <= s3.event_at
    asof left join (from human where event = 'purchase' and revenue > 0) s4
        on s3.person_id = s4.person_id and s3.event_at <= s4.event_at
), levels as (
    select person_id, max(1 + (at2 <= at1 + interval 7 days)::integer
        + coalesce(at3 <= at1 + interval 7 days, false)::integer
        + coalesce(at4 <= at1 + interval 7 days, false)::integer) as level
    from (select * replace (coalesce(at2, 'infinity') as at2) from reached) group by person_id
)
select step, count(*) filter (level >= step) as n_reached
from levels, range(1, 5) as steps(step) group by step order by step
"""
RETENTION = """
create table retention as
with days as (select distinct person_id, event_at::date as day from events where person_id not in (from bots)),
cohorts as (select *, min(day) over (partition by person_id) as cohort_start from days),
cells as (select cohort_start, day - cohort_start as period_number, count(*) as n_retained from cohorts group by all)
select cells.*, sizes.n_retained as n_cohort
from cells join cells as sizes on cells.cohort_start = sizes.cohort_start and sizes.period_number = 0
where cells.period_number <= 30
"""
STEPS = {
    "read": READ,
    "deduplicate": DEDUPLICATE,
    "bots": BOTS,
    "sessionize": SESSIONIZE,
    "funnel": FUNNEL,
    "retention": RETENTION,
}


def figures(query: Callable[[str], list[tuple[int, ...]]]) -> dict[str, object]:
    """The figures that must agree with the warehouse."""
    return {
        "events": query("select count(*) from events")[0][0],
        "persons": query("select count(distinct person_id) from events")[0][0],
        "sessions": query("select count(*) from sessions")[0][0],
        "funnel": [n for (n,) in query("select n_reached from funnel order by step")],
        "retention": [
            list(row) for row in query("select period_number, sum(n_retained) from retention group by 1 order by 1")
        ],
    }


def main(home: Path, out: Path) -> None:
    """Run every step on the tracker files of a home and print one JSON object."""
    out.unlink(missing_ok=True)
    seconds: dict[str, float] = {}
    with duckdb.connect(str(out)) as con:
        con.execute("set preserve_insertion_order = false")
        for name, sql in STEPS.items():
            started = time.perf_counter()
            given = {"files": str(home / "data/raw/shop/*.jsonl*"), "columns": COLUMNS} if name == "read" else {}
            con.execute(sql, given)
            seconds[name] = round(time.perf_counter() - started, 2)
        print(json.dumps({"seconds": seconds, "figures": figures(lambda sql: con.execute(sql).fetchall())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
