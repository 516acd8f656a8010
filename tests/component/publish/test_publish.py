"""Publishing: what readers see before, during and after, and when it goes wrong."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipeline.home.paths import HomePaths
from pipeline.publish import version as publishing
from pipeline.publish.analyst import connect
from pipeline.publish.version import KEPT_VERSIONS, PublishError, publish

AS_OF = date(2026, 1, 31)
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    _build(paths, n_events=3)
    return paths


def _build(paths: HomePaths, n_events: int) -> None:
    paths.build_db.unlink(missing_ok=True)
    with duckdb.connect(str(paths.build_db)) as con:
        for schema in ("marts", "intermediate"):
            con.execute(f"create schema {schema}")
        con.execute(f"create table marts.fct_events as select range as event_id from range({n_events})")
        con.execute("comment on table marts.fct_events is 'Grain: event. It''s described.'")
        con.execute("comment on column marts.fct_events.event_id is 'Key; \"unique\".'")
        con.execute("create table intermediate.int_events as select 1 as secret")


def _ask(paths: HomePaths, query: str) -> list[tuple]:  # type: ignore[type-arg]
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def test_only_public_schemas_are_published_with_their_comments(paths: HomePaths) -> None:
    publish(paths, as_of=AS_OF, run_id="r1", now=NOON)
    assert _ask(paths, "select count(*) from marts.fct_events") == [(3,)]
    assert _ask(paths, "select distinct schema_name from duckdb_tables() order by 1") == [("marts",), ("ops",)]
    comment = _ask(paths, "select comment from duckdb_tables() where table_name = 'fct_events'")
    assert comment == [("Grain: event. It's described.",)]
    columns = _ask(paths, "select column_name, comment from duckdb_columns() where table_name = 'fct_events'")
    assert columns == [("event_id", 'Key; "unique".')]


def test_every_version_is_recorded_and_the_last_ones_are_kept(paths: HomePaths) -> None:
    for night in range(KEPT_VERSIONS + 2):
        publish(paths, as_of=AS_OF + timedelta(days=night), run_id=f"r{night}", now=NOON + timedelta(days=night))
    assert len(list(paths.versions.glob("*.duckdb"))) == len(list(paths.versions.glob("*.sha256"))) == KEPT_VERSIONS
    recorded = _ask(paths, "select run_id, n_events from ops.published_versions order by version")
    assert recorded == [(f"r{night}", 3) for night in range(KEPT_VERSIONS + 2)]


def test_the_version_just_published_is_never_pruned(paths: HomePaths) -> None:
    _build(paths, 3)
    published = publish(paths, as_of=date(2026, 1, 31), run_id="r", kept_versions=0)
    assert published.path.exists()
    assert _ask(paths, "select count(*) from marts.fct_events") == [(3,)]


def test_a_reader_keeps_the_version_it_opened(paths: HomePaths) -> None:
    publish(paths, as_of=AS_OF, run_id="r1", now=NOON)
    reader = duckdb.connect(str(paths.warehouse.resolve()), read_only=True)
    _build(paths, n_events=5)
    publish(paths, as_of=AS_OF, run_id="r2", now=NOON + timedelta(days=1))
    assert reader.execute("select count(*) from marts.fct_events").fetchone() == (3,)
    assert _ask(paths, "select count(*) from marts.fct_events") == [(5,)]
    reader.close()


def test_a_copy_that_lost_rows_is_not_published(paths: HomePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publish(paths, as_of=AS_OF, run_id="r1", now=NOON).path
    copy = publishing._copy
    monkeypatch.setattr(
        publishing,
        "_copy",
        lambda *a, **how: {table: n + (table == "marts.fct_events") for table, n in copy(*a, **how).items()},
    )
    with pytest.raises(PublishError, match=r"marts\.fct_events.* 4 rows.* 3"):
        publish(paths, as_of=AS_OF, run_id="r2", now=NOON + timedelta(days=1))
    assert paths.warehouse.resolve() == before
    assert [file.name for file in paths.versions.glob("*.duckdb")] == [before.name]


def test_a_crash_before_the_switch_leaves_the_old_version(paths: HomePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publish(paths, as_of=AS_OF, run_id="r1", now=NOON).path

    def no_space(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        publish(paths, as_of=AS_OF, run_id="r2", now=NOON + timedelta(days=1))
    assert paths.warehouse.resolve() == before
    assert not list(paths.versions.glob(".unfinished*"))


def test_the_link_always_opens_while_versions_change(paths: HomePaths) -> None:
    publish(paths, as_of=AS_OF, run_id="r0", now=NOON)
    seen: list[int] = []
    faults: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.append(_ask(paths, "select count(*) from marts.fct_events")[0][0])
            except Exception as error:
                faults.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for night in range(1, KEPT_VERSIONS):
        _build(paths, n_events=3 + night)
        publish(paths, as_of=AS_OF, run_id=f"r{night}", now=NOON + timedelta(days=night))
    done.set()
    reader.join()
    assert not faults
    assert seen == sorted(seen)


def test_analysts_read_but_cannot_leave_the_file(paths: HomePaths, tmp_path: Path) -> None:
    publish(paths, as_of=AS_OF, run_id="r1", now=NOON)
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    with connect(paths) as con:
        assert con.execute("select count(*) from marts.fct_events").fetchone() == (3,)
        for query in (
            "create table marts.x (i int)",
            "delete from marts.fct_events",
            f"from read_csv('{tmp_path}/secret.csv')",
            f"copy (select 1) to '{tmp_path}/leak.csv'",
            f"attach '{paths.build_db}' as build",
            "set enable_external_access = true",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(query)
    assert not (tmp_path / "leak.csv").exists()


def _events(paths: HomePaths, rows: str, changed: str) -> None:
    """A build whose events are `rows`; `changed` are the persons of the night with the time from which on."""
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute(
            f"""create or replace table marts.fct_events as select *, 'f' as file_id, content_hash as line_number
            from (values {rows}) as t(person_id, event_at, event_number, content_hash, is_bot, session_id);
            create or replace table intermediate.int_changed as
            from (values {changed}) as c(person_id, changed_from_at)"""
        )


FIRST = """('a', timestamp '2026-01-01', 1, 11, false, 's1'), ('a', timestamp '2026-01-02', 2, 12, false, 's2'),
    ('b', timestamp '2026-01-01', 1, 13, false, 's3'),
    (null, timestamp '2026-01-01', null, 21, false, null), (null, timestamp '2026-01-01', null, 22, true, null)"""
# a: the second event is another one now; b moved away; c came; of nobody's two one was taken out, and another came
LATER = """('a', timestamp '2026-01-01', 1, 11, false, 's1'), ('a', timestamp '2026-01-03', 2, 14, false, 's4'),
    ('c', timestamp '2026-01-01', 1, 13, false, 's5'),
    (null, timestamp '2026-01-01', null, 22, true, null), (null, timestamp '2025-12-31', null, 23, false, null)"""
CHANGED = "('a', timestamp '2026-01-02'), ('b', timestamp '1970-01-01'), ('c', timestamp '1970-01-01')"


@pytest.mark.parametrize("changed", [CHANGED, "('a', timestamp '2026-01-02')"], ids=["all told", "one forgotten"])
def test_a_version_made_of_the_one_before_is_the_build(paths: HomePaths, changed: str) -> None:
    """Where the list of changes is wrong, the copy differs from the build and everything is copied after all."""
    _events(paths, FIRST, CHANGED)
    base = publish(paths, as_of=AS_OF, run_id="r1", now=NOON)
    _events(paths, LATER, changed)
    publish(paths, as_of=AS_OF, run_id="r2", now=NOON + timedelta(days=1), base_version=base.version)
    found = _ask(paths, "select person_id, content_hash from marts.fct_events order by all")
    assert found == [("a", 11), ("a", 14), ("c", 13), (None, 22), (None, 23)]
    assert _ask(paths, "select run_id from ops.published_versions order by version") == [("r1",), ("r2",)]
    assert _ask(paths, "select distinct schema_name from duckdb_tables() order by 1") == [("marts",), ("ops",)]
