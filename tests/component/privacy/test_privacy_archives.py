"""The search of an erasure in archives: every file in them, within bounds, and nothing unread is called clean."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import duckdb
import pytest
from erase_home import ANNA, BEN, NOW
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.ingest.text import ExpandsTooFar, unpack
from pipeline.privacy import erase, search
from pipeline.privacy.person import Person
from pipeline.privacy.search import Found, find


def found(path: Path, max_expansion: float = 200) -> Found:
    with duckdb.connect() as con:
        return find(con, path, Person(users=frozenset({ANNA})), max_expansion)


def packed(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_bomb_in_a_zip_is_not_unpacked_and_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "_SMALL_BYTES", 1 << 21)
    blank = bytes(6 << 20)
    path = packed(tmp_path / "bomb.zip", a=blank, b=blank)
    with pytest.raises(ExpandsTooFar):
        found(path, max_expansion=2)
    assert found(path, max_expansion=5000).n == 0


def test_an_erasure_reports_a_bomb_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "_SMALL_BYTES", 1 << 20)
    home = Home(tmp_path, {**TRACKER, "path": "in/*.jsonl"})
    home.put("a.jsonl", jsonl(track(user=ANNA), track(user=BEN)))
    home.ingest()
    (tmp_path / "data" / "raw").mkdir(exist_ok=True)
    packed(tmp_path / "data" / "raw" / "bomb.zip", a=bytes(6 << 20))
    # one line without an end, which a search by lines would hold in memory
    (tmp_path / "data" / "raw" / "bomb.csv.gz").write_bytes(gzip.compress(b" " * (6 << 20)))
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert home.values("user_id") == [BEN]
    assert set(report.remaining) == {"data/raw/bomb.zip", "data/raw/bomb.csv.gz"}
    assert all("cleaning.max_expansion" in why for why in report.remaining.values())


@pytest.mark.parametrize("piece", [4096, 4097, 5000, 10_000, 1 << 20])
def test_ids_at_the_edges_of_pieces_are_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Of 40 ids, every second one is inside a longer word."""
    monkeypatch.setattr(search, "_PIECE_BYTES", piece)
    text = b"".join(
        b"." * 500 + f" {ANNA} ".encode() + b"." * (250 + n) + f" /of/x-{n}-{ANNA}.html ".encode() for n in range(20)
    )
    seen = found(packed(tmp_path / "a.zip", log=text))
    assert seen.n == 20
    assert sorted(seen.longer) == sorted(f"x-{n}-{ANNA}.html" for n in range(20))


@pytest.mark.parametrize(
    "inner", [gzip.compress(b"x"), b"PK\x03\x04", b"PAR1", b"BZh91"], ids=lambda start: str(start[:4])
)
def test_what_is_packed_once_more_is_not_called_clean(tmp_path: Path, inner: bytes) -> None:
    with pytest.raises(search.Unsearchable, match=r"has inside in it, which is .* is not searched: unpack it"):
        found(packed(tmp_path / "a.zip", inside=inner + bytes(300)))


def test_a_zip_of_raw_lines_is_rewritten_without_the_person(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "in/*"})
    lines = {"a.json.gz": [track(user=BEN), track(user=ANNA)], "b.json.gz": [track(user=ANNA), track("x", user=BEN)]}
    files = {name: gzip.compress(jsonl(*of_file)) for name, of_file in lines.items()}
    path = packed(tmp_path / "in" / "export.zip", **files)
    assert home.ingest().n_accepted == 4
    report = erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    assert report.remaining == {}
    assert home.values("user_id", "line_number") == [(BEN, 1), (BEN, 4)]
    assert found(path).n == 0
    assert home.ingest(full_refresh=True).n_accepted == 2
    assert home.values("user_id", "line_number") == [(BEN, 1), (BEN, 4)]
