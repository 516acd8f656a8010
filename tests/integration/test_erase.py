"""Erasing somebody from a whole home: asked of every file with other means than the erasure's own, and of the night
after it.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shared_homes import copy_home
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.cli.night import run_night
from pipeline.home.paths import HomePaths
from pipeline.settings import load_settings
from tests.faults.cases import Shop


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what is packed in it."""
    yield path.read_bytes()
    if path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    with duckdb.connect() as con:
        if path.suffix == ".parquet":
            yield rows_as_text(con, f"read_parquet('{path}')")
        if path.suffix == ".duckdb":
            con.execute(f"attach '{path}' as db (read_only)")
            for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield rows_as_text(con, f"db.{schema}.{table}")


def rows_as_text(con: duckdb.DuckDBPyConnection, table: str) -> bytes:
    return "\n".join(row for (row,) in con.execute(f"select cast(t as varchar) from {table} as t").fetchall()).encode()


def holders(home: Path, *ids: str) -> list[str]:
    """Files that hold one of the ids."""
    sought = re.compile(b"|".join(re.escape(given.encode()) for given in ids))
    return [
        path.relative_to(home).as_posix()
        for path in sorted(home.rglob("*"))
        if path.is_file() and any(sought.search(content) for content in contents(path))
    ]


def ask(paths: HomePaths, query: str) -> list[Any]:
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def before(small_shop: Shop) -> HomePaths:
    return HomePaths(small_shop.base)


def n_raw_lines(paths: HomePaths) -> int:
    files = (paths.data / "raw" / "shop").glob("*.jsonl.gz")
    return sum(len(gzip.decompress(file.read_bytes()).splitlines()) for file in files)


@pytest.fixture(scope="module")
def erased(before: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> tuple[HomePaths, str, list[str], int]:
    """A copy of the small shop after its best customer was erased: the home, who, their devices, and their events."""
    paths = copy_home(before, tmp_path_factory.mktemp("erased") / "home")
    ((user, n_events),) = ask(
        paths,
        (
            "select user_id, count(*) from marts.fct_events where user_id is not null group by 1 "
            "order by 2 desc, 1 limit 1"
        ),
    )
    devices = [d for (d,) in ask(paths, f"select anonymous_id from marts.dim_identities where user_id = '{user}'")]
    assert devices and len(holders(paths.home, user)) > 10 and n_events > 10
    command = ["erase", "--user", user, "--yes"]  # in so small a shop the best customer is a fifteenth of all lines
    result = CliRunner().invoke(app, [*command, "--config", str(paths.home / "growth.yaml")])
    assert result.exit_code == 0, result.output
    assert "0 still contain it" in result.output
    return paths, user, devices, n_events


def test_no_file_holds_the_person_or_their_devices(erased: tuple[HomePaths, str, list[str], int]) -> None:
    paths, user, devices, _ = erased
    assert holders(paths.home, user, *devices) == []


def test_the_version_stays_readable_and_complete_but_for_the_person(
    erased: tuple[HomePaths, str, list[str], int], before: HomePaths
) -> None:
    paths, user, devices, _ = erased
    ids = ", ".join(f"'{given}'" for given in devices)
    # Lines of others that name the person (a link somebody shared) are among what went.
    named = f"page_url like '%{user}%' or properties like '%{user}%' or referrer like '%{user}%'"
    theirs = f"{named} or person_id = '{user}' or user_id = '{user}' or (user_id is null and anonymous_id in ({ids}))"
    for table, rule in (
        ("marts.fct_events", theirs),
        ("marts.fct_sessions", f"person_id = '{user}'"),
        ("marts.dim_users", f"person_id = '{user}'"),
        ("marts.user_activity", "false"),
    ):
        query = f"select count(*), bit_xor(hash(t)) from {table} as t"
        assert ask(paths, query) == ask(before, f"{query} where not coalesce({rule}, false)"), table
    undescribed = "select count(*) from duckdb_columns() where schema_name = 'marts' and comment is null"
    assert ask(paths, undescribed) == ask(before, undescribed)


def test_the_night_after_it_balances_reads_nothing_again_and_counts_the_erased(
    erased: tuple[HomePaths, str, list[str], int], before: HomePaths
) -> None:
    paths, user, devices, n_events = erased
    messages: list[str] = []
    run_night(paths.home / "growth.yaml", load_settings(paths.home / "growth.yaml"), say=messages.append)
    rows = ask(
        paths, "select is_balanced, n_erased, n_lines from ops.reconciliation order by as_of_date, n_erased nulls first"
    )
    assert all(is_balanced for is_balanced, _, _ in rows)
    assert rows[-1][1] >= n_events
    assert rows[-1][1] + rows[-1][2] == n_raw_lines(before) > 1000
    assert ask(paths, f"select count(*) from marts.fct_events where person_id = '{user}'") == [(0,)]
    assert not any("new content" in line or "damaged" in line for line in messages)
    assert holders(paths.home, user, *devices) == []


def test_nobody_to_erase_is_a_mistake_of_the_caller(before: HomePaths) -> None:
    config = str(before.home / "growth.yaml")
    for options in ([], ["--user", "a", "--anonymous", "b"], ["--user", " "]):
        assert CliRunner().invoke(app, ["erase", *options, "--config", config]).exit_code == 2
