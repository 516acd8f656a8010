"""What the UI shows of a table or a frame: rows, columns, a picture. Read from DuckDB once per step.

Not from dbt: dagster-dbt's row counts and column lists keep the database file open.
"""

from collections import defaultdict
from collections.abc import Collection
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb

from pipeline.build.tables import table_facts
from pipeline.home.memory import reading
from pipeline.orchestration.ui.pictures import picture

if TYPE_CHECKING:
    import pandas as pd


def table_metadata(build_db: Path, tables: Collection[str], log: Logger) -> dict[str, dict[str, Any]]:
    """Metadata of each table (`schema.table`) that the build database holds."""
    with reading(build_db) as con:
        counts = _row_counts(con, tables)
        schemas = _column_schemas(con, tables)
        found: dict[str, dict[str, Any]] = {table: {"dagster/column_schema": schemas[table]} for table in schemas}
        for table, count in counts.items():
            found[table]["dagster/row_count"] = count
        for table in found:
            if image := _picture(con, table, log):
                found[table]["picture"] = dg.MetadataValue.md(image)
    return found


def frame_metadata(frame: "pd.DataFrame", path: Path) -> dict[str, Any]:
    """Metadata of a frame that was written to `path`."""
    columns = [dg.TableColumn(str(column), str(kind)) for column, kind in frame.dtypes.items()]
    return {
        "dagster/row_count": len(frame),
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "path": dg.MetadataValue.path(str(path)),
    }


def _row_counts(con: duckdb.DuckDBPyConnection, tables: Collection[str]) -> dict[str, int]:
    """Views are left out: counting one would run it."""
    names = con.execute(
        "select schema_name || '.' || table_name, format('\"{}\".\"{}\"', schema_name, table_name) "
        "from duckdb_tables() where list_contains(?, schema_name || '.' || table_name)",
        [list(tables)],
    ).fetchall()
    if not names:
        return {}
    counts = con.execute(" union all ".join(f"select '{name}', count(*) from {quoted}" for name, quoted in names))
    return dict(counts.fetchall())


def _column_schemas(con: duckdb.DuckDBPyConnection, tables: Collection[str]) -> dict[str, dg.TableSchema]:
    columns: dict[str, list[dg.TableColumn]] = defaultdict(list)
    for table, name, kind, nullable, comment in con.execute(
        "select schema_name || '.' || table_name, column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where list_contains(?, schema_name || '.' || table_name) order by 1, column_index",
        [list(tables)],
    ).fetchall():
        constraints = dg.TableColumnConstraints(nullable=nullable)
        columns[table].append(dg.TableColumn(name, kind.lower(), description=comment, constraints=constraints))
    return {table: dg.TableSchema(columns=listed) for table, listed in columns.items()}


def _picture(con: duckdb.DuckDBPyConnection, table: str, log: Logger) -> str | None:
    facts = table_facts().get(table)
    try:
        return picture(con, table, **facts.meta.picture) if facts and facts.meta.picture else None
    except Exception as error:  # only a picture: the night goes on without it
        log.warning(f"no picture of {table}: {error}")
        return None
