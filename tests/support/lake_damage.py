"""Damaging a file of the lake, and finding it."""

from __future__ import annotations

from pathlib import Path

from ingest_home import Home

from pipeline.ingest import Lake, read_ledger


def flip(path: Path, at: int | None = None) -> None:
    """Turn one bit of a file, its size unchanged."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 0x10
    path.write_bytes(content)


def lake_of(home: Home) -> Lake:
    return Lake(home.folder / "data" / "lake")


def file_of(home: Home, name: str) -> Path:
    row = next(row for row in read_ledger(lake_of(home).ledger) if row.file.endswith(name))
    (path,) = lake_of(home).events.rglob(f"shop-{row.file_id}.parquet")
    return path
