"""What a person sees in the Dagster UI after a failed and a good night. Skipped where the machine has no Chromium.

With GROWTH_UPDATE_IMAGES=1 the pictures of the graph in docs/images are taken again.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlparse

import pytest
from chromium import Page, browser, find_chromium

from pipeline.cli.night import NightError, run_night
from pipeline.home.paths import PROJECT_ROOT
from pipeline.settings import default_config_text, load_settings
from pipeline.simulate import simulate

CHROMIUM = find_chromium()
GROUPS = ("backfill", "raw", "sessions", "marts", "ml", "activation", "ops", "published")
TABLES = {  # too many for one picture: zoomed out that far, the page leaves them out
    "sessions": ("stg_events", "int_sessionized"),
    "marts": ("fct_events", "user_features"),
    "ml": ("churn_scores", "user_segments"),
}
IMAGES = PROJECT_ROOT / "docs" / "images"
MAX_IMAGE_BYTES = 500_000
GRAPH = "[...document.querySelectorAll('svg')].reduce((a, b) => a.clientHeight > b.clientHeight ? a : b)"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; on Debian `apt-get install chromium` brings one"
)


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a web server on the home of a small shop after a night that failed and one that published."""
    home = tmp_path_factory.mktemp("ui")
    (home / "growth.yaml").write_text(default_config_text(), encoding="utf-8")
    simulate(home, users=60, days=20, seed=5)
    settings = load_settings(home / "growth.yaml", home)
    with pytest.raises(NightError, match="the data starts on"):
        run_night(home / "growth.yaml", settings, as_of=date(2020, 1, 1), say=lambda text: None)
    run_night(home / "growth.yaml", settings, say=lambda text: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "dagster_webserver", "-w", str(PROJECT_ROOT / "workspace.yaml")]
    environment = os.environ | {
        "DAGSTER_HOME": str(home / "data" / "dagster"),
        "GROWTH_CONFIG": str(home / "growth.yaml"),
        "GROWTH_HOME": str(home),
    }
    with (home / "webserver.log").open("wb") as log:
        server = subprocess.Popen(
            [*program, "-h", "127.0.0.1", "-p", str(port)], cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            wait_until_served(f"http://127.0.0.1:{port}", server, home / "webserver.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=60)


def wait_until_served(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"the web server did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def page(ui: str) -> Iterator[Page]:
    assert CHROMIUM is not None
    with browser(CHROMIUM, width=2400, height=2600) as tab:
        tab.open(f"{ui}/asset-groups")
        tab.wait_for("Materialize all")
        yield tab


@pytest.fixture
def no_errors(page: Page) -> Iterator[None]:
    page.errors.clear()
    yield
    assert page.errors == []


def take_picture(page: Page, name: str, folder: Path) -> int:
    """Size of a picture of the graph; it replaces the one in docs/images where that was asked for."""
    time.sleep(3)  # the graph glides into place
    folder = IMAGES if os.environ.get("GROWTH_UPDATE_IMAGES") and (IMAGES / name).exists() else folder
    page.picture(folder / name, of=GRAPH, scale=0.5)
    return (folder / name).stat().st_size


def test_the_graph_shows_every_layer(ui: str, page: Page, no_errors: None, tmp_path: Path) -> None:
    page.open(f"{ui}/asset-groups")
    text = page.wait_for("Materialize all", *GROUPS)
    assert "error" not in text.lower()
    assert 5_000 < take_picture(page, "asset-layers.png", tmp_path) < MAX_IMAGE_BYTES


@pytest.mark.parametrize(("group", "tables"), TABLES.items())
def test_the_graph_shows_the_tables_of_a_layer(
    group: str, tables: tuple[str, ...], ui: str, page: Page, no_errors: None, tmp_path: Path
) -> None:
    page.open(f"{ui}/asset-groups/?expanded=global%40global%3A{group}")
    page.wait_for(*tables)
    assert 5_000 < take_picture(page, f"asset-graph-{group}.png", tmp_path) < MAX_IMAGE_BYTES


def test_an_asset_tells_its_rows_columns_owner_and_kinds(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/assets/marts/fct_sessions")
    page.wait_for(
        "Grain: session", "Row count", "session_number", "bigint", "analytics-engineering", "dbt", "DuckDB", "nightly"
    )


def test_an_asset_tells_its_checks_with_what_was_observed(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/assets/marts/fct_sessions?view=checks&checkDetail=gate_marts")
    page.wait_for("gate_marts", "expectations held", "n_checked", "expectations")


def test_a_picture_of_the_day_is_drawn(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/assets/raw/events?view=events")
    page.wait_for("as_of", "2026-01-20", "picture")
    page.evaluate(
        "[...document.querySelectorAll('*')].filter(e => e.innerText === '[Show Markdown]').slice(-1)[0].click()"
    )
    end = time.monotonic() + 20
    widths = (
        "[...document.querySelectorAll('img')].filter(i => i.src.startsWith('data:image/png')).map(i => i.naturalWidth)"
    )
    while not (found := page.evaluate(widths)) and time.monotonic() < end:
        time.sleep(0.2)
    assert found == [480]


def test_the_launchpad_offers_as_of_and_full_refresh(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/locations/growthhouse/jobs/nightly/playground")
    page.wait_for("as_of", "full_refresh", "Launch Run")


def test_the_schedule_and_the_sensor_are_listed(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/automation")
    page.wait_for("nightly", "new_files")


def test_nights_of_the_command_line_are_runs_of_the_job(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/locations/growthhouse/jobs/nightly/runs")
    text = page.wait_for("Latest run:", "Failure", "Success", "as_of: 2026-01-20", "version: 2")
    assert (text.count("Failure"), text.count("Success"), text.count("version: ")) == (1, 1, 1)


def test_they_are_in_the_timeline_of_the_overview(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/overview")
    page.wait_for("Timeline", "nightly")
    runs = "[...document.querySelectorAll('[class*=RunTimeline_runChunks]')].map(row => row.innerText.trim())"
    end = time.monotonic() + 30
    while (found := page.evaluate(runs)) != ["2"] and time.monotonic() < end:
        time.sleep(0.2)
    assert found == ["2"]  # so close together that they are drawn as one bar with their number


def test_the_page_of_a_run_offers_to_run_it_again(ui: str, page: Page, no_errors: None) -> None:
    page.open(f"{ui}/runs")
    page.wait_for("Success", "Failure")
    page.evaluate("[...document.querySelectorAll('a')].filter(a => a.innerText === 'View')[0].click()")
    # The first night still saw another first date of the data, so the page may name its own snapshot of the job.
    assert "nightly" in page.wait_for("RUN_SUCCESS", "Run of", "Re-execute all")


def test_the_page_asks_nobody_but_this_machine(page: Page) -> None:
    elsewhere = {
        url
        for url in page.requests
        if urlparse(url).scheme in ("http", "https") and urlparse(url).hostname != "127.0.0.1"
    }
    assert page.requests
    assert elsewhere == set()
