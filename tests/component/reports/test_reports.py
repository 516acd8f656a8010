"""Reports as files and commands: which is the latest, what is pruned, how a night ends whose report fails, odd names
in pictures.
"""

from __future__ import annotations

import base64
import re
import shlex
import xml.etree.ElementTree as ElementTree
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from tiny_nights import WAREHOUSE, night, run
from typer.testing import CliRunner

from models.propensity import Decision, Registry, write_registry
from pipeline.cli.app import app
from pipeline.cli.night import NightError, run_night
from pipeline.home.paths import HomePaths
from pipeline.home.versions import report_of
from pipeline.operate.alerts import Alert
from pipeline.operate.causes import Cause
from pipeline.operate.clean_up import clean_up
from pipeline.orchestration.assets.report import AGAIN, REPORT
from pipeline.orchestration.failures import explain
from pipeline.orchestration.run_history import record_runs
from pipeline.publish.version import publish
from pipeline.reports import ReportError, latest_report, learned, plots, write_report
from pipeline.reports.svg import svg
from pipeline.settings import default_config_text, load_settings

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
HOSTILE = "</svg><script>alert('$x$')</script>&\"$\\frac{$"


@pytest.fixture
def paths(tmp_path: Path) -> HomePaths:
    paths = HomePaths(tmp_path)
    paths.build_db.parent.mkdir(parents=True)
    with duckdb.connect(str(paths.build_db)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.fct_events as select 1 as event_id")
    return paths


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GROWTH_CONFIG", "GROWTH_HOME"):
        monkeypatch.delenv(variable, raising=False)


def published(paths: HomePaths, nights_later: int = 0, **options: Any) -> Path:
    """A version with a report, or at least a file of its name."""
    day = NOON + timedelta(days=nights_later)
    version = publish(paths, as_of=day.date(), run_id="r", now=day, **options).path
    report = report_of(paths, version)
    report.parent.mkdir(exist_ok=True)
    report.write_text("<!DOCTYPE html>", encoding="utf-8")
    return report


def run_report(paths: HomePaths, *options: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["report", "--home", str(paths.home), *options])
    return found.exit_code, found.stdout, found.stderr


def test_reports_go_with_their_versions(paths: HomePaths) -> None:
    reports = [published(paths, night, kept_versions=2) for night in range(4)]
    assert sorted(paths.reports.iterdir()) == reports[2:]
    assert published(paths, 40, max_version_days=10).exists()
    assert len(list(paths.reports.iterdir())) == 1


def test_a_half_written_report_is_cleared_away(paths: HomePaths) -> None:
    report = published(paths)
    (half := report.with_name(f".{report.name}.tmp")).write_text("<!DOC", encoding="utf-8")
    assert clean_up(paths) == [f"data/reports/{half.name}"]
    assert latest_report(paths) == report


def test_the_command_prints_the_report_of_the_published_version(paths: HomePaths) -> None:
    published(paths)
    latest = published(paths, 1)
    assert run_report(paths) == (0, f"{latest}\n", "")


def test_without_a_night_the_command_says_which_one_makes_a_report(
    paths: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(paths.home.parent)  # a growth.yaml in the folder where one works would be taken instead
    code, out, err = run_report(paths)
    assert (code, out) == (1, "")
    assert f"`growthhouse run --config {paths.home}/growth.yaml --home {paths.home}` writes one" in err


def test_without_a_report_of_its_own_the_version_is_not_built_again(paths: HomePaths) -> None:
    old, new = published(paths), published(paths, 1)
    new.unlink()
    code, out, err = run_report(paths)
    assert (code, out) == (0, f"{old}\n")
    assert "of another version than the published one" in err
    command = shlex.split(re.findall("`(.+)`", err)[0])
    assert command[:4] == ["growthhouse", "run", "--select", f'key:"{REPORT.to_user_string()}"']


@pytest.mark.parametrize("has_browser", [True, False])
def test_open_asks_a_browser_and_says_so_where_none_is(
    has_browser: bool, paths: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def opened(address: str) -> bool:
        asked.append(address)
        return has_browser

    monkeypatch.setattr("webbrowser.open", opened)
    report = published(paths)
    code, out, err = run_report(paths, "--open")
    assert (code, out, asked) == (0, f"{report}\n", [report.as_uri()])
    assert ("no browser" in err) is not has_browser


def test_before_the_first_night_there_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="growthhouse run"):
        write_report(HomePaths(tmp_path), currency="EUR")


def with_failing_report(fails: bool = True) -> list[Any]:
    @dg.asset(key=REPORT, deps=[WAREHOUSE])
    def report() -> None:
        if fails:
            raise dg.Failure(f"no room. `{AGAIN}`", allow_retries=False)

    return [*night(), report]


def test_a_night_without_its_report_is_published_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(with_failing_report(), instance=instance, raise_on_error=False)
        record_runs(instance, HomePaths(tmp_path))
    found = duckdb.execute("select status, failed_step from read_parquet(?)", [str(HomePaths(tmp_path).runs)])
    assert found.fetchall() == [("published", "published__report")]
    outcome = told_by_run_night(result, tmp_path, monkeypatch)
    assert outcome.startswith("the summary\n")
    assert "the report was not made; the published version is unaffected" in outcome and AGAIN in outcome


def test_a_run_of_the_report_alone_fails_without_blaming_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assets = with_failing_report()
        selection = [REPORT]
        result = dg.materialize(assets, instance=instance, raise_on_error=False, selection=selection)
        record_runs(instance, HomePaths(tmp_path))
    found = duckdb.execute("select status, failed_step from read_parquet(?)", [str(HomePaths(tmp_path).runs)])
    assert found.fetchall() == [("failed", "published__report")]
    with pytest.raises(NightError, match="the published version is unaffected") as error:
        told_by_run_night(result, tmp_path, monkeypatch)
    assert error.value.exit_code == 1


def told_by_run_night(result: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    config = home / "growth.yaml"
    config.write_text(default_config_text(), encoding="utf-8")
    monkeypatch.setattr("pipeline.cli.night._execute", lambda *given: result)
    monkeypatch.setattr("pipeline.cli.night.summary", lambda *given: "the summary")
    for variable in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(variable, "put back afterwards")
    return run_night(config, load_settings(config, home), say=lambda text: None)


def test_another_step_that_fails_is_no_missing_report() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = run(instance, night(gate_holds=False))
        events = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event]
    assert not explain(events).is_report
    assert "nothing was published" in explain(events).message


@pytest.mark.parametrize(
    ("step", "words"), [("published__report", "no report was made"), ("ingest", "the night failed")]
)
def test_an_alert_does_not_call_a_night_failed_that_published(step: str, words: str) -> None:
    cause = Cause("failed", step, "no room")
    alert = Alert("failure", "/srv/shop", "r", cause.status, cause.step, cause.message, "")
    assert alert.subject == f"growthhouse: {words} (shop)"


def test_a_champion_that_went_on_is_explained_by_the_latest_decision_for_it(tmp_path: Path) -> None:
    decisions = (
        Decision("old", None, "old", "old promoted", "2026-01-05", "a"),
        Decision("new", "old", "old", "new not promoted; old goes on", "2026-01-12", "b"),
        Decision("newest", "old", "newest", "newest promoted", "2026-01-19", "c"),
    )
    write_registry(tmp_path, Registry("newest", (), decisions))
    assert learned._why(tmp_path, "old", {"reason": "old promoted"}) == "new not promoted; old goes on"
    assert learned._why(tmp_path, "recency-rule-1", {"reason": "not trained"}) == "not trained"
    assert learned._why(tmp_path / "lost", "old", None) is None


@pytest.mark.parametrize(
    "draw",
    [
        lambda output: plots.curves([0, 1], {HOSTILE: [1.0, 0.5], "b": [1.0, 0.2]}, HOSTILE, "days", output),
        lambda output: plots.per_day([date(2026, 1, 1)], {HOSTILE: [1], "b": [2]}, HOSTILE, output),
        lambda output: plots.per_day([date(2026, 1, 1)], {"a": [1]}, "", output),
    ],
)
def test_a_name_is_neither_markup_nor_a_formula_in_a_picture(draw: Any) -> None:
    source = draw(svg)
    head, _, body = source.partition(",")
    assert head == "data:image/svg+xml;base64"
    picture = base64.b64decode(body)
    tags = {element.tag.split("}")[1] for element in ElementTree.fromstring(picture).iter()}
    assert "path" in tags and "script" not in tags
    assert b"http" not in re.sub(rb'http://(www\.w3\.org|purl\.org|creativecommons\.org)[^"]*', b"", picture)
    assert draw(svg) == source
    assert draw(None).startswith("![")
