"""Quotes in delimited text: what other programs write is read back, and a stray quote loses no row."""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ingest_home import Home

from pipeline.ingest.text import unpack
from pipeline.ingest.text.inspect import inspect_file
from pipeline.ingest.text.layout import Layout
from pipeline.ingest.text.repair import RejectedLines
from pipeline.ingest.text.rows import InputFile, load_rows
from pipeline.ingest.text.table_copy import RowRule, TableCopy

NAMES = ("user", "action", "time", "note")
COLUMNS = {"user_id": "user", "event_name": "action", "event_at": "time"}
SOURCE = {"name": "export", "format": "table", "path": "in/*", "columns": COLUMNS}
CON = duckdb.connect()
FAST = settings(max_examples=150, deadline=None)

Line = tuple[int, list[str | None]]


def read(content: bytes, limit: int = 1 << 20) -> tuple[list[Line], list[tuple[int, str, str]], int]:
    """Rows and rejected lines of a table of four columns with a header, and how many there are by its bytes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        path = folder / "a.csv"
        path.write_bytes(content)
        rejected = RejectedLines(folder / "rejected")
        layout = Layout("delimited", ",", NAMES, n_skip=1)
        file = InputFile(path, "id", layout, inspect_file(path, limit))
        loaded = load_rows(CON, [file], NAMES[:3], "time", limit, rejected, folder)
        rejected.close()
        assert loaded.refused == {}
        rows = CON.execute(
            f"select * exclude (file_number) from {loaded.relation(0, loaded.n_rows)} order by 1"
        ).fetchall()
        bad = CON.execute(
            """select n, reason, line from read_json(?, format = 'newline_delimited',
                columns = {n: 'BIGINT', reason: 'VARCHAR', line: 'VARCHAR'})""",
            [str(rejected.path)],
        ).fetchall()
        return [(row[0], list(row[1:])) for row in rows], bad, loaded.n_lines[0]


HEADER = b"user,action,time,note\n"
CELLS = st.text('ab0", \nü;', max_size=5)
ROWS = st.lists(st.tuples(st.text("ab", min_size=1), CELLS, CELLS, CELLS), min_size=1, max_size=12)


@FAST
@given(ROWS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]))
def test_what_another_program_writes_is_read_back(rows: list[tuple[str, ...]], quoting: int, line_end: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    writer.writerows([NAMES, *rows])
    found, rejected, n_lines = read(text.getvalue().encode())
    assert n_lines == len(rows) and rejected == []
    assert [[cell or "" for cell in cells] for _, cells in found] == [list(row) for row in rows]
    assert [number for number, _ in found] == list(range(2, len(rows) + 2))


def good(i: int) -> bytes:
    return f"u{i},buy,2026-01-05 10:00:0{i},n{i}\n".encode()


JUNK = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b'"', b",", b"\n", b"x", b'""', b" ", b'","', b"\r", b"2026"]), max_size=14).map(
        b"".join
    ),
)


@FAST
@given(JUNK, st.booleans())
def test_no_bytes_with_quotes_lose_a_good_row(junk: bytes, has_end: bool) -> None:
    """What an open quote of the junk could swallow is read: nothing closes it."""
    content = HEADER + good(0) + junk + b"\n" * (1 + has_end) + b"".join(map(good, range(1, 6)))
    found, rejected, n_lines = read(content)
    users = [cells[0] for _, cells in found]
    assert [user for user in users if user in {f"u{i}" for i in range(6)}] == [f"u{i}" for i in range(6)]
    assert n_lines == len(found) + len(rejected)


@FAST
@given(st.lists(JUNK, min_size=2, max_size=4))
@example([b"", b',,,  ","'])
def test_no_text_goes_between_two_quotes(all_junk: list[bytes]) -> None:
    """Rows between two stray quotes may be a cell by the rules of CSV; their text is then in it, or rejected."""
    parts = [part + b"\n" + good(i) for i, part in enumerate(all_junk)]
    found, rejected, n_lines = read(HEADER + b"".join(parts))
    kept = [cell or "" for _, cells in found for cell in cells] + [line for _, _, line in rejected]
    for i in range(len(all_junk)):
        assert sum(text.count(f"10:00:0{i}") for text in kept) == 1
    assert n_lines == len(found) + len(rejected)


@pytest.mark.parametrize("delimiter", [",", "\t", " "])
def test_duckdb_reads_every_row_that_is_copied_unchanged_as_it_is_meant(delimiter: str, tmp_path: Path) -> None:
    """Every cell of up to six of four characters; DuckDB takes two spaces and a quote for text, one for a quote."""
    cells = ["".join(text) for n in range(7) for text in itertools.product(f' "x{delimiter}', repeat=n)]
    rows = [row for cell in cells for row in (f"a{delimiter}{cell}", f"{cell}{delimiter}a")]
    rule, path = RowRule(delimiter, 2, 2, None), tmp_path / "rows.csv"
    unchanged = [row for row in rows if is_copied_unchanged(row, rule)]
    assert len(unchanged) > 300
    path.write_text("\n".join(unchanged) + "\n")
    found = CON.execute(
        """select a, b from read_csv(?, columns = {a: 'VARCHAR', b: 'VARCHAR'}, delim = ?, quote = '"', escape = '"',
            header = false, auto_detect = false, parallel = false)""",
        [str(path), delimiter],
    ).fetchall()
    assert [[cell or "" for cell in cells] for cells in found] == [rule.cells(row) for row in unchanged]


def is_copied_unchanged(row: str, rule: RowRule) -> bool:
    out = io.BytesIO()
    line = row.encode() + b"\n"
    TableCopy(out, rule, 0, 1 << 20, RejectedLines(Path("/dev/null")), 0).take(line, is_last=True)
    return out.getvalue() == line


@pytest.mark.parametrize("chunk", [7, 1 << 18])
def test_a_stray_quote_costs_its_own_row(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """More rows follow than the 10,000 characters that a reader keeps of what it rejects."""
    monkeypatch.setattr(unpack, "_READ_BYTES", chunk)
    rows = [f"u{i},buy,2026-01-05 10:00:00,{987000 + i}.25\n".encode() for i in range(400)]
    rows[28] = b'"' + rows[28]
    found, rejected, n_lines = read(HEADER + b"".join(rows))
    assert n_lines == 400
    assert [(number, reason) for number, reason, _ in rejected] == [(30, "bad_row")]
    assert [cells[3] for _, cells in found] == [f"{987000 + i}.25" for i in range(400) if i != 28]
    assert [number for number, _ in found] == [i + 2 for i in range(400) if i != 28]


def test_two_stray_quotes_that_close_each_other_are_seen_by_the_rows_between_them() -> None:
    rows = [good(i) for i in range(6)]
    rows[1] = b'"' + rows[1]
    rows[4] = rows[4].replace(b"u4,", b'u4",')
    found, rejected, _ = read(HEADER + b"".join(rows))
    assert [cells[0] for _, cells in found] == ["u0", "u2", "u3", 'u4"', "u5"]
    assert [number for number, _, _ in rejected] == [3]


def test_a_quote_within_a_cell_is_a_character() -> None:
    found, rejected, _ = read(HEADER + b'u1,5" disk,2026,x\nu2,a,2026,say "hi"\n')
    assert [cells[1] for _, cells in found] == ['5" disk', "a"]
    assert [cells[3] for _, cells in found] == ["x", 'say "hi"'] and rejected == []


@pytest.mark.parametrize("short", [b"", b"u9,buy,2026\n"])  # with a short row, the file is copied
def test_spaces_around_a_quoted_cell_are_no_part_of_it(short: bytes) -> None:
    found, rejected, _ = read(HEADER + b'u1, "a, b" ,2026,"c" \n' + short)
    assert found[0] == (2, ["u1", "a, b", "2026", "c"]) and rejected == []


def test_a_long_cell_of_many_lines_is_kept_up_to_the_limit() -> None:
    def sized(n: int) -> bytes:
        row = b'u1,buy,2026,"%s"\n'
        return row % (b"line\n" * ((n - len(row) + 3) // 5) + b"x" * ((n - len(row) + 3) % 5))

    whole, too_long = sized(5000), sized(5001)
    assert len(whole) == 5001 and len(too_long) == 5002
    found, rejected, n_lines = read(HEADER + whole + good(1) + too_long + good(2), limit=5000)
    assert [cells[0] for _, cells in found] == ["u1", "u1", "u2"]
    assert {reason for _, reason, _ in rejected} == {"bad_row"}
    assert n_lines == len(found) + len(rejected)


def test_a_header_that_spans_lines(tmp_path: Path) -> None:
    home = Home(tmp_path, {**SOURCE, "columns": {**COLUMNS, "item_id": "the\nitem"}})
    home.put("a.csv", b'user,action,time,"the\nitem"\nu1,buy,2026-01-05,i1\nu2,buy,2026-01-05,i2\n')
    home.ingest()
    assert home.values("user_id", "item_id", "line_number") == [("u1", "i1", 3), ("u2", "i2", 4)]


def test_rows_may_lack_cells_at_their_end_that_an_event_does_not_need(tmp_path: Path) -> None:
    """Spreadsheets leave out empty cells there. Needed are the time, the name and one of the identities."""
    home = Home(tmp_path, {**SOURCE, "columns": {**COLUMNS, "price": "note", "anonymous_id": "device"}})
    rows = b"u1,buy,2026-01-05,5,d1\nu2,buy,2026-01-05,6\nu3,buy,2026-01-05\nu4,buy\n"
    home.put("a.csv", b"user,action,time,note,device\n" + rows)
    home.ingest()
    assert home.values("user_id", "price") == [("u1", 5.0), ("u2", 6.0), ("u3", None)]
    assert home.reasons() == [(5, "bad_row")]
