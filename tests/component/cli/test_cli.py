"""What the command says, and its exit codes, before any night runs."""

from __future__ import annotations

import ast
import gzip
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.home.paths import PROJECT_ROOT
from pipeline.settings import Settings, load_settings

runner = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in ("GROWTH_CONFIG", "GROWTH_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_init_writes_a_config_that_validates_and_never_overwrites(elsewhere: Path) -> None:
    assert runner.invoke(app, ["init", "site"]).exit_code == 0
    config = elsewhere / "site" / "growth.yaml"
    assert load_settings(config, None).home == config.parent
    config.write_text("mine", encoding="utf-8")
    again = runner.invoke(app, ["init", "site"])
    assert again.exit_code == 2
    assert "exists" in again.output
    assert config.read_text(encoding="utf-8") == "mine"


def commands_told(output: str) -> list[list[str]]:
    """The commands between backticks as a shell would split them."""
    return [shlex.split(command)[1:] for command in re.findall("`(growthhouse [^`]+)`", output)]


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Path]]:
    """Instead of nights: the config and the home of each one asked for."""
    asked: list[tuple[Path, Path]] = []

    def run_night(config: Path, settings: Settings, **options: object) -> str:
        asked.append((config, settings.home))
        return "published"

    monkeypatch.setattr("pipeline.cli.night.run_night", run_night)
    return asked


@pytest.mark.parametrize(
    ("given", "config", "home"),
    [
        ([], "growth.yaml", "."),
        (["."], "growth.yaml", "."),
        (["my site"], "my site/growth.yaml", "my site"),
        (["--config", "etc/shop.yaml"], "etc/shop.yaml", "etc"),
        (["site", "--home", "its state"], "site/growth.yaml", "its state"),
        (["--home", "state"], "growth.yaml", "state"),
    ],
)
def test_what_init_says_to_do_next_can_be_pasted(
    given: list[str], config: str, home: str, elsewhere: Path, night: list[tuple[Path, Path]]
) -> None:
    simulate, run = commands_told(runner.invoke(app, ["init", *given]).output)
    assert runner.invoke(app, [*simulate, "--users", "5", "--days", "3"]).exit_code == 0
    assert (elsewhere / home / "data" / "raw").is_dir()
    assert runner.invoke(app, run).exit_code == 0
    assert night == [((elsewhere / config).resolve(), (elsewhere / home).resolve())]


def test_init_beside_another_config_in_the_environment_says_which_one_is_meant(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROWTH_CONFIG", "other/growth.yaml")
    commands = commands_told(runner.invoke(app, ["init", "."]).output)
    assert [command[1:] for command in commands] == [["--config", "growth.yaml"]] * 2


@pytest.mark.parametrize("given", [[], ["--config", "my site/growth.yaml"], ["--home", "state"]])
def test_from_nothing_each_error_says_the_command_that_leads_on(
    given: list[str], night: list[tuple[Path, Path]]
) -> None:
    """No warehouse: run. No config: init. Then it runs."""
    (run,) = commands_told(runner.invoke(app, ["sql", "select 1", *given]).output)
    (init,) = commands_told(runner.invoke(app, run).output)
    assert runner.invoke(app, init).exit_code == 0
    assert runner.invoke(app, run).exit_code == 0
    assert len(night) == 1


def test_a_query_of_a_home_leads_to_the_config_in_it(elsewhere: Path, night: list[tuple[Path, Path]]) -> None:
    runner.invoke(app, ["init", "site"])
    (run,) = commands_told(runner.invoke(app, ["sql", "select 1", "--home", "site"]).output)
    assert runner.invoke(app, run).exit_code == 0
    assert night == [(elsewhere / "site" / "growth.yaml", elsewhere / "site")]


def test_run_with_a_wrong_key_names_it_with_its_line(elsewhere: Path) -> None:
    (elsewhere / "growth.yaml").write_text(
        "site: {timezone: UTC, currency: EUR}\nsources: [{name: shop, format: tracker, path: 'x/*.jsonl'}]\n"
        "clening: {max_rejected_rate: 0.1}\n",
        encoding="utf-8",
    )
    result = runner.invoke(app, ["run"])
    assert result.exit_code == 2
    assert "clening" in result.output
    assert "line 3" in result.output
    assert "cleaning" in result.output


def test_sql_before_the_first_night_says_what_to_do(elsewhere: Path) -> None:
    runner.invoke(app, ["init", "."])
    result = runner.invoke(app, ["sql", "select 1"])
    assert result.exit_code == 2
    assert "growthhouse run" in result.output


def test_doctor_tells_what_is_missing_and_tidies_unfinished_versions(elsewhere: Path) -> None:
    assert runner.invoke(app, ["doctor"]).exit_code == 2
    runner.invoke(app, ["init", "."])
    leftover = elsewhere / "data" / "versions" / ".unfinished-1.duckdb"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert "nothing published yet" in result.output
    assert "0 files match" in result.output
    assert not leftover.exists()


def test_simulate_refuses_to_mix_two_shops(elsewhere: Path) -> None:
    runner.invoke(app, ["init", "."])
    assert runner.invoke(app, ["simulate", "--users", "5", "--days", "3"]).exit_code == 0
    again = runner.invoke(app, ["simulate", "--users", "5", "--days", "3", "--seed", "8"])
    assert again.exit_code == 2
    assert "data/raw" in again.output


@pytest.mark.parametrize(("config", "currency"), [(None, "USD"), ("currency: EUR", "EUR")], ids=["no config", "EUR"])
def test_the_simulated_shop_sells_in_the_currency_of_the_site(
    elsewhere: Path, config: str | None, currency: str
) -> None:
    if config:
        assert runner.invoke(app, ["init", "."]).exit_code == 0
        text = Path("growth.yaml").read_text(encoding="utf-8")
        Path("growth.yaml").write_text(text.replace("currency: USD", config), encoding="utf-8")
    assert runner.invoke(app, ["simulate", "--users", "40", "--days", "3"]).exit_code == 0
    logs = "".join(
        gzip.decompress(file.read_bytes()).decode(errors="replace")
        for file in elsewhere.glob("data/raw/shop/*.jsonl.gz")
    )
    assert set(re.findall('"currency":"([A-Z]{3})"', logs)) == {currency}


def test_the_version_is_the_one_of_the_package() -> None:
    pyproject = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"growthhouse {pyproject['project']['version']}\n")


def test_help_lists_each_command_with_one_line() -> None:
    lines = [line for line in runner.invoke(app, ["--help"], env={"COLUMNS": "120"}).output.splitlines() if "│" in line]
    commands = [line for line in lines if re.match(r"│ [a-z]", line)]
    assert len(commands) == 14
    assert lines[-14:] == commands


@pytest.mark.parametrize(
    "given", [["--version"], ["--help"], ["sql", "--help"], ["run", "--help"], ["erase", "--help"]]
)
def test_what_only_prints_imports_nothing_heavy(given: list[str]) -> None:
    code = (
        "import sys\nfrom pipeline.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nfinally:\n"
        "    print({name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=True)
    heavy = {"dagster", "dbt", "duckdb", "numpy", "pandas", "sklearn", "great_expectations", "matplotlib"}
    assert done.stdout
    assert heavy.isdisjoint(ast.literal_eval(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "given",
    [
        ["simulate", "--users", "5", "--days", "3"],
        ["sql", "select 1"],
        ["report"],
        ["models", "list"],
        ["erase", "--user", "u1"],
        ["doctor"],
        ["backfill", "--from", "2026-01-01", "--to", "2026-01-02"],
    ],
)
def test_only_the_command_that_runs_a_night_imports_dagster(given: list[str], elsewhere: Path) -> None:
    runner.invoke(app, ["init", "."])
    code = (
        "import sys\nfrom pipeline.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nfinally:\n    print('dagster' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "False", done.stderr
