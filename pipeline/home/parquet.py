"""Parquet files written in one step, with their checksum in the record of their folder. Not here: reading them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipeline.home.atomic import replacing
from pipeline.home.checksums import accept, digest
from pipeline.home.failpoints import failpoint
from pipeline.home.sql_text import quote


def write_parquet(frame: Any, path: Path) -> None:
    """Write a pandas frame as Parquet, recorded in the checksums of the folder."""
    with duckdb.connect() as con:
        con.register("frame", frame)
        copy_to_parquet(con, "select * from frame", path)


def copy_to_parquet(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the result of a query of `con` as Parquet, recorded in the checksums of the folder."""
    with replacing(path) as temporary:
        con.execute(f"copy ({query}) to {quote(temporary)} (format parquet)")
        accept(path.parent, {path.name: digest(temporary)})
        failpoint("parquet_before_rename")
