"""Atomic writes of small files, used by every step that leaves a file for another one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb

from pipeline.home.checksums import accept, digest
from pipeline.home.failpoints import failpoint
from pipeline.home.sql_text import quote


def write_text(text: str, path: Path) -> None:
    """Write a text under a temporary name, fsync, rename: a reader sees all of it or the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    failpoint("text_before_rename")
    os.replace(temporary, path)


def write_parquet(frame: Any, path: Path) -> None:
    """Write a pandas frame as Parquet under a temporary name, fsync, rename: a reader sees all of it or the old one."""
    with duckdb.connect() as con:
        con.register("frame", frame)
        copy_to_parquet(con, "select * from frame", path)


def copy_to_parquet(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """The same for what a query of `con` gives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    con.execute(f"copy ({query}) to {quote(temporary)} (format parquet)")
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    accept(path.parent, {path.name: digest(temporary)})
    failpoint("parquet_before_rename")
    os.replace(temporary, path)
