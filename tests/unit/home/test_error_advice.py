"""Errors of the machine as DuckDB, SQLite, Python and the system word them, and the advice that a person gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.home.error_advice import MEMORY_VARIABLE, advice_for, is_damage
from pipeline.operate.causes import Cause


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ('FATAL Error: Could not write file "/nowhere/x.duckdb": No space left on device', "The disk is full at / ("),
        ("(sqlite3.OperationalError) database or disk is full", "The disk is full"),
        ("(sqlite3.OperationalError) disk I/O error", "The disk is full or fails"),
        ("Out of Memory Error: could not allocate block of size 256.0 KiB (7.9 MiB/8.0 MiB used)", "ran out of memory"),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8 GiB", "ran out of memory"),
        ("[Errno 30] Read-only file system: '/data'", "cannot be written"),
        ("IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2", "is damaged"),
        ("Invalid Input Error: ZSTD Decompression failure", "is damaged"),
    ],
)
def test_each_is_explained_with_what_stays_and_what_to_do(text: str, advice: str) -> None:
    words = advice_for(text) or ""
    assert advice in words
    assert "published version stays" in words
    assert is_damage(text) == ("is damaged" in words)


@pytest.mark.parametrize("text", ["no event on or before 2026-01-01", "Binder Error: column x not found", ""])
def test_other_errors_are_left_as_they_are(text: str) -> None:
    assert advice_for(text) is None


def test_the_home_is_named_where_the_error_names_no_place() -> None:
    assert "at /usr (" in (advice_for("database or disk is full", Path("/usr")) or "")


def test_a_memory_limit_that_was_asked_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, "8MiB")
    assert "GROWTH_MEMORY_LIMIT is 8MiB: raise it" in (advice_for("MemoryError") or "")


def test_a_full_disk_during_ingest_is_no_fault_of_the_input() -> None:
    assert not Cause("failed", "ingest", "OSError: [Errno 28] No space left on device").is_input
    assert Cause("failed", "ingest", "Source 'shop': x.csv lacks a column").is_input
