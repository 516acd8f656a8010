"""What a night has to build: everything, or only what the build database does not hold yet.

Belongs here: comparing the ledger with the build file by file, the state that says whether the last night was carried
through, and taking out files that no longer count. Not here: how the new lines are worked in (the dbt project,
macros/incremental/delta.sql) and anything of Dagster.

The build is compared with the ledger by counting lines, not by remembering what was done: whatever interrupted a night,
the next one finds the lines that are missing. Persons whose tables are not all up to date stay listed in
`int_reopened` and `int_changed` until a night was published.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.build.rules import rules_hash
from pipeline.build.tables import tables_of_a_delta_night
from pipeline.build.user_agents import keep_user_agents
from pipeline.home.atomic import write_text
from pipeline.home.calendar import end_of
from pipeline.home.failpoints import failpoint
from pipeline.home.paths import HomePaths
from pipeline.ingest import LedgerRow, read_ledger

# Above this share of new lines, building everything is quicker than opening nearly everybody again.
_MAX_NEW_SHARE = 0.5
_STATE_TABLES = """
    create schema if not exists state;
    create table if not exists state.build
        (rules varchar, as_of_date date, is_full boolean, is_complete boolean, run_id varchar, updated_at timestamp);
    alter table state.build add column if not exists base_version varchar;
    create table if not exists state.pending_devices (anonymous_id varchar);
    create table if not exists state.pending_changes (person_id varchar, changed_at timestamp);
"""
BY_HAND = "dbt by hand"  # the rules of a build that a person changed with dbt (macros/manual_run.sql)
# Older builds kept these tables in schema `intermediate`.
_STATE_OF_OLD = {"build_state": "build", "pending_devices": "pending_devices", "pending_changes": "pending_changes"}


@dataclass(frozen=True)
class BuildPlan:
    """lake_files: the lake's files to read (None: all of them); partial_files: their file_ids of which lines are held.

    base_version: the published version that the changes are counted from.
    """

    is_full: bool
    reason: str
    lake_files: list[str] | None = None
    partial_files: list[str] = field(default_factory=list)
    base_version: str | None = None

    def variables(self) -> dict[str, Any]:
        """The dbt variables that carry the plan out."""
        chosen: dict[str, Any] = {"is_full": self.is_full, "partial_files": self.partial_files}
        return chosen if self.lake_files is None else {**chosen, "lake_events": self.lake_files}

    def write(self, path: Path) -> None:
        """Keep the plan for the later layers of the night."""
        write_text(json.dumps(asdict(self)), path)

    @staticmethod
    def read(path: Path) -> BuildPlan:
        """The plan of the latest night; a whole build where there is none."""
        if not path.exists():
            return BuildPlan(True, "no plan was made yet")
        return BuildPlan(**json.loads(path.read_text(encoding="utf-8")))


def plan_build(paths: HomePaths, variables: Mapping[str, Any], read_again: Iterable[str] = ()) -> BuildPlan:
    """Decide what to build and prepare the build database for it; the build counts as unfinished from here on.

    `variables` are the night's dbt variables (run_context.dbt_variables); the lines of the files `read_again`
    (file_ids) are taken out and processed again.
    """
    paths.build_db.parent.mkdir(parents=True, exist_ok=True)
    rules = rules_hash(variables)
    ledger = [row for row in read_ledger(paths.ledger) if row.status == "loaded" and row.n_accepted]
    with duckdb.connect(str(paths.build_db)) as con:
        # All at once: what was taken out is forgotten as finished business while the state is still that of the last
        # night.
        con.execute("begin")
        _prepare_state(con)
        why_full = _why_full(con, variables, rules, paths.warehouse.is_symlink())
        plan = BuildPlan(True, why_full) if why_full else _delta(con, paths, ledger, variables, set(read_again))
        if plan.is_full:
            con.execute("delete from state.pending_devices; delete from state.pending_changes")
        con.execute("delete from state.build")
        con.execute(
            "insert into state.build values (?, ?, ?, false, ?, ?, ?)",
            [
                rules,
                variables["as_of_date"],
                plan.is_full,
                variables["run_id"],
                datetime.now(UTC).replace(tzinfo=None),
                plan.base_version,
            ],
        )
        failpoint("plan_before_commit")
        con.execute("commit")
    failpoint("plan_committed")
    keep_user_agents(paths.user_agents, variables["lake_events"], None if plan.is_full else plan.lake_files)
    return plan


def finish_build(paths: HomePaths, version: str | None = None) -> None:
    """Note that everything planned was built and published as that version."""
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("update state.build set is_complete = true, base_version = ?", [version])


def was_built_by_hand(paths: HomePaths) -> bool:
    """Whether a person ran dbt on the build since it was planned, so that no gate has checked it as it is."""
    if not paths.build_db.exists():
        return False
    with duckdb.connect(str(paths.build_db), read_only=True) as con:
        try:
            return con.execute("select rules from state.build").fetchall() == [(BY_HAND,)]
        except duckdb.CatalogException:  # no night has planned it
            return False


def _prepare_state(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of schema `state`; those of an older build move there."""
    con.execute(_STATE_TABLES)
    for old, name in _STATE_OF_OLD.items():
        found = con.execute(
            "select 1 from duckdb_tables() where schema_name = 'intermediate' and table_name = ?", [old]
        ).fetchone()
        if found:
            con.execute(f"insert into state.{name} by name from intermediate.{old}; drop table intermediate.{old}")


def _why_full(con: duckdb.DuckDBPyConnection, variables: Mapping[str, Any], rules: str, is_published: bool) -> str:
    """The reason to build everything, or nothing where a delta night will do."""
    state = con.execute("select rules, as_of_date, is_full, is_complete from state.build").fetchone()
    present = {
        f"{schema}.{name}"
        for schema, name in con.execute("select table_schema, table_name from information_schema.tables").fetchall()
    }
    if state is None or not present.issuperset(tables_of_a_delta_night()):
        return "the build database is gone or lacks tables" if is_published else "this is the first build"
    if state[0] == BY_HAND:
        return "dbt was run by hand since the last night"
    if state[0] != rules:
        return "the configuration, the dbt project or DuckDB changed"
    if state[2] and not state[3]:
        return "the last whole build was not finished"
    if state[1] > date.fromisoformat(variables["as_of_date"]):
        return f"as_of went back from {state[1]} to {variables['as_of_date']}"
    return ""


def _delta(
    con: duckdb.DuckDBPyConnection,
    paths: HomePaths,
    ledger: list[LedgerRow],
    variables: Mapping[str, Any],
    read_again: set[str],
) -> BuildPlan:
    _forget_finished(con)
    held = _held(con)
    accepted = {row.file_id: row.n_accepted for row in ledger}
    # A file that counts no longer; and one of which there is too much, as after a manual edit of the build database.
    gone = [file for file, n_held in held.items() if n_held > accepted.get(file, 0) or file in read_again]
    if gone:
        _take_out(con, gone)
        held = _held(con)
    until = end_of(date.fromisoformat(variables["as_of_date"]), variables["timezone"])
    open_files = [row for row in ledger if _is_open(row, held.get(row.file_id, 0), until)]
    n_new = sum(row.n_accepted - held.get(row.file_id, 0) for row in open_files)
    if n_new > _MAX_NEW_SHARE * max(sum(held.values()), 1):
        return BuildPlan(True, f"{n_new:,} new lines are more than half of what is there")
    files = lake_files(paths, [row.file_id for row in open_files])
    partial = [row.file_id for row in open_files if held.get(row.file_id)]
    reason = f"{len(open_files)} new or unfinished files" + (f", {len(gone)} taken out" if gone else "")
    base = con.execute("select base_version from state.build").fetchone()
    return BuildPlan(False, reason, files, partial, base[0] if base else None)


def _is_open(row: LedgerRow, n_held: int, until: datetime) -> bool:
    """Whether the build lacks lines of a file, or may: those after as_of are not counted apart."""
    if row.min_event_at is None or row.min_event_at >= until:
        return False
    return n_held != row.n_accepted


def _forget_finished(con: duckdb.DuckDBPyConnection) -> None:
    """What the last night was about is over once it was published."""
    complete = con.execute("select is_complete from state.build").fetchone()
    if complete and complete[0]:
        con.execute("""
            delete from intermediate.int_reopened;
            delete from intermediate.int_changed;
            delete from state.pending_devices;
            delete from state.pending_changes;
        """)


def _held(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Lines in the build by file: events and copies of events."""
    return dict(
        con.execute(
            "select file_id, count(*) from (select file_id from marts.fct_events "
            "union all select file_id from intermediate.int_duplicates) group by file_id"
        ).fetchall()
    )


def _take_out(con: duckdb.DuckDBPyConnection, file_ids: list[str]) -> None:
    """Remove the lines of files that no longer count, and note whom that changes.

    Copies of a removed event go too: they are missing then, so the night reads them again and keeps one of them.
    """
    con.execute(
        "create or replace temp table gone as select source, event_id, person_id, anonymous_id, event_name, event_at, "
        "order_id from marts.fct_events where list_contains(?, file_id)",
        [file_ids],
    )
    con.execute("""
        insert into state.pending_changes
        select person_id, event_at from gone
        union all
        select person_id, event_at from marts.fct_events
        where event_name = 'purchase'
            and order_id in (select order_id from gone where event_name = 'purchase' and order_id is not null)
        union all
        select person_id, event_at from marts.fct_events
        where user_id is null and anonymous_id in (select anonymous_id from gone);
        insert into state.pending_devices
        select distinct anonymous_id from gone where anonymous_id is not null;
        delete from intermediate.int_identities
        where anonymous_id in (select anonymous_id from state.pending_devices);
        delete from intermediate.int_duplicates
        where (source, event_id) in (select (source, event_id) from gone);
    """)
    con.execute("delete from intermediate.int_duplicates where list_contains(?, file_id)", [file_ids])
    con.execute("delete from intermediate.int_event_properties where list_contains(?, file_id)", [file_ids])
    con.execute("delete from marts.fct_events where list_contains(?, file_id)", [file_ids])


def lake_files(paths: HomePaths, file_ids: Iterable[str]) -> list[str]:
    """The lake's event files of these raw files, named `<source>-<file_id>[-n].parquet`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in (paths.lake / "events").glob("*/*.parquet"):
        found[path.stem.split("-")[1]].append(str(path))
    return sorted(path for file_id in file_ids for path in found[file_id])
