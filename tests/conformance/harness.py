"""Tiny logs and what to ask of them: many cases in one build, and compiled SQL on rows that a test makes up.

Belongs here: getting a case's rows through the same ingest and SQL as a night's. Not here: cases, expected answers,
and the plain Python reading of the definitions (`reference/`). Cases of one build keep apart by their persons,
`case/person`; a funnel or another rule of a case is kept apart by its name and its event names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
import yaml
from builds import Nights

from pipeline.build.dbt_session import parsed_runner, release_database
from pipeline.home.paths import DBT_PROJECT

Line = dict[str, Any]


def line(person: str, event: str, at: str, **more: Any) -> Line:
    """A tracker line of a known user, or of nobody with `user=None`; `at` is ISO, in UTC without an offset."""
    user = more.pop("user", person)
    return {"event": event, "timestamp": at, **({"userId": user} if user else {}), **more}


def build(
    folder: Path, lines: Iterable[Line], config: Mapping[str, Any], models: Sequence[str], as_of: date | None = None
) -> duckdb.DuckDBPyConnection:
    """Ingest the lines and build the models and what they hang on (all gates aside); a connection to the build
    database.

    `config` is growth.yaml without its sources; lines with `"source": name` go to that source, the others to `web`.
    """
    files: dict[str, list[Line]] = {}
    for one in lines:
        files.setdefault(one.get("source", "web"), []).append({k: v for k, v in one.items() if k != "source"})
    sources = [
        {
            "name": name,
            "format": "tracker",
            "path": f"{{home}}/data/raw/{name}/*.jsonl",
            **_source_options(config, name),
        }
        for name in files
    ]
    text = yaml.safe_dump({"site": {"timezone": "UTC", "currency": "EUR"}, **config, "sources": sources})
    nights = Nights(folder, text)
    texts = {f"{name}/log.jsonl": "".join(json.dumps(one) + "\n" for one in held) for name, held in files.items()}
    nights.night(texts, models=[f"+{model}" for model in models], as_of=as_of)
    return duckdb.connect(str(nights.paths.build_db), read_only=True)


def _source_options(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    return dict(next((source for source in config.get("sources", ()) if source["name"] == name), {}))


def compiled(models: Sequence[str], variables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Tables (`marts.x`) and their SQL as a full build would run it, in the order given.

    `variables` are dbt's (see `pipeline.build.variables.dbt_variables`); only what these models read has to be there.
    """
    with TemporaryDirectory() as target:
        arguments = [
            "compile",
            "--project-dir",
            str(DBT_PROJECT),
            "--profiles-dir",
            str(DBT_PROJECT),
            "--target-path",
            target,
            "--log-path",
            target,
            "--select",
            *models,
            "--vars",
            json.dumps({"is_full": True, **variables}),
            "--no-introspect",
            "--no-write-json",
            "--no-partial-parse",
            "--log-level",
            "none",
            "--full-refresh",
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GROWTH_BUILD_DB", f"{target}/growth.duckdb")
            outcome = parsed_runner().invoke(arguments)
        release_database()
    assert outcome.success, outcome.exception or [row.message for row in outcome.result.results]
    nodes = {row.node.name: row.node for row in outcome.result.results}
    return [(f"{nodes[name].schema}.{name}", nodes[name].compiled_code) for name in models]


_SERVER = duckdb.connect(config={"threads": 1})
_HANDED_OUT: list[duckdb.DuckDBPyConnection] = []


def run_compiled(
    steps: Sequence[tuple[str, str]], given: Mapping[str, tuple[str, Sequence[Sequence[Any]]]]
) -> duckdb.DuckDBPyConnection:
    """A connection in memory where `given` (table -> columns as DDL, rows) stand and each step made its table.

    It is valid until the next call: an instance of DuckDB takes longer to start than most cases take to run, so all
    share one, and each gets an empty database in it.
    """
    while _HANDED_OUT:
        _HANDED_OUT.pop().close()
    _SERVER.execute("detach database if exists growth; attach ':memory:' as growth")
    con = _SERVER.cursor()
    _HANDED_OUT.append(con)
    con.execute("use growth; set timezone = 'UTC'")
    for schema in ("staging", "intermediate", "marts", "ml", "activation"):
        con.execute(f"create schema {schema}")
    for table, (columns, rows) in given.items():
        con.execute(f"create table {table} ({columns})")
        if rows:
            marks = ", ".join(["?"] * len(rows[0]))
            values = ", ".join([f"({marks})"] * len(rows))
            con.execute(f"insert into {table} values {values}", [value for row in rows for value in row])
    for table, sql in steps:
        con.execute(f"create table {table} as {sql}")
    return con
