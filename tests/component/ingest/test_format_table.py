"""The table format: CSV, TSV, Parquet and JSON lines whose columns the config names, with computed results."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ingest_home import PACKERS, Home

from pipeline.ingest import IngestError

COLUMNS = {"user_id": "user", "event_name": "action", "event_at": "time", "price": "price"}


def table(**more: Any) -> dict[str, Any]:
    return {"name": "export", "format": "table", "path": "in/*", "columns": COLUMNS, **more}


def csv(*rows: str, header: str = "user,action,time,price,colour") -> bytes:
    return "".join(f"{row}\n" for row in (header, *rows) if row is not None).encode()


def read(folder: Path, content: bytes, name: str = "a.csv", **source: Any) -> Home:
    home = Home(folder, table(**source))
    home.put(name, content)
    home.ingest()
    return home


ROW = "u1,buy,2026-01-05 10:00:00,9.50,red"


@pytest.mark.parametrize("ending", PACKERS)
def test_csv_with_a_header(tmp_path: Path, ending: str) -> None:
    event = read(tmp_path, csv(ROW), f"a.csv{ending}").event()
    assert (event["user_id"], event["event_name"], event["event_at"]) == ("u1", "buy", datetime(2026, 1, 5, 10))
    assert (event["price"], event["line_number"]) == (9.5, 2)
    assert json.loads(event["properties"]) == {"colour": "red"}


@pytest.mark.parametrize("mark", ["\t", ";", "|"])
def test_other_delimiters_are_found(tmp_path: Path, mark: str) -> None:
    content = csv(ROW, header="user,action,time,price,colour").replace(b",", mark.encode())
    assert read(tmp_path, content, "a.tsv").values("user_id", "price") == [("u1", 9.5)]


def test_a_delimiter_that_the_config_names(tmp_path: Path) -> None:
    content = csv(ROW).replace(b",", b"\x01")
    assert read(tmp_path, content, delimiter="\x01").values("user_id", "price") == [("u1", 9.5)]


def test_positions_where_there_is_no_header(tmp_path: Path) -> None:
    columns = {"user_id": 0, "event_name": 1, "event_at": 2}
    event = read(tmp_path, (ROW + "\n").encode(), header=False, columns=columns).event()
    assert (event["user_id"], event["event_name"], event["line_number"]) == ("u1", "buy", 1)
    assert json.loads(event["properties"]) == {"3": "9.50", "4": "red"}


def test_positions_count_under_a_header_too(tmp_path: Path) -> None:
    assert read(tmp_path, csv(ROW), columns={"user_id": 0, "event_name": 1, "event_at": 2}).values("user_id") == ["u1"]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("epoch_s", "1767607200"),
        ("epoch_ms", "1767607200000"),
        ("epoch_us", "1767607200000000"),
        ("%d/%m/%Y %H:%M", "05/01/2026 10:00"),
        ("iso", "2026-01-05T10:00:00Z"),
    ],
)
def test_timestamp_formats(tmp_path: Path, form: str, text: str) -> None:
    home = read(tmp_path, csv(f"u1,buy,{text},1,x", "u1,buy,soon,1,x"), timestamp_format=form)
    assert home.values("event_at") == [datetime(2026, 1, 5, 10)]
    assert home.reasons() == [(3, "bad_timestamp")]


@pytest.mark.parametrize("form", ["iso", "%Y-%m-%d %H:%M:%S"])
def test_naive_times_are_in_the_sources_timezone(tmp_path: Path, form: str) -> None:
    home = read(tmp_path, csv("u1,buy,2025-07-01 10:00:00,1,x"), timestamp_format=form, timezone="America/New_York")
    assert home.values("event_at") == [datetime(2025, 7, 1, 14)]


def test_one_event_name_for_all_rows(tmp_path: Path) -> None:
    columns = {name: theirs for name, theirs in COLUMNS.items() if name != "event_name"}
    home = read(tmp_path, csv(ROW), columns={**columns, "quantity": "colour"}, event_name="purchase")
    assert home.reasons() == [(2, "type_conflict")]  # a colour is no quantity
    again = read(
        tmp_path / "b",
        csv("u1,x,2026-01-05 10:00:00,9.50,2"),
        columns={**columns, "quantity": "colour"},
        event_name="purchase",
    )
    assert again.values("event_name", "revenue") == [("purchase", 19.0)]


def test_event_names_are_renamed_before_revenue_is_worked_out(tmp_path: Path) -> None:
    assert read(tmp_path, csv(ROW), event_names={"buy": "purchase"}).values("event_name", "revenue") == [
        ("purchase", 9.5)
    ]


def test_quotes_delimiters_and_line_ends_inside_a_cell(tmp_path: Path) -> None:
    home = read(tmp_path, csv('u1,buy,2026-01-05 10:00:00,"1,299.50","dark ""red"",\nold"', ROW))
    assert home.values("price") == [1299.5, 9.5]
    assert json.loads(home.events()[0]["properties"]) == {"colour": 'dark "red",\nold'}


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + csv(ROW).replace(b"\n", b"\r\n")
    home = read(tmp_path, content)
    assert home.values("user_id", "price") == [("u1", 9.5)]
    assert json.loads(home.event()["properties"]) == {"colour": "red"}


def test_bare_returns_end_lines_where_nothing_else_does(tmp_path: Path) -> None:
    assert read(tmp_path, csv(ROW, ROW).replace(b"\n", b"\r")).values("line_number") == [2, 3]


def test_mixed_line_ends_lose_no_row(tmp_path: Path) -> None:
    content = csv(ROW, ROW, ROW).replace(b"\n", b"\r\n", 2)
    assert read(tmp_path, content).values("price") == [9.5, 9.5, 9.5]


def test_short_rows_are_kept_where_the_named_columns_are_there_and_refused_elsewhere(tmp_path: Path) -> None:
    home = read(tmp_path, csv("u1,buy,2026-01-05 10:00:00,1", "u2,buy", ROW, ROW + ",more"))
    assert home.values("user_id", "line_number", "price") == [("u1", 2, 1.0), ("u1", 4, 9.5)]
    assert home.reasons() == [(3, "bad_row"), (5, "bad_row")]
    assert [row["raw_line"] for row in home.rejects()] == ["u2,buy", ROW + ",more"]


def test_an_open_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    home = read(tmp_path, csv(ROW, 'u2,"buy,2026-01-05 10:00:00,1,x', ROW, ROW))
    assert home.values("line_number") == [2, 4, 5]
    assert home.reasons() == [(3, "bad_row")]


def test_line_numbers_count_blank_and_refused_lines(tmp_path: Path) -> None:
    content = csv(ROW, "", "u2,buy", "", "", ROW).replace(b"u2", b"\xff\xfe", 1)
    home = read(tmp_path, content)
    assert home.values("line_number") == [2, 7]
    assert home.reasons() == [(4, "bad_encoding")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("colour", ['"col\nour"', '"\n\ncolour\n"', '"col""our"'])
def test_a_name_in_the_header_may_hold_line_ends(tmp_path: Path, colour: str, end: str) -> None:
    text = "".join(f"{row}\n" for row in ("", f"user,action,time,price,{colour}", *[ROW] * 3))
    home = read(tmp_path, text.replace("\n", end).encode())
    assert len(home.events()) == 3
    assert home.reasons() == []


def test_a_header_below_blank_lines(tmp_path: Path) -> None:
    assert read(tmp_path, b"\n\n" + csv(ROW)).values("user_id", "line_number") == [("u1", 4)]


def test_column_names_that_differ_in_case_or_not_at_all(tmp_path: Path) -> None:
    home = read(tmp_path, csv("u1,buy,2026-01-05 10:00:00,1,2,3,4", header="user,action,time,price,Price,price,"))
    assert home.values("price") == [1.0]
    assert sorted(json.loads(home.event()["properties"]).values()) == ["2", "3", "4"]


def test_parquet_with_its_own_types(tmp_path: Path) -> None:
    home = Home(tmp_path, table(timestamp_format="epoch_s"))
    duckdb.sql(
        """select 7 as user, 'buy' as action, timestamptz '2026-01-05 10:00:00+02' as time, 9.5::decimal(9, 2) as price,
            {'a': [1, 2]} as detail, null::int as gap, 'x' as c_user"""
    ).write_parquet(str(tmp_path / "in" / "a.parquet"))
    home.ingest()
    event = home.event()
    assert (event["user_id"], event["price"], event["event_at"]) == ("7", 9.5, datetime(2026, 1, 5, 8))
    assert json.loads(event["properties"]) == {"detail": {"a": [1, 2]}, "c_user": "x"}
    assert event["line_number"] == 1


def test_parquet_whose_times_are_numbers(tmp_path: Path) -> None:
    home = Home(tmp_path, table(timestamp_format="epoch_s"))
    duckdb.sql("select 'u1' as user, 'buy' as action, 1767607200 as time, 1 as price").write_parquet(
        str(tmp_path / "in/a.parquet")
    )
    home.ingest()
    assert home.values("event_at") == [datetime(2026, 1, 5, 10)]


def test_json_lines_with_named_keys(tmp_path: Path) -> None:
    line = {
        "who": {"id": "u1"},
        "action": "buy",
        "time": "2026-01-05 10:00:00",
        "price": "$5",
        "colour": "red",
        "no": None,
    }
    content = (json.dumps(line) + "\n\n{broken\n").encode()
    home = read(tmp_path, content, "a.jsonl", columns={**COLUMNS, "user_id": "who.id"})
    event = home.event()
    assert (event["user_id"], event["price"], event["line_number"]) == ("u1", 5.0, 1)
    assert json.loads(event["properties"]) == {"colour": "red", "who": {"id": "u1"}}
    assert home.reasons() == [(3, "bad_json")]


def test_files_of_different_layout_in_one_source(tmp_path: Path) -> None:
    home = Home(tmp_path, table())
    home.put("a.csv", csv(ROW))
    home.put("b.csv", csv("2026-01-05 10:00:00,u2,buy,1", header="time,user,action,price"))
    home.put("c.jsonl", b'{"user": "u3", "action": "buy", "time": "2026-01-05 10:00:00"}\n')
    home.ingest()
    assert home.values("file", "user_id") == [("in/a.csv", "u1"), ("in/b.csv", "u2"), ("in/c.jsonl", "u3")]


def test_a_column_that_no_file_has_stops_the_ingest_and_names_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(IngestError) as error:
        read(tmp_path, csv(ROW), columns={**COLUMNS, "user_id": "customer"})
    for part in ("export", "in/a.csv", "'customer'", "user_id", "user, action, time, price, colour", "growth.yaml"):
        assert part in str(error.value)


def test_a_row_where_the_header_should_be_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="header: false") as error:
        read(tmp_path, b"ann@example.com,buy,2026-01-05 10:00:00,1\n")
    assert "ann@" not in str(error.value)


def test_a_position_beyond_the_row_stops_the_ingest(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="has 5 columns"):
        read(tmp_path, csv(ROW), columns={"user_id": 9, "event_name": 1, "event_at": 2})


def test_one_odd_file_among_good_ones_is_refused_line_by_line(tmp_path: Path) -> None:
    home = Home(tmp_path, table())
    home.put("a.csv", csv(ROW))
    home.put("b.csv", b"something,else\n1,2\n")
    report = home.ingest()
    assert home.values("file") == ["in/a.csv"]
    assert [(row["file"], row["line_number"], row["reason"]) for row in home.rejects()] == [
        ("in/b.csv", 1, "bad_row"),
        ("in/b.csv", 2, "bad_row"),
    ]
    assert "in/b.csv lacks a column '" in report.warnings[0]


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"PK\x03\x04rest of a workbook\n", "Excel"), (b"PAR1 cut off", "Parquet"), (b"%PDF-1.7\n", "PDF")],
)
def test_files_that_are_no_text_say_what_they_are(tmp_path: Path, content: bytes, word: str) -> None:
    home = Home(tmp_path, table())
    home.put("b.csv", content)
    with pytest.raises(IngestError, match=word):
        home.ingest()
    home.put("a.csv", csv(ROW))
    assert word in home.ingest().warnings[0]
    assert [(row["file"], row["line_number"], row["reason"]) for row in home.rejects()] == [("in/b.csv", 1, "bad_row")]


def test_a_parquet_file_with_a_wrong_byte_anywhere_stops_no_night(tmp_path: Path) -> None:
    """Where the reader cannot tell, values are other ones; else nothing of the file counts, with a warning."""
    good = tmp_path / "good.parquet"
    rows = """select 'u' || i as "user", 'buy' as action, timestamp '2026-01-05 10:00:00' as time
        from range(50) as r (i)"""
    duckdb.execute(f"copy ({rows}) to '{good}' (format parquet)")
    content = bytearray(good.read_bytes())
    home = Home(tmp_path, table(columns={"user_id": "user", "event_name": "action", "event_at": "time"}))
    home.put("sound.parquet", bytes(content))
    for place in range(0, len(content), len(content) // 50):
        content[place] ^= 0xFF
        home.put(f"wrong-{place}.parquet", bytes(content))
        content[place] ^= 0xFF
    warnings = "".join(home.ingest().warnings)
    assert home.active()["sound.parquet"].n_accepted == 50
    for path in (tmp_path / "in").glob("wrong-*"):
        row = home.active().get(path.name)
        assert path.name in warnings or (row is not None and row.n_lines == 50)


def test_a_file_of_empty_lines_has_no_rows_and_no_columns_to_miss(tmp_path: Path) -> None:
    """What an erasure leaves of JSON lines that were all about one person."""
    line = b'{"user": "u1", "action": "buy", "time": "2026-01-05 10:00:00", "price": 3}\n'
    home = Home(tmp_path, table())
    home.put("erased.jsonl", b"\n" * 100)
    home.put("partly.jsonl", b"\n" * 100_000 + line)
    report = home.ingest()
    assert report.warnings == ["Source 'export': empty: in/erased.jsonl."]
    assert home.values("file", "line_number") == [("in/partly.jsonl", 100_001)]
