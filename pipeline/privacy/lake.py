"""The person's lines in the lake: finding them, and writing the same files without them under new ids.

As in an ingest, new files count once the ledger names them, and the old ones are removed after that.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipeline.home.atomic import fsync
from pipeline.home.checksums import accept, digest
from pipeline.home.sql_text import file_list, quote
from pipeline.ingest import TOO_LATE
from pipeline.ingest.lake import Lake, LedgerRow
from pipeline.privacy.person import Person


@dataclass(frozen=True)
class RawContent:
    """A raw file after lines were removed."""

    sha256: str
    size_bytes: int
    mtime_ns: int


def event_files(lake: Lake) -> list[Path]:
    """The lake's events."""
    return sorted(lake.events.glob("event_month=*/*.parquet"))


def rejected_files(lake: Lake) -> list[Path]:
    """The lake's rejected lines."""
    return sorted(lake.rejected.glob("*.parquet"))


def linked_devices(con: duckdb.DuckDBPyConnection, lake: Lake, users: frozenset[str]) -> frozenset[str]:
    """Devices seen with this user and no other: their events without a user were attributed to the person."""
    files = event_files(lake)
    if not files or not users:
        return frozenset()
    rows = con.execute(
        f"""select anonymous_id from read_parquet({file_list(files)}, hive_partitioning = false)
        where anonymous_id is not null group by anonymous_id
        having count(distinct user_id) = 1 and list_contains(?, min(user_id))""",
        [sorted(users)],
    ).fetchall()
    return frozenset(given for (given,) in rows)


def rows_about(con: duckdb.DuckDBPyConnection, lake: Lake, person: Person) -> tuple[dict[str, set[int]], int]:
    """Line numbers of the person's events and rejected lines, by file_id; how many are events of others naming them."""
    found: dict[str, set[int]] = defaultdict(set)
    n_named = 0
    for files in (event_files(lake), rejected_files(lake)):
        if files:
            source = f"read_parquet({file_list(files)}, hive_partitioning = false)"
            columns = {row[0]: row[1] for row in con.execute(f"describe select * from {source}").fetchall()}
            is_other = f"user_id is not null and not ({person.owner_sql(columns)})" if "user_id" in columns else "false"
            query = f"select file_id, line_number, {is_other} from {source} where {person.row_sql(columns) or 'false'}"
            for file_id, number, is_named in con.execute(query).fetchall():
                found[file_id].add(number)
                n_named += is_named
    return found, n_named


def files_of(lake: Lake, row: LedgerRow) -> list[Path]:
    """The Parquet files of one raw file."""
    name = row.lake_name
    found = [*lake.events.glob(f"event_month=*/{name}*.parquet"), *lake.rejected.glob(f"{name}*.parquet")]
    return sorted(path for path in found if path.stem == name or path.stem.startswith(f"{name}-"))


def without_lines(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    row: LedgerRow,
    gone: set[int],
    raw: RawContent | None = None,
    moves_up: bool = False,
    files: list[Path] | None = None,
) -> LedgerRow:
    """Rewrite the lake's files of a raw file (or only `files`) without some lines, under a new id.

    `moves_up`: later lines have lower numbers in the raw file now. Returns the ledger's new row, without which the new
    files do not count.
    """
    con.execute(
        """create or replace temp table gone as
        select number, row_number() over (order by number) as n_before from (select unnest(?::bigint[]) as number)""",
        [sorted(gone)],
    )
    number = "line_number - coalesce(n_before, 0)" if moves_up else "line_number"
    shift = "asof left join gone on line_number >= number" if moves_up else ""
    sha256 = raw.sha256 if raw else row.sha256
    new_id = hashlib.sha256(f"{sha256}\n{row.file_id}\nagain".encode()).hexdigest()[:16]
    left = {}
    for path in files_of(lake, row) if files is None else files:
        target = path.with_name(path.name.replace(row.file_id, new_id))
        kept = f"""(select * from read_parquet({file_list([path])}, hive_partitioning = false)
            where line_number not in (select number from gone))"""
        exclude = "exclude (number, n_before)" if moves_up else ""
        con.execute(
            f"""copy (
                select * {exclude} replace ({number} as line_number, {quote(new_id)} as file_id)
                from {kept} {shift} order by line_number
            ) to {quote(str(target))} (format parquet, compression zstd)"""
        )
        n_kept = con.execute(f"select count(*) from read_parquet({file_list([target])})").fetchall()[0][0]
        if n_kept:
            left[target] = n_kept
            fsync(target)
        else:
            target.unlink()
    accept(lake.root, {path.relative_to(lake.root).as_posix(): digest(path) for path in left})
    return _ledger_row(con, lake, replace(row, file_id=new_id), left, raw)


def _ledger_row(
    con: duckdb.DuckDBPyConnection, lake: Lake, row: LedgerRow, left: dict[Path, int], raw: RawContent | None
) -> LedgerRow:
    events = [path for path in left if path.is_relative_to(lake.events)]
    n_accepted = sum(left[path] for path in events)
    n_rejected = sum(left.values()) - n_accepted
    first, last, names = None, None, []
    if events:
        first, last, names = con.execute(
            f"""select min(event_at), max(event_at), list(distinct event_name)
            from read_parquet({file_list(events)}, hive_partitioning = false)"""
        ).fetchall()[0]
    n_late = 0
    if row.n_too_late and (rejected := [path for path in left if path not in events]):
        late = f"select count(*) from read_parquet({file_list(rejected)}) where reason = {quote(TOO_LATE)}"
        n_late = con.execute(late).fetchall()[0][0]
    if not n_late:
        row = replace(row, too_late_from=None, too_late_to=None)
    n_gone = row.n_accepted + row.n_rejected - n_accepted - n_rejected
    if raw:
        row = replace(row, sha256=raw.sha256, size_bytes=raw.size_bytes, mtime_ns=raw.mtime_ns, ctime_ns=0)
    return replace(
        row,
        n_lines=n_accepted + n_rejected,
        n_accepted=n_accepted,
        n_rejected=n_rejected,
        min_event_at=first,
        max_event_at=last,
        event_names=tuple(sorted(names)),
        n_erased=row.n_erased + n_gone,
        n_too_late=n_late,
    )
