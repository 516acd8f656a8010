"""`growthhouse sql`: what it prints in each format. Not here: the process (test_sql_process.py)."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import duckdb
import pytest

from pipeline.cli.formats import Format
from pipeline.cli.results import print_results


def printed(query: str, output: Format, capsys: pytest.CaptureFixture[str], *, fit_terminal: bool = False) -> str:
    with duckdb.connect() as con:
        print_results(con, query, output, fit_terminal=fit_terminal)
    return capsys.readouterr().out


def test_a_table_is_whole_however_long_and_wide(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ", ".join(f"range as a_column_with_a_long_name_{number}" for number in range(41))
    out = printed(f"select {columns}, repeat('x', 500) as text from range(12345)", Format.TABLE, capsys).splitlines()
    assert len(out) == 12345 + 6
    assert {len(line) for line in out[:-1]} == {len(out[0])}
    assert all(f"a_column_with_a_long_name_{number} " in out[1] for number in range(41))
    assert "x" * 500 in out[-3] and " 12344 " in out[-3]
    assert out[-1] == "12,345 rows, 42 columns"


def test_on_a_terminal_a_table_fits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = ", ".join(f"range as a_column_with_a_long_name_{number}" for number in range(41))
    out = printed(f"select {columns} from range(139)", Format.TABLE, capsys, fit_terminal=True)
    assert max(map(len, out.splitlines())) <= 80
    assert "139 rows" in out and "100 shown" in out and "41 columns" in out


def test_a_table_aligns_numbers_and_wide_letters_and_shows_null(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("select * from (values (1, '日本'), (200, null)) as t(n, city)", Format.TABLE, capsys)
    assert out.splitlines() == [
        "┌─────────┬─────────┐",
        "│ n       │ city    │",
        "│ integer │ varchar │",
        "├─────────┼─────────┤",
        "│       1 │ 日本    │",
        "│     200 │ NULL    │",
        "└─────────┴─────────┘",
        "2 rows, 2 columns",
    ]


@pytest.mark.parametrize("output", [Format.TABLE, Format.MARKDOWN])
def test_data_cannot_steer_the_terminal_nor_break_a_row(output: Format, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("select 'a' || chr(27) || '[2J' || chr(10) || 'b' as text", output, capsys)
    assert "\x1b" not in out and r"a\x1b[2J\nb" in out


def test_csv_reads_back_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["plain", "", 'say "hi", twice', "two\nlines", " space ", "=1+1", "日本"]
    query = "select unnest(?) as text".replace("?", "[" + ", ".join(f"'{text}'" for text in texts) + "]")
    out = printed(query, Format.CSV, capsys)
    assert [row[0] for row in csv.reader(io.StringIO(out, newline=""))] == ["text", *texts]


def test_csv_tells_null_from_an_empty_text_and_keeps_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(
        "select null as n, '' as e, 1.10::decimal(4,2) as d, 12345678901234567890.12::decimal(38,2) as m, true as b, "
        "date '2026-01-02' as day, timestamp '2026-01-02 03:04:05.6' as at, 0.1::float as f, "
        "[1, null] as l, {'a': 'x, y'} as s",
        Format.CSV,
        capsys,
    )
    assert out == (
        "n,e,d,m,b,day,at,f,l,s\n"
        ',"",1.10,12345678901234567890.12,true,2026-01-02,2026-01-02 03:04:05.6,0.1,"[1, null]","{""a"": ""x, y""}"\n'
    )


def test_json_keeps_types_digits_and_nesting(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(
        "select null as n, 1.10::decimal(4,2) as d, 12345678901234567890.12::decimal(38,2) as m, "
        "170141183460469231731687303715884105727::hugeint as h, 0.1 as f, true as b, 'é \"x\"' as t, "
        "date '2026-01-02' as day, timestamp '2026-01-02 03:04:05.6' as at, '{\"k\": 1.0}'::json as j, "
        "'nan'::double as nan, '-inf'::double as inf, "
        "{'l': [1.10::decimal(4,2), null], 'day': date '2026-01-02', 'x': 'nan'::double} as s, "
        "map {'a': [true]} as map",
        Format.JSON,
        capsys,
    )
    (row,) = json.loads(out, parse_float=Decimal)
    assert row == {
        "n": None,
        "d": Decimal("1.10"),
        "m": Decimal("12345678901234567890.12"),
        "h": 170141183460469231731687303715884105727,
        "f": Decimal("0.1"),
        "b": True,
        "t": 'é "x"',
        "day": "2026-01-02",
        "at": "2026-01-02 03:04:05.6",
        "j": {"k": Decimal("1.0")},
        "nan": "NaN",
        "inf": "-Infinity",
        "s": {"l": [Decimal("1.10"), None], "day": "2026-01-02", "x": "NaN"},
        "map": {"a": [True]},
    }
    assert '"d":1.10,' in out and "[1.10, null]" in out


def test_json_of_any_number_of_rows_is_an_array(capsys: pytest.CaptureFixture[str]) -> None:
    for n_rows in (0, 1, 3):
        out = printed(f"select range as n from range({n_rows})", Format.JSON, capsys)
        assert json.loads(out) == [{"n": number} for number in range(n_rows)]


def test_json_loses_no_column_of_a_name_that_comes_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed("select 1 as a, 2 as a, 3 as a_1", Format.JSON, capsys)) == [
        {"a": 1, "a_1": 2, "a_1_1": 3}
    ]


def test_markdown_is_a_table_whatever_the_cells_hold(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed("select 1 as n, 'a|b <i>' as text, null as \"x|y\"", Format.MARKDOWN, capsys)
    assert out.splitlines() == ["| n | text | x&#124;y |", "|---:|---|---:|", "| 1 | a&#124;b &lt;i> | NULL |"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (Format.CSV, "a\n1\n\nb\n;\n"),
        (Format.JSON, '[{"a":1}]\n[{"b":";"}]\n'),
        (Format.MARKDOWN, "| a |\n|---:|\n| 1 |\n\n| b |\n|---|\n| ; |\n"),
    ],
)
def test_every_statement_prints_its_result(output: Format, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("begin; select 1 as a; select ';' as b; -- the end", output, capsys) == expected


def test_the_order_of_a_query_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    query = "select hash(range) as h from range(200000) order by h desc"
    lines = printed(query, Format.CSV, capsys).splitlines()[1:]
    assert len(lines) == 200_000
    assert lines == sorted(lines, key=int, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "describe select 1 as a",
        "summarize select 1 as a",
        "show tables",
        "from range(3)",
        "pivot (select 'k' as k, 2 as v) on k using sum(v)",
    ],
)
def test_what_is_not_a_select_is_printed_too(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    for output in Format:
        assert printed(query, output, capsys).strip()


def test_a_plan_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n│         PROJECTION" in printed("explain select 1", Format.TABLE, capsys)
