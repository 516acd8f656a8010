"""A shop's home, a night with new files on it, and what has to hold after a disturbed night and the next one.

Not here: how a night is started and killed (`warm.py`), and which faults there are (the tests).
"""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.home.lock import writer_lock
from pipeline.home.paths import HomePaths
from pipeline.ingest import read_ledger
from pipeline.settings import default_config_text
from pipeline.simulate import simulate

USERS, DAYS, SEED = 60, 21, 11
COMPARED = ("raw", "marts", "ml", "activation")
# When a line was read is the one thing that a second reading may say differently.
NOT_COMPARED = ("ingested_at",)


@dataclass(frozen=True)
class Shop:
    """A folder with the home before the night, and what arrives for it: two new days, and an older one corrected."""

    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def arriving(self) -> Path:
        return self.folder / "arriving"

    def copy(self, target: Path) -> HomePaths:
        """A home of its own on the evening before the night, the new files delivered."""
        shutil.copytree(self.base, target, symlinks=True)
        for file in sorted(self.arriving.iterdir()):
            shutil.copy2(file, HomePaths(target).data / "raw" / "shop" / file.name)
        return HomePaths(target)


def make_shop(folder: Path) -> Shop:
    """Simulate; hold back the files of the last two days; cut lines off an older file that then arrives whole."""
    shop = Shop(folder)
    base, arriving = shop.base, shop.arriving
    arriving.mkdir(parents=True)
    base.mkdir()
    (base / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
    simulate(base, users=USERS, days=DAYS, seed=SEED)
    files = sorted((base / "data" / "raw" / "shop").iterdir())
    for file in files[-2:]:
        shutil.move(file, arriving / file.name)
    corrected = files[DAYS // 2]
    shutil.copy2(corrected, arriving / corrected.name)
    lines = gzip.decompress(corrected.read_bytes()).splitlines(keepends=True)
    corrected.write_bytes(gzip.compress(b"".join(lines[: len(lines) // 2])))
    return shop


def differences(found: HomePaths, expected: HomePaths) -> list[str]:
    """How the two published warehouses differ: tables, columns, rows (both ways)."""
    with duckdb.connect() as con:
        con.execute(f"attach '{found.warehouse.resolve()}' as found (read_only)")
        con.execute(f"attach '{expected.warehouse.resolve()}' as expected (read_only)")
        tables = {name: _columns(con, name) for name in ("found", "expected")}
        if tables["found"] != tables["expected"]:
            return ["the tables or their columns differ"]
        assert len(tables["expected"]) > 15, "a comparison of nothing"
        return [line for table, columns in tables["expected"].items() for line in _rows_off(con, table, columns)]


def _columns(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    rows = con.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
        "where database_name = ? and list_contains(?, schema_name) and not list_contains(?, column_name) "
        "group by 1 order by 1",
        [database, list(COMPARED), list(NOT_COMPARED)],
    ).fetchall()
    return dict(rows)


def _rows_off(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> list[str]:
    listed = ", ".join(f'"{column}"' for column in columns)
    off = []
    for one, other in (("found", "expected"), ("expected", "found")):
        query = f"select {listed} from {one}.{table} except all select {listed} from {other}.{table}"
        rows = con.execute(f"select count(*) from ({query})").fetchall()
        if rows[0][0]:
            off.append(f"{table}: {rows[0][0]} rows only in {one}, such as {con.execute(query).fetchone()}")
    return off


def unbalanced(paths: HomePaths) -> list[str]:
    """Sources whose lines do not add up in the published version; and there must be some source."""
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
        rows = con.execute("select source, run_id, is_balanced from ops.reconciliation").fetchall()
    assert rows, "no reconciliation"
    return [f"{source} in run {run_id}" for source, run_id, is_balanced in rows if not is_balanced]


def leftovers(paths: HomePaths) -> list[str]:
    """Files that a disturbed night left and the next one should have removed, relative to data/."""
    found = [
        path
        for path in paths.data.rglob("*")
        if path.name.startswith((".unfinished-", ".staging", ".parsing"))
        or path.suffix in (".tmp", ".next")
        or path.name in (f"{paths.build_db.name}.wal", ".warehouse.duckdb.next")
    ]
    return [path.relative_to(paths.data).as_posix() for path in found] + _strays(paths) + _unrecorded(paths)


def _strays(paths: HomePaths) -> list[str]:
    """Files of the lake that the ledger does not name, and active files of the ledger that are not in the lake."""
    active = [row for row in read_ledger(paths.ledger) if row.is_active]
    files = [*paths.lake.glob("events/*/*.parquet"), *paths.lake.glob("rejected/*.parquet")]
    held = {"-".join(file.stem.split("-")[:2]) for file in files}
    named = {f"{row.source}-{row.file_id}" for row in active}
    wanted = {f"{row.source}-{row.file_id}" for row in active if row.n_lines}
    return [f"stray in the lake: {name}" for name in sorted(held - named)] + [
        f"not in the lake: {name}" for name in sorted(wanted - held)
    ]


def _unrecorded(paths: HomePaths) -> list[str]:
    """Versions on disk that no published version tells of."""
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
        known = {
            f"warehouse-{version}.duckdb"
            for (version,) in con.execute("select version from ops.published_versions").fetchall()
        }
    return [f"unrecorded version {file.name}" for file in paths.versions.glob("*.duckdb") if file.name not in known]


def run_statuses(paths: HomePaths) -> list[str]:
    """How Dagster says that each run ended, oldest first."""
    with sqlite3.connect(paths.dagster / "history" / "runs.db") as con:
        return [status for (status,) in con.execute("select status from runs order by id")]


def built(paths: HomePaths) -> tuple[bool, bool, str | None]:
    """Of the latest night: whether it built everything, whether it was carried through, and the version it became."""
    with duckdb.connect(str(paths.build_db), read_only=True) as con:
        rows = con.execute("select is_full, is_complete, base_version from state.build").fetchall()
    (state,) = rows
    return state


def faults_of(paths: HomePaths, expected: HomePaths, *, is_full: bool | None = None, n_base_runs: int = 1) -> list[str]:
    """Everything that does not hold after a disturbed night and the whole one that followed; empty when all is well.

    Whether the whole one built everything (`is_full`) is asked where it is known: after a broken-off delta night it may
    find so many files of which the build holds too much that it does.
    """
    found = [*differences(paths, expected), *(f"unbalanced: {x}" for x in unbalanced(paths)), *leftovers(paths)]
    state = built(paths)
    wanted = (state[0] if is_full is None else is_full, True, paths.warehouse.resolve().stem.removeprefix("warehouse-"))
    if state != wanted:
        found.append(f"state of the build: {state}")
    statuses = run_statuses(paths)
    if statuses[-1] != "SUCCESS" or set(statuses[n_base_runs:-1]) - {"FAILURE", "SUCCESS"}:
        found.append(f"runs in Dagster: {statuses}")
    with writer_lock(paths.writer_lock):  # raises where it is still held
        pass
    return found
