"""A home with two persons in every kind of file, and a look into its files, for tests of `erase`."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import zstandard
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.home.database import in_memory

ANNA, BEN = "anna-77@shop.example", "joanna-77@shop.example"  # one id inside the other
PHONE, SHARED = "device-000001", "device-0000012"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
ORDERS: dict[str, Any] = {
    "name": "orders",
    "format": "table",
    "path": "tables/*",
    "event_name": "purchase",
    "timezone": "UTC",
    "columns": {"user_id": "customer", "event_at": "at", "order_id": "id"},
}


def unpacked(path: Path) -> bytes:
    """What a person with common tools finds in a file."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    if content[:4] == b"PAR1":
        with in_memory() as con:
            content += repr(con.execute("select * from read_parquet(?)", [str(path)]).fetchall()).encode()
    if content[8:12] == b"DUCK":
        with duckdb.connect() as con:
            con.execute(f"attach '{path}' as db (read_only)")
            for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                content += repr(con.execute(f"from db.{schema}.{table}").fetchall()).encode()
    return content


def holders(home: Home, *ids: str) -> list[str]:
    """Files that contain one of the ids as bytes, compressed or not."""
    contents = {path: unpacked(path) for path in sorted(home.folder.rglob("*")) if path.is_file()}
    return [
        path.relative_to(home.folder).as_posix()
        for path, content in contents.items()
        if any(given.encode() in content for given in ids)
    ]


def make_version(home: Home) -> Path:
    """A published version like that of a night: facts, a table of steps without a person, sums, comments."""
    path = home.folder / "data" / "versions" / "warehouse-20260201T000000000000Z.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts")
        con.execute(
            f"""create table marts.fct_sessions as
            select * from (values ('s1', '{ANNA}'), ('s2', 'anon:{PHONE}'), ('s3', '{BEN}'), ('s4', 'anon:{SHARED}'))
            as t(session_id, person_id)"""
        )
        con.execute("create table marts.steps as select unnest(['s1', 's3']) as session_id, 1 as step")
        con.execute("create table marts.dau as select date '2026-01-05' as activity_date, 4 as dau")
        con.execute(f"create table marts.notes as select 1 as n, 'asked for {ANNA}.' as note, ['{BEN}'] as others")
        con.execute("comment on table marts.fct_sessions is 'Grain: session.'")
        con.execute("comment on column marts.fct_sessions.person_id is 'It''s a person.'")
    return path


def make_home(folder: Path) -> Home:
    """Anna, Ben and what they share, in every kind of file."""
    made = Home(folder, {**TRACKER, "path": "in/*"}, ORDERS)
    lines = [
        track(user=ANNA, anonymousId=PHONE),
        track(user=None, anonymousId=PHONE),
        track(user=BEN, anonymousId=SHARED),
        track(user=ANNA, anonymousId=SHARED),
        track(user=None, anonymousId=SHARED),
        f'{{"userId":"{ANNA}", broken',
        f'{{"userId":"{BEN}", broken',
    ]
    made.put("a.jsonl.gz", jsonl(*lines))
    made.put("b.jsonl.zst", jsonl(track(user=BEN), track(user=BEN, properties={"friend": ANNA}), track(user="u9")))
    made.put("c.jsonl", jsonl(track(user=BEN, at="2026-01-06T10:00:00Z")))
    tables = folder / "tables"
    tables.mkdir()
    (tables / "o.csv").write_bytes(
        b'id,customer,at,note\r\n1,%s,2026-01-05,"two\r\nlines"\r\n2,%s,2026-01-05,x\r\n3,,2026-01-05,no one\r\n'
        % (ANNA.encode(), BEN.encode())
    )
    duckdb.sql(
        f"""copy (from (values (4, '{BEN}', timestamp '2026-01-07'), (5, '{ANNA}', timestamp '2026-01-07'),
        (6, '{BEN}', timestamp '2026-01-08')) as t(id, customer, "at")) to '{tables}/p.parquet' (format parquet)"""
    )
    made.ingest()
    make_version(made)
    (folder / "data" / "build").mkdir()
    with duckdb.connect(str(folder / "data" / "build" / "growth.duckdb")) as con:
        con.execute(f"create table state as select '{ANNA}' as person_id, 3 as n")
    exports = folder / "data" / "exports"
    exports.mkdir()
    (exports / "users.csv").write_text(f"person_id,n\n{ANNA},1\n{BEN},2\n")
    (exports / "report.html").write_text(f"<p>{ANNA} and {BEN}</p>")
    return made
