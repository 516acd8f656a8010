"""Input that is meant to harm: bombs, and names and values that look like SQL or like a way to another folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
import zstandard
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.ingest import IngestError
from pipeline.ingest.text import unpack

LINE = jsonl(track())


@pytest.fixture(autouse=True)
def small_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit for what is harmless at any ratio that fits a test."""
    monkeypatch.setattr(unpack, "_SMALL_BYTES", 1 << 16)


def bomb(pack: str, start: bytes, n_bytes: int = 3_000_000) -> bytes:
    content = start + b" " * n_bytes + b"\n"
    return gzip.compress(content) if pack == "gz" else zstandard.ZstdCompressor().compress(content)


@pytest.mark.parametrize("pack", ["gz", "zst"])
@pytest.mark.parametrize("start", [b"", LINE, LINE + b"\xff\n"], ids=["only blanks", "sound", "damaged"])
def test_a_bomb_is_skipped_with_a_warning_and_the_night_continues(tmp_path: Path, pack: str, start: bytes) -> None:
    home = Home(tmp_path, TRACKER)
    home.put("good.jsonl", LINE)
    (home.put("x", b"").parent / f"bomb.jsonl.{pack}").write_bytes(bomb(pack, start))
    report = home.ingest()
    (warning,) = [warning for warning in report.warnings if "bomb" in warning]
    assert "in/bomb.jsonl" in warning
    assert "max_expansion" in warning
    assert len(home.events()) == 1
    assert "bomb.jsonl." + pack not in home.active()


def test_a_bomb_in_the_second_member_is_found(tmp_path: Path) -> None:
    home = Home(tmp_path, TRACKER)
    home.put("good.jsonl", LINE)
    (tmp_path / "in" / "bomb.jsonl.gz").write_bytes(gzip.compress(LINE) + bomb("gz", b""))
    assert any("max_expansion" in warning for warning in home.ingest().warnings)


def test_a_parquet_file_of_a_few_bytes_and_a_million_cells_is_skipped(tmp_path: Path) -> None:
    table = {
        **TRACKER,
        "name": "table",
        "format": "table",
        "path": "tables/*",
        "event_name": "view_item",
        "columns": {"user_id": "user_id", "event_at": "event_at"},
    }
    home = Home(tmp_path, TRACKER, table)
    home.put("good.jsonl", LINE)
    (tmp_path / "tables").mkdir()
    for name, n_rows in (("it's sound.parquet", 1_000), ("bomb.parquet", 500_000)):
        path = str(tmp_path / "tables" / name).replace("'", "''")
        rows = f"select 'u1' as user_id, timestamp '2026-01-05' as event_at from range({n_rows})"
        duckdb.sql(f"copy ({rows}) to '{path}' (format parquet)")
    (warning,) = [warning for warning in home.ingest().warnings if "expands" in warning]
    assert "tables/bomb.parquet" in warning
    assert home.active()["it's sound.parquet"].n_lines == 1_000
    assert "bomb.parquet" not in home.active()


def test_a_log_packed_well_is_no_bomb_and_the_limit_is_the_configs(tmp_path: Path) -> None:
    content = LINE * 4_000
    packed = gzip.compress(content)
    ratio = len(content) / len(packed)
    home = Home(tmp_path, TRACKER, cleaning={"max_expansion": ratio * 1.01})
    (tmp_path / "in" / "log.jsonl.gz").write_bytes(packed)
    assert home.ingest().warnings == []
    assert home.active()["log.jsonl.gz"].n_lines == 4_000
    home.configure(TRACKER, cleaning={"max_expansion": ratio * 0.9})
    (tmp_path / "in" / "log.jsonl.gz").write_bytes(gzip.compress(content.replace(b"u1", b"u2")))
    assert any("log.jsonl.gz expands" in warning for warning in home.ingest().warnings)


def test_a_bomb_takes_no_more_memory_than_its_limit(tmp_path: Path) -> None:
    """The inspection stops at the limit: of 3 GB no more is decompressed than twice the size of the file."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\0" * 30_000_000) * 100)
    seen = 0
    with pytest.raises(unpack.ExpandsTooFar):
        for chunk in unpack.ByteStream(path, max_expansion=2):
            seen += len(chunk)
    assert 1_000_000 < seen <= 2 * path.stat().st_size


NASTY = [
    "'; drop table raw.events; --",
    '" or 1=1 --',
    "Robert'); select read_text('/etc/passwd'); --",
    "{{ 1 / 0 }}",
    "{% raise %}",
    "line\nbreak\ttab",
    "../../etc/passwd",
    "$(touch /tmp/x)",
    "%s %d {}",
    "live\u202eevil",  # at an end it is trimmed, as all marks without width
]


def test_values_that_look_like_sql_arrive_as_they_were_sent(tmp_path: Path) -> None:
    home = Home(tmp_path, TRACKER)
    lines = [track(event=text, userId=text, properties={"productId": text, text: text}) for text in NASTY]
    home.put("day.jsonl", jsonl(*lines))
    home.ingest()
    assert home.values("event_name", "user_id", "item_id") == [(text.strip(), text, text) for text in NASTY]


@pytest.mark.parametrize(
    "name", ["it's.jsonl", 'a"b.jsonl', "x; drop table y.jsonl", "new\nline.jsonl", "[1]*.jsonl", "{a}.jsonl"]
)
def test_files_with_names_that_look_like_sql_or_globs_are_read(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "o'brien [x] {y}", TRACKER)
    home.put(name, LINE)
    home.put("bad " + name, b"no json\n")
    home.ingest()
    assert len(home.events()) == 1
    assert set(home.active()) == {name, "bad " + name}
    assert [row["file"] for row in home.rejects()] == [f"in/bad {name}"]


def test_a_symbolic_link_to_no_readable_file_harms_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path, TRACKER)
    folder = home.put("good.jsonl", LINE).parent
    (folder / "loop.jsonl").symlink_to(folder / "loop.jsonl")
    (folder / "dangling.jsonl").symlink_to(tmp_path / "absent")
    home.ingest()
    assert len(home.events()) == 1


def test_a_file_of_the_system_that_a_link_leads_to_is_data_and_gives_only_rejected_lines(tmp_path: Path) -> None:
    home = Home(tmp_path, TRACKER)
    folder = home.put("good.jsonl", LINE).parent
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0\n")
    (folder / "link.jsonl").symlink_to(secret)
    home.ingest()
    assert [(row["reason"], row["line_number"]) for row in home.rejects()] == [("bad_json", 1)]
    assert len(home.events()) == 1


def test_a_source_that_leads_nowhere_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "../../../../nowhere/*.jsonl"})
    with pytest.raises(IngestError, match="No source has any data"):
        home.ingest()


@pytest.mark.parametrize("line", [b"\n", b"{\n"])
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_an_archive_of_empty_lines_is_skipped_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: bytes
) -> None:
    monkeypatch.setattr(unpack, "_MANY_LINES", 1000)
    home = Home(tmp_path, TRACKER)
    home.put("ok.jsonl", jsonl(track()))
    home.put(name, line * 200_000)
    report = home.ingest()
    assert any(f"in/{name} expands" in warning for warning in report.warnings)
    assert home.values("user_id") == ["u1"] and home.rejects() == []
