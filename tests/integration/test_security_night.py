"""One night over data and names that were made to harm: everything arrives as text, nothing is run, nothing leaks."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml
from markdown_it import MarkdownIt

from pipeline.cli.night import run_night
from pipeline.cli.options import read_settings
from pipeline.home.paths import HomePaths
from pipeline.home.versions import report_of
from pipeline.publish.export import export
from pipeline.reports import latest_report

NASTY = [
    "'; drop table marts.fct_events; --",
    '" or 1=1 --',
    "{{ 1 / 0 }}",
    "{% raise %}",
    "line\nbreak",
    "=cmd|' /C calc'!A1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "a | b",
    "%s",
    "$x^$",
    "x" * 500,
]
FILE = 'it\'s "a" <b> | [l](javascript:1); -- .jsonl'
SECRET = "s3cret-of-the-webhook"


def lines() -> list[dict[str, Any]]:
    """30 persons on 20 days: they view, do something nasty, and sometimes buy; every text is nasty too."""
    found = []
    for day in range(20):
        for person in range(30):
            nasty = NASTY[(person + day) % len(NASTY)]
            at = datetime(2026, 1, 1, 8) + timedelta(days=day, minutes=person)
            for step, event in enumerate(["view_item", nasty, "purchase"][: 1 + (person * 7 + day) % 3]):
                found.append(
                    {
                        "event": event,
                        "timestamp": (at + timedelta(seconds=20 * step)).isoformat() + "Z",
                        "userId": f"{NASTY[person % len(NASTY)]}{person}",
                        "price": 5,
                        "context": {
                            "campaign": {"source": nasty, "medium": nasty},
                            "page": {"url": f"http://x/{nasty}"},
                        },
                        "properties": {"productId": nasty, "category": nasty, nasty: nasty},
                    }
                )
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomePaths]:
    paths = HomePaths(tmp_path_factory.mktemp("hostile") / 'o\'brien [x] {y} & "co"')
    config = {
        "site": {},
        "sources": [{"name": "shop", "path": "{home}/in/**/*.jsonl"}],
        "funnels": [
            {
                "name": "f",
                "steps": [
                    {"event": "view_item"},
                    {"event": NASTY[0], "name": NASTY[1], "where": "category <> 'it''s; --' -- ) or (true"},
                ],
                "breakdown": "category",
            }
        ],
        "cleaning": {"max_rejected_rate": 0.5},
        "alerts": {"on": ["recovery"], "webhook": {"url_env": "HOOK", "token_env": "HOOK_TOKEN"}},
    }
    (paths.home / "in" / "it's").mkdir(parents=True)
    (paths.home / "growth.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (paths.home / "in" / "it's" / FILE).write_text(
        "".join(json.dumps(line) + "\n" for line in lines()), encoding="utf-8"
    )
    (paths.home / "in" / "bad.jsonl").write_text("<script>no json</script>\n'; drop\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GROWTH_CONFIG", "GROWTH_HOME"):
            patch.setenv(name, os.environ.get(name, ""))
        patch.setenv("HOOK", f"http://127.0.0.1:9/{SECRET}")
        patch.setenv("HOOK_TOKEN", SECRET)
        settings = read_settings(paths.home / "growth.yaml", None)
        run_night(paths.home / "growth.yaml", settings, say=lambda text: None)
        yield paths


@pytest.fixture(scope="module")
def warehouse(home: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    copy = tmp_path_factory.mktemp("hostile_copy") / "copy.duckdb"
    copy.write_bytes(home.warehouse.resolve().read_bytes())
    with duckdb.connect(str(copy), read_only=True) as con:
        yield con


def test_every_event_arrives_under_the_name_it_was_sent_with(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = dict(warehouse.execute("select event_name, count(*) from marts.fct_events group by 1").fetchall())
    assert found == Counter(line["event"] for line in lines())
    items = {item for (item,) in warehouse.execute("select distinct item_id from marts.fct_events").fetchall()}
    assert items == set(NASTY)


def test_a_funnel_over_nasty_names_counts_what_it_says(warehouse: duckdb.DuckDBPyConnection) -> None:
    persons = {line["userId"] for line in lines() if line["event"] == NASTY[0]}
    reached = warehouse.execute(
        "select step_name, n_reached from marts.funnel_conversion where period = 'all' and breakdown_value is null "
        "order by step_number"
    ).fetchall()
    assert reached == [("view_item", 30), (NASTY[1], len(persons))]


def test_files_are_named_as_they_are(warehouse: duckdb.DuckDBPyConnection) -> None:
    files = warehouse.execute("select file, n_lines, n_rejected from raw.ingested_files order by n_rejected").fetchall()
    assert files == [(f"in/it's/{FILE}", len(lines()), 0), ("in/bad.jsonl", 2, 2)]


def test_nothing_of_it_becomes_markup_in_the_report(home: HomePaths) -> None:
    report = latest_report(home)
    assert report == report_of(home, home.warehouse.resolve())
    page = report.read_text(encoding="utf-8")
    assert NASTY[1] in html.unescape(page)  # the name of a step
    tags = set(re.findall(r"<\s*([a-zA-Z]+)", page))
    assert tags.isdisjoint({"script", "iframe", "link", "object", "form"})
    assert set(re.findall(r'<img src="([^;"]*)', page)) == {"data:image/svg+xml"}


def test_nothing_of_it_becomes_markup_in_the_ui(home: HomePaths) -> None:
    shown = []
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        (run,) = instance.get_runs()
        for entry in instance.all_logs(run.run_id):
            event = entry.dagster_event
            if event and event.is_step_materialization:
                shown += list(event.materialization.metadata.values())
            elif event and event.event_type_value == "ASSET_CHECK_EVALUATION":
                shown += list(event.asset_check_evaluation_data.metadata.values())
    texts = [value.value for value in shown if isinstance(value, dg.MarkdownMetadataValue)]
    assert any("javascript:1" in (text or "") for text in texts)  # the file's name is there
    assert any("<img" in (text or "") or "![" in (text or "") for text in texts)
    for text in texts:
        page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text or "")
        assert [tag for tag in ("<script", "<b>", "<a ", "onerror=") if tag in page] == []
        assert all('src="data:image/png' in image for image in page.split("<img")[1:])


def test_no_raw_line_identifier_or_secret_is_in_dagsters_records_or_the_log(home: HomePaths) -> None:
    private = [SECRET, "no json</script>", f"{NASTY[10]}10", f"{NASTY[5]}5"]
    files = [file for folder in (home.dagster, home.log.parent) for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 3
    for file in files:
        content = file.read_bytes().decode("utf-8", errors="replace")
        assert [text for text in private if text in content] == [], file


def test_nothing_below_data_is_a_pickle(home: HomePaths) -> None:
    files = [file for file in home.data.rglob("*") if file.is_file()]
    assert len(files) > 20
    # Protocol 2 and later begin with these two bytes; earlier ones end with a stop after text.
    assert [
        file for file in files if file.read_bytes()[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    ] == []
    assert [file for file in files if file.suffix in (".pkl", ".pickle", ".joblib", ".dill")] == []


def test_state_is_for_its_owner_alone(home: HomePaths) -> None:
    assert stat.S_IMODE(home.data.stat().st_mode) == 0o700


def test_an_export_of_it_is_harmless_to_a_spreadsheet(home: HomePaths, tmp_path: Path) -> None:
    export(home, "marts.fct_events", tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(lines())
    assert [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "@", "\t", "\r")] == []
    assert "'" + NASTY[5] in {row["event_name"] for row in rows}
