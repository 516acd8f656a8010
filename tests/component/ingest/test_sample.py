"""What doctor and a night say of sources that are not as the config says, before and while they are read."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.ingest import describe_sample, sample_source
from pipeline.operate.doctor import examine

TABLE: dict[str, Any] = {
    "name": "shop",
    "format": "table",
    "path": "in/*",
    "columns": {"user_id": "user", "event_at": "at", "item_id": "item"},
    "event_name": "purchase",
}


def found(home: Home) -> list[tuple[str, str]]:
    (source,) = home.settings.sources
    return describe_sample(source, sample_source(home.settings, source), 0.05)


def rows(times: str = "2026-01-05T10:00:00Z", item: str = "i1", n: int = 40) -> bytes:
    return b"user,at,item\n" + f"u1,{times},{item}\n".encode() * n


def test_files_that_are_as_the_config_says_give_no_finding(tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    home.put("a.csv", rows())
    home.put("b.csv.gz", rows())
    duckdb.execute(
        f"copy (select 'u1' as user, now() - interval 1 day as at, 'i' as item) to '{tmp_path}/in/c.parquet'"
    )
    assert found(home) == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"customer,at,item\nu1,2026-01-05,i\n", "in/a.csv lacks a column 'user' (user_id in `columns`)"),
        (b"%PDF-1.7 ...", "in/a.csv is a PDF"),
        (rows("yesterday"), "40 of 40 lines of a sample would be rejected (bad_timestamp 40)"),
        (b"PAR1 and no more", "in/a.csv is not a complete Parquet file"),
    ],
)
def test_a_wrong_file_is_an_error_before_a_night_reads_it(content: bytes, words: str, tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    home.put("a.csv", content)
    ((level, text),) = found(home)
    assert level == "error" and text.startswith("source shop: ") and words in text
    findings = examine(tmp_path / "growth.yaml", None, quick=True)
    assert any(finding.level == "error" and words in finding.text for finding in findings)


def test_one_odd_file_among_others_is_a_warning(tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    home.put("a.csv", rows())
    home.put("b.csv", b"customer,at,item\nu1,2026-01-05,i\n")
    assert [level for level, _ in found(home)] == ["warn"]


def test_the_beginning_of_a_large_file_is_enough(tmp_path: Path) -> None:
    home = Home(tmp_path)
    line = jsonl(track())
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(gzip.compress(line * 200_000, 1))
    sample = sample_source(home.settings, home.settings.sources[0])
    assert 1_000 < sample.n_lines <= (1 << 20) / len(line)
    assert sample.n_rejected == 0


def test_a_mapped_column_without_any_value_is_named(tmp_path: Path) -> None:
    """An export of GA4 read as a table: page and item are inside arrays, where no name of the config leads."""
    columns = {"user_id": "user_pseudo_id", "event_at": "event_timestamp", "event_name": "event_name"}
    nothing = {"page_url": "page_location", "item_id": "item_id"}
    home = Home(
        tmp_path, {**TABLE, "columns": {**columns, **nothing}, "timestamp_format": "epoch_us"} | {"event_name": None}
    )
    event = {
        "event_name": "page_view",
        "event_timestamp": 1767607200000000,
        "user_pseudo_id": "u1",
        "event_params": [{"key": "page_location", "value": {"string_value": "https://shop.example/"}}],
        "items": [{"item_id": "i1"}],
    }
    home.put("a.jsonl", jsonl(*[event] * 3))
    wanted = [
        f"{name} has no readable value in any of 3 events: `columns` takes it from '{theirs}'."
        for name, theirs in sorted(nothing.items())
    ]
    told = [text for _, text in found(home)]
    warned = home.ingest().warnings
    for texts in (told, warned):
        assert len(texts) == 2 and all(words in text for words, text in zip(wanted, texts, strict=True))


def test_a_column_that_some_event_has_is_not_named(tmp_path: Path) -> None:
    home = Home(tmp_path, TABLE)
    home.put("a.csv", rows(item="") + b"u1,2026-01-06,i7\n")
    assert home.ingest().warnings == []
    assert found(home) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path, TRACKER)
    home.put("a.jsonl", jsonl(track()))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pipeline.ingest.sample.copy_beginning", refuse)
    assert found(home) == [("error", "source shop: in/a.jsonl cannot be read: Permission denied")]
