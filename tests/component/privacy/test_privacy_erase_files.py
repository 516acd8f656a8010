"""Raw files that an erasure cannot read as rows: none is torn apart, and what could not be searched is reported."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from erase_home import ANNA, BEN, NOW, ORDERS
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.privacy import erase


def test_lines_that_end_with_returns_only_are_lines_of_their_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = home.put("mac.jsonl", jsonl(track(user=BEN), track(user=ANNA), track(user="u9")).replace(b"\n", b"\r"))
    home.ingest()
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert report.is_clean and report.removed[0] == {
        "place": "in/mac.jsonl",
        "kind": "raw",
        "removed": 1,
        "unit": "lines",
    }
    assert path.read_bytes() == jsonl(track(user=BEN), "", track(user="u9")).replace(b"\n", b"\r")
    home.ingest(full_refresh=True)
    assert home.values("user_id", "line_number") == [(BEN, 1), ("u9", 3)]


def test_an_archive_among_the_raw_files_is_left_intact_and_reported(home: Home) -> None:
    archive, broken = home.folder / "in" / "old.zip", home.folder / "in" / "broken.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("users.csv", f"{ANNA}\n{ANNA}\n{BEN}\n")
    content = archive.read_bytes()
    broken.write_bytes(content[:20])
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert report.remaining == {"in/old.zip": "2 left", "in/broken.zip": "cannot be searched: BadZipFile"}
    assert archive.read_bytes() == content


def _tar(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("a.jsonl")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize("is_tracker_first", [True, False])
def test_a_file_that_its_source_cannot_read_is_not_torn_apart(tmp_path: Path, is_tracker_first: bool) -> None:
    """A wide glob of one source covers the Parquet of another, archives and databases."""
    tables = {**ORDERS, "path": "data/raw/tables/*"}
    sources = [{**TRACKER, "path": "data/raw/**/*"}, tables]
    home = Home(tmp_path, *(sources if is_tracker_first else reversed(sources)))
    raw = tmp_path / "data" / "raw"
    (raw / "tables").mkdir(parents=True)
    (raw / "a.jsonl").write_bytes(jsonl(track(user=ANNA), track(user=BEN)))
    duckdb.sql(
        f"select unnest(['{ANNA}', '{BEN}', '{BEN}']) as customer, timestamp '2026-01-05' as at, 'o' as id"
    ).write_parquet(str(raw / "tables" / "p.parquet"))
    with closing(sqlite3.connect(raw / "b.db")) as db:
        db.execute("create table t as select ? as customer, ? as other", (ANNA, BEN))
        db.commit()
    (raw / "c.tar.gz").write_bytes(gzip.compress(_tar(jsonl(track(user=ANNA), track(user=BEN)))))
    before = {name: (raw / name).read_bytes() for name in ("b.db", "c.tar.gz")}
    home.ingest()
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    left = duckdb.execute("select customer from read_parquet(?)", [str(raw / "tables" / "p.parquet")]).fetchall()
    assert left == [(BEN,), (BEN,)]
    assert {name: (raw / name).read_bytes() for name in before} == before
    assert not report.is_clean and "b.db" in str(report.remaining) and "c.tar.gz" in str(report.remaining)


def _encrypted_zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", b"secret")
    content = bytearray(made.getvalue())
    for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + at] |= 1  # the flag of encryption
    return bytes(content)


BROKEN = {
    "a.sqlite": b"SQLite format 3\0 and then something else",
    "b.duckdb": bytes(8) + b"DUCK and then something else",
    "c.zip": b"PK\x03\x04 and then something else",
    "d.zip": _encrypted_zip(),
    "e.parquet": b"PAR1 and then something else",
    "f.gz": b"\x1f\x8b and then something else",
    "g.zst": b"\x28\xb5\x2f\xfd and then something else",
}


@pytest.mark.parametrize("folder", ["data/raw", "data/ops", "data"])
def test_a_file_that_cannot_be_searched_is_reported_and_holds_up_no_erasure(tmp_path: Path, folder: str) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "in/*.jsonl"})
    home.put("a.jsonl", jsonl(track(user=ANNA), track(user=BEN)))
    home.ingest()
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, content in BROKEN.items():
        (tmp_path / folder / name).write_bytes(content)
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert home.values("user_id") == [BEN]
    reported = str(report.remaining)
    assert [name for name in BROKEN if name not in reported] in ([], ["f.gz", "g.zst"])
    assert {name: (tmp_path / folder / name).read_bytes() for name in BROKEN} == BROKEN
    assert not (tmp_path / "data" / "erasures" / ".under-way.json").exists()
