"""Exports: no cell that a spreadsheet runs, no half-written file, none replaced unasked, no name that becomes SQL."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.paths import HomePaths
from pipeline.publish import export as module
from pipeline.publish.export import ExportError, export

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1dcmd|' /C calc'!A1", '="a",b;c']
HARMLESS = ["plain", "a=b", "mail@shop.example", "", "2026-01-05", 'it\'s, "quoted"; and\nso on']


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    """A published file of one table with every kind of column that matters here."""
    found = HomePaths(tmp_path / "home")
    found.versions.mkdir(parents=True)
    version = found.versions / "warehouse-20260101T000000000000Z.duckdb"
    with duckdb.connect(str(version)) as con:
        con.execute("create schema marts; create schema ml")
        con.execute(
            'create table marts.fct_events (n bigint, event_name varchar, "=price" double, seen_at timestamp, '
            "is_bot boolean, tags varchar[], kind enum ('-a', 'b'))"
        )
        for number, text in enumerate([*FORMULAS, *HARMLESS, None]):
            con.execute(
                "insert into marts.fct_events values (?, ?, ?, '2026-01-05 10:00:00', true, ['=1'], '-a')",
                [-number, text, -1.5],
            )
        con.execute("create table marts.metrics (i int); create table ml.metrics (i int)")
    found.warehouse.symlink_to(version)
    return found


def rows(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as handle:
        return list(csv.reader(handle))


def test_no_cell_of_a_csv_begins_like_a_formula_and_numbers_stay_numbers(paths: HomePaths, tmp_path: Path) -> None:
    n_rows = len(FORMULAS) + len(HARMLESS) + 1
    assert export(paths, "marts.fct_events", tmp_path / "out.csv") == n_rows
    head, *body = rows(tmp_path / "out.csv")
    assert head == ["n", "event_name", "'=price", "seen_at", "is_bot", "tags", "kind"]
    assert [row[1] for row in body] == [*("'" + text for text in FORMULAS), *HARMLESS, ""]
    assert [row[0] for row in body] == [str(-number) for number in range(n_rows)]
    assert {tuple(row[2:]) for row in body} == {("-1.5", "2026-01-05 10:00:00", "true", '["=1"]', "'-a")}


def test_text_is_quoted_so_that_no_other_separator_opens_a_cell(paths: HomePaths, tmp_path: Path) -> None:
    export(paths, "marts.fct_events", tmp_path / "out.csv")
    assert '"\'=""a"",b;c"' in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_null_and_empty_text_are_told_apart(paths: HomePaths, tmp_path: Path) -> None:
    export(paths, "marts.fct_events", tmp_path / "out.csv")
    found = duckdb.execute(
        "select event_name is null, event_name = '' from read_csv(?, all_varchar = true, allow_quoted_nulls = false) "
        "where event_name is null or event_name = '' order by 1",
        [str(tmp_path / "out.csv")],
    )
    assert found.fetchall() == [(False, True), (True, None)]


def test_parquet_and_json_lines_keep_every_value(paths: HomePaths, tmp_path: Path) -> None:
    for name in ("out.parquet", "out.jsonl"):
        export(paths, "fct_events", tmp_path / name)
    texts = [*FORMULAS, *HARMLESS, None]
    stored = duckdb.execute("select event_name, tags from read_parquet(?)", [str(tmp_path / "out.parquet")]).fetchall()
    assert stored == [(text, ["=1"]) for text in texts]
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["event_name"] for line in lines] == texts
    assert lines[0]["=price"] == -1.5


def test_a_file_is_not_replaced_unasked(paths: HomePaths, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("mine")
    with pytest.raises(ExportError, match="--force"):
        export(paths, "marts.fct_events", target)
    assert target.read_text() == "mine"
    export(paths, "marts.fct_events", target, force=True)
    assert target.read_text().startswith("n,")


def test_a_file_that_came_meanwhile_is_not_replaced_either(
    paths: HomePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.csv"
    monkeypatch.setattr(module.os, "fsync", lambda _: target.write_text("theirs"))
    with pytest.raises(ExportError, match="--force"):
        export(paths, "marts.fct_events", target)
    assert target.read_text() == "theirs"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_a_failed_export_leaves_nothing_and_keeps_the_old_file(
    paths: HomePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    monkeypatch.setattr(module, "_copy", lambda *_: ("select error('broken')", "format csv"))
    with pytest.raises(ExportError, match="broken"):
        export(paths, "marts.fct_events", target, force=True)
    assert target.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["home", "out.csv"]


def test_what_was_exported_where_is_remembered_for_an_erasure(paths: HomePaths, tmp_path: Path) -> None:
    export(paths, "fct_events", tmp_path / "one.csv")
    export(paths, "fct_events", tmp_path / "two.jsonl")
    noted = [json.loads(line) for line in paths.exports.read_text(encoding="utf-8").splitlines()]
    assert [(line["table"], line["file"]) for line in noted] == [
        ("marts.fct_events", str(tmp_path / "one.csv")),
        ("marts.fct_events", str(tmp_path / "two.jsonl")),
    ]


def test_only_the_owner_can_read_an_export(paths: HomePaths, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        export(paths, "marts.fct_events", tmp_path / "out.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "table",
    ["marts.fct_events; drop table x", "marts.fct_events union select 1", '"marts"."fct_events"', "read_csv('x')", ""],
)
def test_a_table_is_a_name_and_never_sql(paths: HomePaths, tmp_path: Path, table: str) -> None:
    with pytest.raises(ExportError, match="no published table"):
        export(paths, table, tmp_path / "out.csv")


def test_an_unknown_table_lists_its_neighbours_and_an_ambiguous_one_its_meanings(
    paths: HomePaths, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=r"did you mean marts\.fct_events"):
        export(paths, "marts.fct_event", tmp_path / "out.csv")
    with pytest.raises(ExportError, match=r"several tables: marts\.metrics, ml\.metrics"):
        export(paths, "metrics", tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("out.xlsx", "expected one of .csv, .parquet, .jsonl"),
        ("absent/out.csv", "there is no folder"),
        ("home/data/raw/../versions/out.csv", "belongs to growthhouse"),
        ("link/out.parquet", "belongs to growthhouse"),
        ("folder.csv", "is a folder"),
    ],
)
def test_a_place_that_will_not_do_is_named(paths: HomePaths, tmp_path: Path, target: str, words: str) -> None:
    (tmp_path / "link").symlink_to(paths.data)
    (tmp_path / "folder.csv").mkdir()
    (paths.data / "raw").mkdir()
    with pytest.raises(ExportError, match=words):
        export(paths, "marts.fct_events", tmp_path / target)


def test_the_name_of_a_file_is_no_sql_either(paths: HomePaths, tmp_path: Path) -> None:
    target = tmp_path / "it's '); drop.csv"
    export(paths, "marts.fct_events", target)
    assert len(rows(target)) > 1


def test_the_command_says_what_it_wrote_and_where_it_cannot(paths: HomePaths, tmp_path: Path) -> None:
    arguments = ["export", "marts.fct_events", "--home", str(paths.home), "--to", str(tmp_path / "out.csv")]
    first, second = (CliRunner().invoke(app, arguments) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 2)
    assert "17 rows of marts.fct_events" in first.output
    assert "--force" in second.output
