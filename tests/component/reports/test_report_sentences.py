"""Each sentence and figure of the report where there is no data, too little history, no money, one person, no model.

The numbers of a home are made up so that the right sentence is plain; `never` lists what an earlier page said of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from page_text import Text
from report_tables import (
    active_days,
    buyers,
    funnel,
    lifetimes,
    orders,
    page,
    persons,
    refund,
    retention,
    schema_change,
    scores,
)

NOWHERE = Path("/nonexistent")


@dataclass(frozen=True)
class Home:
    """Rows to insert, sentences that the page says, and some that it must not say."""

    rows: tuple[str, ...]
    says: tuple[str, ...]
    never: tuple[str, ...] = ()


HOMES = {
    "nothing at all": Home(
        (),
        (
            "0 events, those of bots included",
            "– no file was read",
            "– no check is recorded",
            "No activity of persons yet.",
            "Nobody has bought yet, so there is no revenue, no probability of an order and no customer value.",
            "No cohort is old enough yet.",
            "No funnel: funnels in growth.yaml is empty, or no event of the default funnels occurs.",
            "No segments yet.",
            "Nobody is scored",
            "No recommendations: no event that counts ( recommendations.event_weights ) names an item.",
            "No change in the last 30 days.",
            "No steps of this run were recorded.",
            "No earlier run is recorded.",
        ),
        (
            *("0 checks held", "No step of a funnel was reached", "%", "0.00 EUR"),
            *("Customer value", "Who is about to buy", "Purchase", "Value and"),
        ),
    ),
    "answers of nobody known": Home(
        (
            """insert into marts.nps (period, period_start, breakdown, breakdown_value, n_responses, n_promoters,
                n_passives, n_detractors, nps, ci_low, ci_high) values
                ('all', null, 'all', null, 40, 10, 18, 12, -5.0, -28.14, 18.9),
                ('all', null, 'category', 'price', 30, 5, 13, 12, -23.333, -45.2, 1.04),
                ('all', null, 'category', 'other', 10, 5, 5, 0, 50, 10, 80),
                ('month', date '2026-01-01', 'all', null, 25, 10, 15, 0, 40, 20, 60),
                ('month', date '2026-02-01', 'all', null, 15, 0, 3, 12, -80, -95, -50),
                ('week', date '2026-02-02', 'all', null, 15, 0, 3, 12, -80, -95, -50)""",
            """insert into marts.fct_feedback (response_id, nps_group, comment, is_bot)
                select i::varchar, 'passive', case when i < 7 then 'why' end, false from range(40) as t (i)""",
        ),
        (
            "−5.0 Net Promoter Score (95 %: −28.1 to +18.9)",
            "40 answers with a score, 7 with a comment",
            "25.0 % promoters, 9 or 10",
            "45.0 % passives, 7 or 8",
            "30.0 % detractors, 0 to 6",
            "February 2026 15 −80.0 −95.0 to −50.0 January 2026 25 +40.0 +20.0 to +60.0",
        ),
        ("Fewer than 20 answers", "By category", "other"),
    ),
    "changes of what sources deliver": Home(
        (
            active_days(60, "30"),
            schema_change("view_item", None, "first_seen", 50, "event"),
            schema_change("view_item", "item_id", "first_seen", 48, "string"),  # of the first week
            schema_change("view_item", "price", "first_seen", 40, "number"),  # more than 30 days ago
            schema_change("view_item", "price", "new_type", 3, "string", before="number"),
            schema_change("view_item", "colour", "first_seen", 29, "string"),
            schema_change("share", None, "first_seen", 2, "event"),
            schema_change("share", "channel", "first_seen", 2, "string"),  # came with its event
            schema_change("search", None, "gone", 0, "event", last_seen=7),
            schema_change("search", "typo", "gone", 0, "string", is_regular=False, last_seen=7),
        ),
        (
            "2026-02-09 shop search – not seen since 2026-02-02",
            "2026-02-07 shop share – new",
            "2026-02-06 shop view_item price string values, number before",
            "2026-01-11 shop view_item colour new, string",
        ),
        ("item_id", "typo", "channel", "of 4 changes", "No change in the last"),
    ),
    "two days": Home(
        (
            active_days(2, "30", mau="40", new="25"),
            orders(0, 25, "10.0"),
            orders(1, 25, "1.0"),
            funnel("checkout", [30, 10], is_closed=False),
            persons(40, "new", "5.0", 1),
            buyers(30, 1, "0", "0", "null", "same-rate-1"),
            retention((1, 15, 3)),
        ),
        (
            "30 active on the day",
            "30 in 7 days (the history has 2)",
            "40 in 30 days (the history has 2)",
            "25 new on the day",
            "– stickiness needs 30 days of history",
            "Without a change where the days a week before are not in the history, or have events on few of them. "
            "The history begins on 2026-02-08.",
            "Active persons, last 2 days",
            "275 EUR revenue 50 orders 5.50 EUR per order with an amount",
            "Without a change: the 7 days before are not in the history, or have events on few of them.",
            "1 15 3 – No share of fewer than 20 persons.",
            "b 33.3 % of a",
            "All 30 entries have an open window: each figure may still rise.",
            "No moves between segments: there is no earlier night to compare with.",
            "– expected orders: too little history, nobody bought on two dates",
            "each buyer at their rate so far. Fifths of buyers Nothing is expected of anybody yet.",
        ),
        ("+", "−", "before)", "no model was clearly better", "0.00 EUR", "expected revenue 0"),
    ),
    "one person": Home(
        (
            active_days(60, "i % 2", mau="1"),
            orders(3, 1, "12.5"),
            orders(9, 1, "5.0"),
            funnel("checkout", [1, 1]),
            persons(1, "regular", "17.5", 2),
            buyers(1, 2, "0.4", "4.1", "0.9"),
            retention((1, 1, 1), (7, 1, 0)),
            scores("churn", 1, "xgboost-1"),
        ),
        (
            "1 person, without bots",
            "0 active on the day (1 before)",
            "1 in 30 days (1 before)",
            "12.50 EUR revenue (5.00 EUR before) 1 order (1 before) 12.50 EUR per order with an amount",
            "1 1 1 – 7 1 0 – No share of fewer than 20 persons.",
            "The only entry has a closed window.",
            "1 person scored",
            "4.10 EUR expected revenue",
            "1 buyer Version",
            "Too few buyers for fifths.",
        ),
        ("1 persons", "1 buyers", "1 orders", "1 sessions", "+", "1 of 1 entries"),
    ),
    "no amounts": Home(
        (
            active_days(60, "100 + i", mau="400"),
            *(orders(day, 10) for day in range(14)),
            *(orders(day, 1, "0.0") for day in range(14)),
            funnel("checkout", [100, 40, 8], optional=(2,)),
            persons(400, "regular", "0", 1),
            buyers(40, 2, "0.5", "0", "null", "same-rate-1"),
        ),
        (
            "100 active on the day −7 %",
            "25.0 % stickiness: active on the day / in 30 days",
            "77 orders ±0 % No order has an amount, so there is no revenue.",
            "b (optional) 40.0 % of a",
            "c 8.0 % of a",
            "0 of 100 entries have an open window.",
            "Segment Persons Share Median days away Plausible orders each regular 400 100 % 1 1.00",
            "20 expected orders 40 buyers",
            "No order has an amount, so buyers are not ranked by value.",
        ),
        ("EUR revenue", "0.00 EUR", "Revenue per day", "Revenue each", "expected revenue 0", "Still active"),
    ),
    "no orders, no funnels, no model": Home(
        (
            active_days(60, "100", mau="400"),
            persons(400),
            scores("churn", 400, "recency-rule-1", drifted=4, psi=3.2),
        ),
        (
            "No funnel: funnels in growth.yaml is empty",
            "Revenue Nobody has bought yet, so there is no revenue, no probability of an order and no customer value.",
            "Segment Persons Share Median days away regular 400 100 % 1 No moves",
            "No model scores, so none can have drifted",
            "feature_0 3.20",
        ),
        ("steady", "Orders each", "Revenue each", "No step of a funnel", "trained again", "EUR", "Customer value"),
    ),
    "ids that last for a day": Home(
        (persons(50), retention((0, 50, 50), (1, 40, 0), (3, 20, 0))),
        ("1 40 0 0 % 3 20 0 0 % Nobody was active again on a later day. An id that lasts for a day",),
    ),
    "some who return": Home(
        (persons(50), retention((1, 40, 1), (3, 20, 0))), ("1 40 1 2.5 % 3 20 0 0 %",), ("Nobody was active again",)
    ),
    "a funnel of one step": Home(
        (funnel("purchase", [200]), persons(200)),
        ("a 200 · 100 % One step has no conversion: whoever enters has reached it.",),
        ("0 of 200 entries",),
    ),
    "more funnels than are shown": Home(
        (
            *(funnel(name, [n, 1]) for name, n in (("aa", 2), ("bb", 9), ("cc", 3), ("dd", 40), ("ee", 5), ("ff", 4))),
            persons(50),
        ),
        ("dd, within 1 day", "bb, within", "ee, within", "ff, within", "Not shown, with fewer entries: cc, aa."),
        ("aa, within", "cc, within"),
    ),
    "revenue that was given back": Home(
        (
            active_days(60, "100", mau="400"),
            *(orders(day, 4, "10.0") for day in range(7, 14)),  # 28 orders, 280
            *(orders(day, 4, "10.4") for day in range(7)),  # 28 orders, 291.20
            orders(2, 1, "196.0", "0.0"),  # 487.20 in all: +74 %, and +4 % without it
            *(refund(day, 12.5, has_order) for day, has_order in ((0, False), (6, False), (7, False), (1, True))),
        ),
        (
            "Besides, 25.00 EUR were refunded in these 7 days",
            "487 EUR revenue +74\xa0%",
            "291 EUR net of refunds +4\xa0%",
            "29 orders +4\xa0%",
        ),
    ),
    "only orders that look like brushing": Home(
        (
            """insert into marts.fct_orders (order_id, order_date, is_suspicious, is_bot, currency)
            values ('1', date '2026-02-08', true, false, 'EUR')""",
        ),
        (
            "No plausible order in EUR yet. Left out, over all time: 1 suspicious order.",
            "Nobody is scored: nobody was recently active.",
            "No plausible order yet.",
        ),
        ("Nobody has bought", "0.00 EUR"),
    ),
    "buyers who gave some and all back": Home(
        (
            persons(4, "regular", "30.0", 1, net="10.0"),
            persons(4, "dormant", "30.0", 2, net="0"),
        ),
        (
            "Plausible orders each Net revenue each dormant 4 50.0 % 1 2.00 0.00 EUR regular 4 50.0 % 1 1.00 10.00 EUR",
            "top fifth of buyers by net revenue",
        ),
    ),
    "a stray event years before the others": Home(
        (
            active_days(9, "900", mau="900"),
            """insert into marts.user_activity (activity_date, dau, wau, mau, stickiness, n_new)
            select date '2026-01-31' - i::int, (i = 300)::int, 0, 0, null, 0 from range(301) as t (i)""",
            *(orders(day, 50, "1.0") for day in range(9)),
        ),
        ("900 active on the day ±0 %", "900 in 7 days 900 in 30 days", "350 EUR revenue 350 orders"),
        ("+",),
    ),
    "a value model": Home(
        (
            active_days(60, "100", mau="400"),
            orders(1, 1, "5.0"),
            buyers(10, 5, "9.0", "100.0 - i", "0.69"),
            buyers(40, 1, "1.0", "10.0", "1.0"),
        ),
        (
            "Fifth Buyers Expected revenue Orders each Still active",
            "1 10 955 EUR 9.00 69.0 % of 10",  # 100 + 99 + … + 91
            "5 10 100 EUR 1.00 – of 0",
            "After one date the model takes everybody for active.",
        ),
        ("100 %",),
    ),
    "one channel": Home(
        (
            persons(50),
            lifetimes("all", "all", 50),
            lifetimes("acquisition_channel", "direct", 50),
            lifetimes("acquisition_channel", "email", 19),
        ),
        ("Still active Channel Persons Day 1 Day 7 all 50 90.0 % 80.0 % Recommendations",),
        ("direct", "email", "by acquisition channel"),
    ),
    "a curve of a year": Home(
        (
            persons(50),
            """insert into ml.survival_curves
                (breakdown, breakdown_value, lifetime_day, n_at_risk, survival_rate)
            select 'all', 'all', day, 50, 1 - day / 1000.0
            from (select unnest(list_concat(range(61), range(67, 362, 7))) as day)""",
        ),
        (
            "Day 1 Day 7 Day 14 Day 30 Day 60 Day 88 Day 179 Day 361",
            "all 50 99.9 % 99.3 % 98.6 % 97.0 % 94.0 % 91.2 % 82.1 % 63.9 %",
        ),
    ),
    "few lifetimes": Home(
        (persons(50), lifetimes("all", "all", 19)),
        ("No curve: fewer than 20 persons are old enough.",),
        ("Day 1",),
    ),
    "a model": Home(
        (scores("churn", 400, "xgboost-1", psi=0.01), persons(400)),
        ("steady The model as a whole has not drifted.", "No feature has drifted."),
        ("No model scores",),
    ),
}


@cache
def source_of(name: str) -> str:
    return page(*HOMES[name].rows, artifacts=NOWHERE)


CASES = [(name, sentence) for name, home in HOMES.items() for sentence in home.says]
NEVER = [(name, words) for name, home in HOMES.items() for words in home.never]


@pytest.mark.parametrize(("name", "sentence"), CASES)
def test_the_page_says_what_is_so(name: str, sentence: str) -> None:
    assert " ".join(sentence.split()) in Text(source_of(name)).text


@pytest.mark.parametrize(("name", "words"), NEVER)
def test_the_page_does_not_say_what_is_not_so(name: str, words: str) -> None:
    """Looked for outside of styles and of the texts that explain a section."""
    figures = re.sub(r'<style>.*?</style>|<p class="how">.*?</p>', "", source_of(name), flags=re.DOTALL)
    assert not re.search(rf"(?<!\w){re.escape(words)}", Text(figures).text)
