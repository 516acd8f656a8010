"""The walls of docs/security.md: what the code may import, what may reach a query, who can look in, where the UI
listens.
"""

from __future__ import annotations

import ast
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.paths import PROJECT_ROOT, HomePaths
from pipeline.home.permissions import make_private, privacy
from pipeline.orchestration.assets.ingest import NightConfig
from pipeline.orchestration.instance import prepare_instance
from pipeline.publish.analyst import connect

PACKAGES = ("pipeline", "models", "expectations", "collector")
# Reading any of these formats runs what the file says.
PICKLING = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle"}
RISKY_CALLS = {"read_pickle", "to_pickle", "eval", "exec", "unsafe_load", "full_load", "system", "popen", "__import__"}


def modules() -> list[Path]:
    return [file for package in PACKAGES for file in sorted((PROJECT_ROOT / package).rglob("*.py"))]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute) and not _is_eval_of_a_frame(node.func):
                yield node.func.attr
            yield from ("shell=True" for word in node.keywords if word.arg == "shell")


def _is_eval_of_a_frame(function: ast.Attribute) -> bool:
    return function.attr in ("eval", "exec") and not isinstance(function.value, ast.Name)


def test_there_is_code_to_look_at() -> None:
    assert len(modules()) > 80


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PROJECT_ROOT)))
def test_no_module_reads_pickles_or_runs_text(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert set(imported(tree)) & PICKLING == set()
    assert set(called(tree)) & (RISKY_CALLS | {"shell=True"}) == set()


# -- dates become SQL: they are dates --


@pytest.mark.parametrize(
    "text", ["2026-01-01'; drop table x; --", "today", "2026-13-01", "2026-01-01 or 1=1", "../2026-01-01"]
)
def test_a_date_asked_for_is_a_date(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        NightConfig(as_of=text)
    (tmp_path / "growth.yaml").write_text("site: {}\nsources: [{name: shop, path: 'raw/*'}]\n")
    outcome = CliRunner().invoke(app, ["run", "--config", str(tmp_path / "growth.yaml"), "--as-of", text])
    assert outcome.exit_code == 2
    assert not (tmp_path / "data" / "build").exists()


# -- analysts --


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    found = HomePaths(tmp_path / "home")
    found.versions.mkdir(parents=True)
    version = found.versions / "warehouse-20260101T000000000000Z.duckdb"
    with duckdb.connect(str(version)) as con:
        con.execute("create schema marts; create table marts.users as select 'u1' as user_id")
    found.warehouse.symlink_to(version)
    return found


WAYS_OUT = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('{folder}/secret')",
    "select * from glob('/etc/*')",
    "from '{folder}/secret'",
    "copy marts.users to '{folder}/leak.csv'",
    "export database '{folder}/leak'",
    "attach '{folder}/leak.duckdb' as leak",
    "attach ':memory:' as leak",
    "install httpfs",
    "load httpfs",
    "load '{folder}/evil.duckdb_extension'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set allowed_directories = ['/']",
    "set temp_directory = '{folder}'",
    "pragma enable_profiling = 'json'",
    "set log_query_path = '{folder}/queries'",
    "select getenv('HOME')",
    "create secret leak (type s3)",
    "create table marts.mine (i int)",
    "delete from marts.users",
    "update marts.users set user_id = 'x'",
    "drop table marts.users",
]


@pytest.mark.parametrize("with_export", [False, True], ids=["sql", "export"])
@pytest.mark.parametrize("query", WAYS_OUT)
def test_an_analyst_cannot_leave_the_published_file(
    paths: HomePaths, tmp_path: Path, query: str, with_export: bool
) -> None:
    (tmp_path / "secret").write_text("s3cret")
    before = sorted(path.name for path in tmp_path.iterdir())
    with connect(paths, tmp_path / "allowed.csv" if with_export else None) as con:
        with pytest.raises(duckdb.Error):
            con.execute(query.replace("{folder}", str(tmp_path)))
        assert con.execute("select * from marts.users").fetchall() == [("u1",)]
    assert sorted(path.name for path in tmp_path.iterdir()) == before


# -- who can look in --


def test_new_state_is_for_its_owner_alone_and_chosen_rights_stay(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for number, make in enumerate((make_private, lambda paths: prepare_instance(paths.dagster))):
            paths = HomePaths(tmp_path / str(number))
            make(paths)
            assert stat.S_IMODE(paths.data.stat().st_mode) == 0o700
            assert privacy(paths) is None
            paths.data.chmod(0o750)
            make(paths)
            assert stat.S_IMODE(paths.data.stat().st_mode) == 0o750
    finally:
        os.umask(before)


def test_doctor_names_a_folder_that_everybody_can_read(tmp_path: Path) -> None:
    (tmp_path / "growth.yaml").write_text("site: {}\nsources: [{name: shop, path: 'raw/*'}]\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    outcome = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "growth.yaml")])
    assert "can be read by every account" in outcome.output


# -- the UI --


def test_every_command_that_serves_the_ui_listens_on_this_machine_only() -> None:
    texts = [
        (PROJECT_ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "README.md", "docs/operations.md")
    ]
    commands = [line for text in texts for line in text.splitlines() if re.search(r"dagster(-webserver| dev) -w", line)]
    assert len(commands) >= 2
    assert [line for line in commands if "-h 127.0.0.1" not in line] == []
    assert "0.0.0.0" not in "".join(texts)


# -- the threat model names tests that exist --


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (PROJECT_ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)(?:::(\w+))?`", text))
    files = {file.stem: file for file in (PROJECT_ROOT / "tests").rglob("test_*.py")}
    assert len(named) >= 20
    for file, test in named:
        source = files[file].read_text(encoding="utf-8")
        assert not test or f"def {test}(" in source, (file, test)
