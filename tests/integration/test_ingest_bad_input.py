"""A night over files of every kind of damage: each line is accounted for in the warehouse that is published."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shared_homes import keep_events_in_memory

from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.settings import load_settings

CONFIG = """\
site: {timezone: UTC, currency: EUR}
cleaning: {max_rejected_rate: 0.5}
sources:
  - {name: shop, path: shop/*}
  - name: orders
    format: table
    path: orders/*.csv
    columns: {user_id: customer, event_at: paid_at, price: price, quantity: n}
    event_name: purchase
  - {name: late, path: "not/there/*.jsonl"}
"""
# file: lines, loaded, duplicates, rejected
EXPECTED = {
    "shop/a.jsonl": (203, 200, 0, 3),
    "shop/b_copy.jsonl": (51, 0, 51, 0),
    "shop/c_cut.jsonl.gz": (11, 9, 1, 1),
    "shop/d_empty.jsonl": (0, 0, 0, 0),
    "orders/o.csv": (32, 30, 1, 1),
}


def visit(user: int, day: int, **more: Any) -> dict[str, Any]:
    return {"event": "view_item", "timestamp": f"2025-03-{day:02}T10:{user:02}:00Z", "userId": f"u{user}", **more}


def text(*lines: dict[str, Any] | str) -> bytes:
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()


def write_raw_files(home: Path) -> None:
    for folder in ("shop", "orders"):
        (home / folder).mkdir()
    visits = [visit(user, day, eventId=f"{user}-{day}") for day in range(1, 11) for user in range(20)]
    bad = ["broken", {"event": "x", "timestamp": "2025-03-01T10:00:00Z"}, visit(1, 1, timestamp="2999-01-01T00:00:00Z")]
    (home / "shop/a.jsonl").write_bytes(text(*visits, *bad))
    (home / "shop/b_copy.jsonl").write_bytes(text(*visits[:50], visit(0, 1, eventId="0-1", productId="another")))
    without_ids = [visit(user, 10, note="no id") for user in range(9)]
    second_member = gzip.compress(text(visit(19, 10)))
    (home / "shop/c_cut.jsonl.gz").write_bytes(gzip.compress(text(*without_ids, without_ids[0])) + second_member[:20])
    (home / "shop/d_empty.jsonl").touch()
    rows = [f"u{n},2025-03-{n % 9 + 1:02} 11:00:00,10.00,2" for n in range(30)]
    (home / "orders/o.csv").write_text("\n".join(["customer,paid_at,price,n", *rows, rows[0], "u1", ""]))


@pytest.fixture(scope="module")
def messages() -> list[str]:
    return []


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, messages: list[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("odd")
    write_raw_files(home)
    keep_events_in_memory(HomePaths(home))
    config = home / "growth.yaml"
    config.write_text(CONFIG)
    messages.append(str(run_night(config, load_settings(config, home), say=messages.append)))
    with duckdb.connect(str(HomePaths(home).warehouse.resolve()), read_only=True) as con:
        yield con


def test_each_file_adds_up_to_what_is_known_of_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select file, n_lines, n_loaded, n_duplicates, n_rejected from raw.ingested_files"
    ).fetchall()
    assert {file: tuple(counts) for file, *counts in rows} == EXPECTED
    assert all(lines == loaded + duplicates + rejected for _, lines, loaded, duplicates, rejected in rows)


def test_every_refused_line_is_there_with_its_place_and_reason(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select file, line_number, reason from raw.rejected_events order by file, line_number"
    ).fetchall()
    assert rows == [
        ("orders/o.csv", 33, "bad_row"),
        ("shop/a.jsonl", 201, "bad_json"),
        ("shop/a.jsonl", 202, "missing_identity"),
        ("shop/a.jsonl", 203, "future_timestamp"),
        ("shop/c_cut.jsonl.gz", 11, "truncated_file"),
    ]


def test_what_was_loaded_is_what_is_counted(warehouse: duckdb.DuckDBPyConnection) -> None:
    counts = dict(warehouse.execute("select source, count(*) from marts.fct_events group by source").fetchall())
    assert counts == {"shop": 209, "orders": 30}
    assert warehouse.execute("select bool_and(is_balanced) from ops.reconciliation").fetchone() == (True,)


def test_a_copy_with_other_content_is_a_duplicate_and_listed_as_a_conflict(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    rows = warehouse.execute("select file, n_conflicts from raw.ingested_files where n_conflicts > 0").fetchall()
    assert rows == [("shop/b_copy.jsonl", 1)]
    kept = warehouse.execute("select item_id from marts.fct_events where event_id = '0-1'").fetchall()
    assert kept == [(None,)]


def test_revenue_of_orders_is_price_times_quantity(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute(
        "select count(*), sum(revenue), any_value(currency) from marts.fct_events where source = 'orders'"
    ).fetchone()
    assert row == (30, 600.0, "EUR")


def test_the_person_at_the_keyboard_is_informed(warehouse: duckdb.DuckDBPyConnection, messages: list[str]) -> None:
    text = "\n".join(messages)
    for words in ("shop/c_cut.jsonl.gz is truncated", "empty: shop/d_empty.jsonl", "Source 'late': no file matches"):
        assert words in text


def test_ten_days_have_no_survival_curve_and_say_why(warehouse: duckdb.DuckDBPyConnection, messages: list[str]) -> None:
    assert warehouse.execute("select count(*) from ml.survival_curves").fetchone() == (0,)
    why = "the first was seen only 9 days before 2025-03-10"
    assert any(line.startswith("survival") and why in line for message in messages for line in message.splitlines())
