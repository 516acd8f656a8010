"""Which column of a table is taken for which canonical column. Expected values follow from what the columns say."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from pipeline.ingest.beginning import Beginning
from pipeline.ingest.column_guess import guess_columns, plain_name, time_format
from pipeline.ingest.text.layout import Layout


def table(**columns: list[str]) -> Beginning:
    names = tuple(name.removeprefix("_") for name in columns)
    n_rows = max(map(len, columns.values()))
    cells = [list(islice(cycle(values), n_rows)) for values in columns.values()]
    rows = tuple(dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True))
    return Beginning(Layout("delimited", columns=names), (), rows)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("userId", "user_id"),
        ("User ID", "user_id"),
        ("userid", "user_id"),
        ("user_id:token", "user_id"),
        ("InvoiceNo", "invoice_no"),
        (" dollar_value ", "dollar_value"),
    ],
)
def test_names_are_compared_in_one_spelling(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2026-01-05", "2026-01-06"], "iso"),
        (["2026-01-05T10:00:00.123Z", "2026-01-05 10:00:00 UTC"], "iso"),
        (["1511544070", "1511561733"], "epoch_s"),
        (["1764000000000"], "epoch_ms"),
        (["1764000000000000"], "epoch_us"),
        (["19970101", "19971231"], "%Y%m%d"),
        (["13/01/2026 10:00", "01/02/2026 11:30"], "%d/%m/%Y %H:%M"),
        (["01/13/2026 10:00", "02/01/2026 11:30"], "%m/%d/%Y %H:%M"),
        (["31.12.2025", "01.01.2026"], "%d.%m.%Y"),
        (["12", "40000"], ""),
        (["1999", "2001"], ""),
        (["soon"], ""),
        ([], ""),
    ],
)
def test_times_are_recognised_by_all_their_values(values: list[str], form: str) -> None:
    assert time_format(values) == form


def test_nine_digits_are_a_time_only_where_the_name_says_so() -> None:
    assert time_format(["881250949"]) == "epoch_s" and time_format(["881250949"], is_named=False) == ""
    found = guess_columns(table(user_id=["541312140"], product_id=["554748717"], at=["2026-01-05"], event=["view"]))
    assert found.columns["event_at"] == "at"


def test_a_column_called_time_whose_values_are_none_is_not_the_time() -> None:
    found = guess_columns(table(user_id=["u1"], time=["12", "40"], moment=["2026-01-05T10:00:00Z"], event=["view"]))
    assert found.columns["event_at"] == "moment"


def test_only_canonical_names_are_given_and_each_column_once() -> None:
    found = guess_columns(
        table(CustomerID=["17850"], InvoiceNo=["536365"], StockCode=["85123A"], InvoiceDate=["12/1/2010 8:26"])
    )
    assert found.columns == {
        "event_at": "InvoiceDate",
        "user_id": "CustomerID",
        "order_id": "InvoiceNo",
        "item_id": "StockCode",
    }
    assert found.timestamp_format == "%m/%d/%Y %H:%M"
    assert any("other way round (%d/%m/%Y %H:%M)" in note for note in found.notes)


def test_a_role_is_no_person() -> None:
    assert "user_id" not in guess_columns(table(user_role=["admin"], date=["2026-01-05"])).columns


def test_names_of_events_are_led_to_the_recommended_ones_unless_both_are_there() -> None:
    data = {"user_id": ["u"], "at": ["2026-01-05"], "event": ["pv", "buy", "Product Added", "own_thing"]}
    assert guess_columns(table(**data)).event_names == {
        "pv": "view_item",
        "buy": "purchase",
        "Product Added": "add_to_cart",
    }
    assert guess_columns(table(**{**data, "event": ["buy", "purchase"]})).event_names == {}


def test_a_column_of_many_values_does_not_name_events() -> None:
    found = guess_columns(table(user_id=["u"], at=["2026-01-05"], type=[f"t{n}" for n in range(101)]))
    assert "event_name" not in found.columns and any("too many" in note for note in found.notes)


def test_keys_inside_objects_are_named_by_their_path() -> None:
    row = {"event": {"type": "view"}, "user": {"customer_id": "u1"}, "at": 1764000000000, "tags": []}
    found = guess_columns(Beginning(Layout("json_lines"), (), (row,)))
    assert found.columns == {"event_at": "at", "event_name": "event.type", "user_id": "user.customer_id"}


def test_without_a_header_positions_are_guessed_and_said_to_be() -> None:
    rows = tuple(
        {"0": str(n % 3), "1": f"22683{n}", "2": "pv" if n % 2 else "buy", "3": str(1511544070 + n)} for n in range(9)
    )
    found = guess_columns(Beginning(Layout("delimited", columns=("0", "1", "2", "3")), (), rows))
    assert found.columns == {"event_at": "3", "event_name": "2", "user_id": "0"}
    assert any("user_id is a guess" in note for note in found.notes)
