"""A wholesale house, made up: long invoices of one timestamp, lines entered twice, cancellations with and without the
order they cancel, invoice numbers that two customers share. Every figure is computed again with pandas.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from builds import Nights

from expectations import SUITES, GateParams, run_suite

START, LAST = datetime(2025, 8, 1), datetime(2026, 1, 31)
CONFIG = """\
site: {timezone: UTC, currency: GBP}
sources:
  - name: erp
    format: table
    path: "{home}/data/raw/erp/*.csv"
    columns: {user_id: customer, event_name: kind, event_at: at, order_id: invoice, item_id: item, price: price,
              quantity: quantity, currency: currency}
retention: {start_event: purchase, return_event: purchase, max_months: 6}
"""
FUNNEL_BY_STAGE = """\
funnels: [{name: given_back, steps: [{event: purchase}, {event: refund}], breakdown: lifecycle_stage}]
"""
MODELS = ("dim_users", "order_histories", "retention", "user_features", "channel_attribution")


def _ledger() -> pd.DataFrame:
    rng = random.Random(16)
    rows: list[dict[str, object]] = []

    def book(kind: str, customer: str, at: datetime, invoice: str, item: int, quantity: int, cents: int) -> None:
        values = (kind, customer, at, invoice, f"i{item}", quantity, cents / 100, rng.choice(("GBP", "gbp")))
        rows.append(dict(zip(COLUMNS, values, strict=True)))

    number = 0
    for customer in (f"c{n}" for n in range(60)):
        day = START + timedelta(days=rng.randrange(120))
        while day < LAST - timedelta(days=1) and rng.random() < 0.8:
            number += 1
            at = day + timedelta(minutes=rng.randrange(540, 1000))
            # an invoice in 20 has the number of the one before, which is mostly another customer's
            invoice = str(536000 + number - (rng.random() < 0.05))
            n_lines = 350 if number % 40 == 0 else rng.choice((1, 2, 5, 12))
            spread = rng.choice((0, 55))
            for line in range(n_lines):
                what = (rng.randrange(3000), rng.randrange(1, 40), rng.randrange(5, 2000))
                moment = at + timedelta(seconds=line * spread // n_lines)
                book("purchase", customer, moment, invoice, *what)
                if rng.random() < 0.05:  # entered twice
                    book("purchase", customer, moment + timedelta(minutes=3), invoice, *what)
                later = min(at + timedelta(days=rng.randrange(1, 20)), LAST)
                if rng.random() < 0.06:  # cancelled under a number of its own
                    book("refund", customer, later, f"C{number}", what[0], -what[1], what[2])
                elif rng.random() < 0.04:
                    book("refund", customer, later, invoice, what[0], -what[1], what[2])
            day += timedelta(days=rng.randrange(2, 50))
    for customer in ("gives_back_everything", "gives_back_more"):
        book("purchase", customer, datetime(2025, 12, 1, 10), f"9{customer}", 1, 74215, 104)
        book("refund", customer, datetime(2025, 12, 1, 11), f"C9{customer}", 1, -74215, 104)
    book("refund", "gives_back_more", datetime(2025, 12, 5), "C8", 1, -10, 500)
    book("refund", "bought_before_the_history", datetime(2025, 9, 5), "C7", 1, -2, 250)
    book("purchase", "last", LAST + timedelta(hours=12), "999999", 1, 1, 100)
    return pd.DataFrame(rows)


COLUMNS = ["kind", "customer", "at", "invoice", "item", "quantity", "price", "currency"]
LEDGER = _ledger()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    nights = Nights(tmp_path_factory.mktemp("wholesale") / "home", CONFIG)
    nights.night({"erp/ledger.csv": LEDGER.to_csv(index=False)}, models=[f"+{model}" for model in MODELS])
    with duckdb.connect(str(nights.paths.build_db), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """One row per invoice and customer, with what is left of it."""
    lines = LEDGER[LEDGER.kind == "purchase"].drop_duplicates(["customer", "invoice", "item", "quantity", "price"])
    lines = lines.assign(revenue=lines.quantity * lines.price)
    found = lines.groupby(["invoice", "customer"], as_index=False).agg(revenue=("revenue", "sum"), at=("at", "min"))
    back = _refunds()
    back = back[back.is_known].groupby(["invoice", "customer"], as_index=False).agg(back=("amount", "sum"))
    found = found.merge(back, how="left", on=["invoice", "customer"])
    found["net"] = found.revenue - found[["revenue", "back"]].min(axis=1).where(found.back.notna(), 0)
    return found.assign(date=found["at"].dt.normalize(), month=found["at"].dt.to_period("M"))


def _refunds() -> pd.DataFrame:
    """Every customer cancels invoices of their own, so an invoice is known where the customer has it."""
    refunds = LEDGER[LEDGER.kind == "refund"].drop_duplicates()
    bought = set(map(tuple, LEDGER[LEDGER.kind == "purchase"][["invoice", "customer"]].to_numpy()))
    known = [pair in bought for pair in zip(refunds.invoice, refunds.customer, strict=True)]
    return refunds.assign(amount=-refunds.quantity * refunds.price, is_known=known)


@pytest.fixture(scope="module")
def unknown() -> pd.DataFrame:
    """Refunds under the number of no invoice that is known."""
    refunds = _refunds()
    return refunds[~refunds.is_known]


def test_the_ledger_holds_what_is_to_be_tested(orders: pd.DataFrame, unknown: pd.DataFrame) -> None:
    lines = LEDGER[LEDGER.kind == "purchase"].groupby(["invoice", "customer"]).size()
    assert (lines > 300).sum() >= 2
    assert (orders.groupby("invoice").customer.nunique() > 1).sum() >= 3
    assert len(unknown) > 20 and orders.back.notna().sum() > 10
    assert len(LEDGER) > len(LEDGER.drop_duplicates(["kind", "customer", "invoice", "item", "quantity", "price"])) + 20


def test_no_invoice_makes_a_bot_and_every_currency_is_one(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute("select count(*) filter (is_bot), list(distinct currency) from marts.fct_events").fetchone()
    assert found == (0, ["GBP"])
    assert built.execute("select count(*) from marts.fct_orders where is_suspicious").fetchone() == (0,)


def test_every_order(built: duckdb.DuckDBPyConnection, orders: pd.DataFrame) -> None:
    found = built.execute(
        "select given_order_id, person_id, revenue, net_revenue, n_buyers > 1 from marts.fct_orders order by 1, 2"
    ).fetchall()
    is_shared = orders.groupby("invoice").customer.transform("nunique") > 1
    wanted = zip(orders.invoice, orders.customer, orders.revenue, orders.net, is_shared, strict=True)
    assert found == [(i, c, pytest.approx(r), pytest.approx(n, abs=1e-6), bool(s)) for i, c, r, n, s in wanted]


def test_every_customer(built: duckdb.DuckDBPyConnection, orders: pd.DataFrame, unknown: pd.DataFrame) -> None:
    found = built.execute(
        "select person_id, n_orders, u.revenue, u.net_revenue, f.net_revenue_total "
        "from marts.dim_users as u join marts.user_features as f using (person_id) "
        "where f.as_of_date = (select max(as_of_date) from marts.user_features) order by 1"
    ).fetchall()
    sums = orders.groupby("customer").agg(n=("net", "size"), gross=("revenue", "sum"), net=("net", "sum"))
    sums = sums.reindex(sorted(LEDGER.customer.unique()), fill_value=0)
    net = sums.net.sub(unknown.groupby("customer").amount.sum(), fill_value=0)
    assert found == [
        (c, row.n, pytest.approx(row.gross), pytest.approx(net[c], abs=1e-6), pytest.approx(net[c], abs=1e-6))
        for c, row in sums.iterrows()
    ]
    assert net["gives_back_everything"] == 0 and net["gives_back_more"] == -50
    gross, refunded = sums.gross.sum(), unknown.amount.sum() + (orders.revenue - orders.net).sum()
    assert sum(row[3] for row in found) == pytest.approx(gross - refunded)


def test_monthly_cohorts_and_their_lifetime_value(
    built: duckdb.DuckDBPyConnection, orders: pd.DataFrame, unknown: pd.DataFrame
) -> None:
    first = orders.groupby("customer").month.min()
    back = unknown.assign(net=-unknown.amount, month=unknown["at"].dt.to_period("M"))
    money = pd.concat([orders, back[back.customer.isin(first.index)]])
    n_cohort = first.value_counts()

    def by_cell(rows: pd.DataFrame) -> pd.core.groupby.DataFrameGroupBy:
        cohort = rows.customer.map(first)
        months = [(month - start).n for month, start in zip(rows.month, cohort, strict=True)]
        return rows.assign(cohort=cohort, months=months).groupby(["cohort", "months"])

    bought = LEDGER[LEDGER.kind == "purchase"]  # an invoice may go on in another month
    retained = by_cell(bought.assign(month=bought["at"].dt.to_period("M"))).customer.nunique()
    net = by_cell(money).net.sum()
    found = built.execute(
        "select cohort_start, period_number, n_cohort, n_retained, revenue from marts.retention "
        "where mode = 'calendar_on' and grain = 'month' order by 1, 2"
    ).fetchall()
    assert len(found) > 15
    for start, number, n_persons, n_retained, revenue in found:
        cell = (pd.Period(start, "M"), number)
        assert (n_persons, n_retained) == (n_cohort[cell[0]], retained.get(cell, 0)), cell
        assert revenue == pytest.approx(net.get(cell, 0), abs=1e-6), cell


def test_what_customer_value_is_fitted_on(
    built: duckdb.DuckDBPyConnection, orders: pd.DataFrame, unknown: pd.DataFrame
) -> None:
    found = built.execute(
        "select person_id, n_order_days, recency_days, age_days, net_revenue, mean_order_value "
        "from marts.order_histories where n_days_after is null order by 1"
    ).fetchall()
    days = orders.groupby("customer").agg(n=("date", "nunique"), one=("date", "min"), last=("date", "max"))
    net = orders.groupby("customer").net.sum().sub(unknown.groupby("customer").amount.sum(), fill_value=0)
    assert found == [
        (
            customer,
            row.n,
            (row["last"] - row["one"]).days,
            (LAST - row["one"]).days,
            pytest.approx(net[customer], abs=1e-6),
            pytest.approx(net[customer] / row.n, abs=1e-6),
        )
        for customer, row in days.iterrows()
    ]


def test_channels_share_what_is_left_of_the_orders(built: duckdb.DuckDBPyConnection, orders: pd.DataFrame) -> None:
    found = built.execute("select distinct sum(revenue) from marts.channel_attribution group by model, period")
    assert [float(total) for (total,) in found.fetchall()] == [pytest.approx(orders.net.sum(), abs=1e-4)]


def test_the_gates_see_what_is_odd_and_that_all_sums_agree(
    built: duckdb.DuckDBPyConnection, orders: pd.DataFrame, unknown: pd.DataFrame
) -> None:
    params = GateParams(as_of_date=LAST.date(), currency="GBP")
    tables = ("fct_orders", "fct_refunds", "dim_users", "channel_attribution")
    results = [found for table in tables for found in run_suite(SUITES[f"marts.{table}"], built, params)]
    observed = {found.what: found.observed_value for found in results}
    assert {found.what for found in results if found.failed} == {"n_ids_of_several_users", "no_order_rate"}
    assert not any(found.blocks for found in results)
    n_shared = int((orders.groupby("invoice").customer.nunique() > 1).sum())
    assert float(observed["n_ids_of_several_users"]) == n_shared
    assert float(observed["no_order_rate"]) == pytest.approx(len(unknown) / len(_refunds()), rel=1e-3)
    lines = LEDGER[LEDGER.kind == "purchase"].drop_duplicates()
    told_again = 1 - orders.revenue.sum() / (lines.quantity * lines.price).sum()
    assert float(observed["repeated_rate"]) == pytest.approx(told_again, rel=1e-2)


def test_an_order_given_back_in_part_later_changes_every_table_of_its_buyer(tmp_path: Path) -> None:
    """A delta night brings another person's refund of the order, and the order of an earlier refund.

    Nothing new comes of c, who is a day older: a funnel by a column of persons says what they are now.
    """
    ledger = pd.DataFrame(
        [
            ("purchase", "a", datetime(2026, 1, 2, 9), "1", "x", 1, 10.0, "GBP"),
            ("refund", "clerk", datetime(2026, 1, 4, 9), "2", "x", 1, 3.0, "GBP"),
            ("purchase", "a", datetime(2026, 1, 9, 9), "3", "x", 1, 1.0, "GBP"),
            ("purchase", "c", datetime(2026, 1, 3, 9), "4", "x", 1, 1.0, "GBP"),
            ("refund", "clerk", datetime(2026, 1, 8, 9), "1", "x", 1, 4.0, "GBP"),
            ("purchase", "b", datetime(2026, 1, 3, 9), "2", "x", 1, 5.0, "GBP"),
        ],
        columns=COLUMNS,
    )
    config = CONFIG.replace("start_event: purchase, return_event: purchase, ", "") + FUNNEL_BY_STAGE
    nights = Nights(tmp_path / "home", config)
    stages = "select breakdown_value, n_entered from marts.funnel_conversion where period = 'all' and step_number = 1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.build.plan._MAX_NEW_SHARE", 1e9)
        plans, entered = [], []
        for number, part in enumerate((ledger[:4], ledger[4:])):
            as_of = date(2026, 1, 9 + number)
            plans.append(nights.night({f"erp/{number}.csv": part.to_csv(index=False)}, number, as_of=as_of))
            with duckdb.connect(str(nights.paths.build_db), read_only=True) as con:
                entered.append(dict(con.execute(stages).fetchall()))
    assert [plan.is_full for plan in plans] == [True, False]
    # a first seen on the 2nd and last on the 9th; b and c once, on the 3rd: 7 days before the 10th
    assert entered == [{None: 2, "active": 1, "new": 1}, {None: 3, "active": 1, "lapsing": 2}]
    sums = {
        "dim_users": "select sum(net_revenue) from marts.dim_users where",
        "retention": "select sum(revenue) from marts.retention_persons "
        "where mode = 'calendar_on' and grain = 'day' and",
        "touches": "select sum(linear_revenue) from marts.fct_attribution_touches where",
    }
    wanted = {"dim_users": (0, 7, 2), "retention": (0, 7, 2), "touches": (None, 7, 2)}
    with duckdb.connect(str(nights.paths.build_db), read_only=True) as con:

        def of(person: str, query: str) -> float | None:
            ((found,),) = con.execute(f"{query} person_id = ?", [person]).fetchall()
            return found if found is None else float(found)

        found = {name: tuple(of(person, query) for person in ("clerk", "a", "b")) for name, query in sums.items()}
    assert found == wanted
