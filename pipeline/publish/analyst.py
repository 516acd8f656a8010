"""The analysts' connection: read-only on the published version, without access to anything else.

A read-only connection can still read and write other files, so external access, extensions and the configuration are
locked too. Not here: the commands that use it (`pipeline.cli.sql`, `pipeline.publish.export`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.home.paths import HomePaths
from pipeline.home.sql_text import quote

LOCKED_DOWN = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


def connect(paths: HomePaths, writable: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A locked-down, read-only connection to the current version; `writable` is the only file that it may write."""
    file = str(paths.warehouse.resolve())
    if writable is None:
        return duckdb.connect(file, read_only=True, config=dict(LOCKED_DOWN))
    con = duckdb.connect(file, read_only=True)
    try:
        # Allowed paths can be set only before external access is disabled.
        con.execute(f"set allowed_paths = [{quote(writable)}]")
        for setting, value in LOCKED_DOWN.items():
            con.execute(f"set {setting} = {value}")
    except BaseException:
        con.close()
        raise
    return con
