"""Dagster's records in PostgreSQL, as docs/operations.md says it: a killed night and a whole one, and nothing in
SQLite.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.home.paths import PROJECT_ROOT, HomePaths
from pipeline.orchestration.instance import DAGSTER_YAML
from pipeline.settings import default_config_text
from pipeline.simulate import simulate

sys.path.append(str(Path(__file__).parent))
from server import DATABASE, USER, Server, programs, running

PASSWORD_VARIABLE = "GROWTH_PG_PASSWORD"


def documented_storage() -> str:
    """The snippet of the documentation."""
    text = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```yaml\n(storage:\n.*?)```", text, re.DOTALL)
    return str(snippet)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed here and could not be installed: apt-get install postgresql")
    pytest.importorskip("dagster_postgres", reason="requirements/postgres.txt is not installed")
    with running(found) as server:
        yield server


@pytest.fixture(scope="module")
def home(server: Server, tmp_path_factory: pytest.TempPathFactory) -> HomePaths:
    """A small shop whose Dagster writes to the server."""
    paths = HomePaths(tmp_path_factory.mktemp("postgres_home"))
    (paths.home / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
    simulate(paths.home, users=80, days=20, seed=5)
    paths.dagster.mkdir(parents=True)
    storage = documented_storage()
    for theirs, ours in (
        ("db.internal", "127.0.0.1"),
        ("5432", str(server.port)),
        ("db_name: dagster", f"db_name: {DATABASE}"),
        ("username: growthhouse", f"username: {USER}"),
    ):
        assert theirs in storage
        storage = storage.replace(theirs, ours)
    (paths.dagster / "dagster.yaml").write_text(DAGSTER_YAML + storage, encoding="utf-8")
    return paths


def start_night(home: HomePaths, server: Server) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        PASSWORD_VARIABLE: server.password,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROJECT_ROOT), os.environ.get("PYTHONPATH")))),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "run", "--config", str(home.home / "growth.yaml")],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.fixture(scope="module")
def nights(home: HomePaths, server: Server) -> str:
    """One night killed while it builds the sessions, then a whole one; what the second one printed."""
    first = start_night(home, server)
    assert first.stdout is not None
    output = []
    for line in first.stdout:
        output.append(line)
        if "dbt_sessions" in line:
            break
    else:
        pytest.fail("".join(output[-30:]))
    first.send_signal(signal.SIGKILL)
    assert first.wait(60) == -signal.SIGKILL
    assert server.rows("select status from runs") == [("STARTED",)]
    second = start_night(home, server)
    output, _ = second.communicate(timeout=300)
    assert second.returncode == 0, output[-3000:]
    return output


def test_runs_and_events_are_in_postgres_and_the_killed_run_is_ended(nights: str, server: Server) -> None:
    assert server.rows("select status from runs order by create_timestamp") == [("FAILURE",), ("SUCCESS",)]
    ((n_runs, n_events),) = server.rows("select count(distinct run_id), count(*) from event_logs")
    assert n_runs == 2
    assert n_events > 300
    ((n_assets,),) = server.rows("select count(*) from asset_keys")
    assert n_assets > 30


def test_nothing_is_in_sqlite_and_the_configuration_is_as_it_was_written(nights: str, home: HomePaths) -> None:
    assert [str(file) for file in home.dagster.rglob("*.db*")] == []
    assert (home.dagster / "dagster.yaml").read_text(encoding="utf-8").startswith(DAGSTER_YAML)


def test_the_password_is_in_no_file_and_was_not_printed(nights: str, home: HomePaths, server: Server) -> None:
    wanted = server.password.encode()
    assert server.password not in nights
    assert [file for file in home.home.rglob("*") if file.is_file() and wanted in file.read_bytes()] == []
    ((n_events,),) = server.rows(f"select count(*) from event_logs where event like '%{server.password}%'")
    assert n_events == 0


def test_the_history_of_runs_comes_from_postgres_too(nights: str, home: HomePaths) -> None:
    with duckdb.connect(str(home.warehouse.resolve()), read_only=True) as con:
        statuses = con.execute("select status from ops.runs order by started_at").fetchall()
    assert statuses == [("killed",), ("published",)]
