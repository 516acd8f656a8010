"""What was read is held against a second count; a file that cannot be read is left out by name."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from ingest_home import Home, jsonl, track

from pipeline.ingest.text import rows as rows_module

TABLE = {"name": "t", "format": "table", "path": "in/*", "columns": {"user_id": 0, "event_name": 1, "event_at": 2}}
LINES = {
    "jsonl": b'{"0": "%s", "1": "buy", "2": "2026-01-05"}\n',
    "csv": b"%s,buy,2026-01-05,i\n",
}


def put_parquet(home: Home, name: str, user: str) -> Path:
    path = home.folder / "in" / name
    duckdb.sql(
        f"""select '{user}' as user, 'buy' as action, '2026-01-05' as time, i::varchar || '{user}' as x
        from range(9) t(i)"""
    ).write_parquet(str(path), compression="uncompressed")
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "short.csv", "parquet"])
def test_a_reader_that_drops_a_row_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whatever reads the rows: here a reader that forgets one row of the second file and claims to have all."""
    home = Home(tmp_path, {**TABLE, "header": False, "columns": {**TABLE["columns"], "item_id": 3}})
    if kind == "jsonl":
        home.configure({**TABLE, "columns": {"user_id": "0", "event_name": "1", "event_at": "2"}})
    for name in ("a", "b"):
        if kind == "parquet":
            put_parquet(home, f"{name}.parquet", name)
        elif kind == "short.csv":
            home.put(f"{name}.csv", b"%s,buy,2026-01-05,i\n%s,buy,2026-01-05\n" % (name.encode(), name.encode()))
        else:
            home.put(f"{name}.{kind}", 3 * (LINES[kind] % name.encode()))
    reader = {"jsonl": "_insert_lines", "parquet": "_read_parquet"}.get(kind, "read_delimited")
    original: Callable[..., Any] = getattr(rows_module, reader)

    def forgetful(con: duckdb.DuckDBPyConnection, *args: Any) -> Any:
        result = original(con, *args)
        con.execute("delete from rows where rowid = (select max(rowid) from rows where file_number = 1)")
        return result

    monkeypatch.setattr(rows_module, reader, forgetful)
    (warning,) = home.ingest().warnings
    assert "'t': in/b." in warning and "cannot be read" in warning and "lines, but" in warning
    assert set(home.values("user_id")) == {"a"}
    assert all(row.file.startswith("in/a.") for row in home.ledger())
    monkeypatch.undo()
    home.ingest()  # it is tried again
    assert set(home.values("user_id")) == {"a", "b"}


def test_parquet_with_a_damaged_page_is_left_out_by_name(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TABLE, "columns": {"user_id": "user", "event_name": "action", "event_at": "time"}})
    put_parquet(home, "a.parquet", "a")
    content = bytearray(put_parquet(home, "b.parquet", "b").read_bytes())
    content[4:200] = b"\xff" * 196  # behind the magic number; the footer is whole
    home.put("b.parquet", bytes(content))
    put_parquet(home, "c.parquet", "c")
    (warning,) = home.ingest().warnings
    assert "in/b.parquet cannot be read (" in warning and "deliver it again" in warning
    assert set(home.values("user_id")) == {"a", "c"}


def test_an_input_output_error_names_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track(user="u1")))
    bad = home.put("b.jsonl", jsonl(track(user="u2")))
    opened = Path.open

    def failing(path: Path, *args: Any, **options: Any) -> Any:
        if path == bad:
            raise OSError(5, "Input/output error")
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", failing)
    (warning,) = home.ingest().warnings
    assert "in/b.jsonl cannot be read (Input/output error)" in warning
    assert home.values("user_id") == ["u1"]


@pytest.mark.parametrize("n_bytes", [6, 20])
def test_a_file_cut_in_its_first_block_is_truncated_and_not_empty(tmp_path: Path, n_bytes: int) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track()))
    cut = zstandard.compress(jsonl(*(track(user=f"u{i}") for i in range(50))))[:n_bytes]
    (tmp_path / "in" / "b.jsonl.zst").write_bytes(cut)
    (warning,) = home.ingest().warnings
    assert "in/b.jsonl.zst is truncated" in warning
    assert home.reasons() == [(1, "truncated_file")]
    assert home.active()["b.jsonl.zst"].n_lines == 1


def test_lines_before_the_damage_of_a_gzip_file_are_read(tmp_path: Path) -> None:
    """Only the checksum at its end is wrong."""
    home = Home(tmp_path)
    content = bytearray(gzip.compress(jsonl(*(track(eventId=f"{n:06}") for n in range(2_000))), mtime=0))
    content[-6] ^= 1
    (home.folder / "in" / "a.jsonl.gz").write_bytes(content)
    home.ingest()
    assert home.reasons() == [(2001, "truncated_file")]
    assert len(home.values("event_id")) == 2_000
