"""What the command says, and its exit codes, before any night runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import load_settings

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


def test_run_without_a_config_says_how_to_get_one() -> None:
    result = runner.invoke(app, ["run"])
    assert result.exit_code == 2
    assert "growthhouse init" in result.output


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
