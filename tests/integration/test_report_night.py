"""The report of the small shop: its numbers are those of queries by hand, and nobody is in it."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from page_text import Text

from pipeline.cli.night import NightError, run_night
from pipeline.home.paths import HomePaths
from pipeline.home.versions import report_of
from pipeline.publish.seals import version_problem
from pipeline.reports import latest_report, write_report
from pipeline.reports.write import contents
from pipeline.settings import load_settings

HOSTILE = "<script>alert(1)</script>$&'\"$"


@pytest.fixture(scope="module")
def page(shop: HomePaths) -> str:
    report = latest_report(shop)
    assert report == report_of(shop, shop.warehouse.resolve())
    return report.read_text(encoding="utf-8")


@pytest.fixture
def copied(shop: HomePaths, tmp_path: Path) -> Iterator[HomePaths]:
    """A home with a copy of the published version and of the cards, to be spoilt."""
    paths = HomePaths(tmp_path)
    paths.versions.mkdir(parents=True)
    shutil.copyfile(shop.warehouse.resolve(), paths.versions / "warehouse-20260101T000000000000Z.duckdb")
    paths.warehouse.symlink_to("versions/warehouse-20260101T000000000000Z.duckdb")
    shutil.copytree(shop.ml / "artifacts", paths.ml / "artifacts")
    yield paths


@pytest.fixture(scope="module")
def con(shop: HomePaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the version that is published now."""
    copy = tmp_path_factory.mktemp("reported") / "copy.duckdb"
    shutil.copyfile(shop.warehouse.resolve(), copy)
    with duckdb.connect(str(copy), read_only=True) as con:
        yield con


@pytest.mark.parametrize(
    ("query", "around"),
    [
        ("select format('{:,}', count(*)) from marts.fct_events", "{} events"),
        ("select format('{:,}', count(*)) from marts.fct_sessions where not is_bot", "{} sessions, without bots"),
        ("select dau from marts.user_activity order by activity_date desc limit 1", "{} active on the day"),
        (
            "select format('{:,} · {:.1f} %', n_reached, 100.0 * n_reached / n_entered) from marts.funnel_conversion "
            "where period = 'all' and breakdown_value is null and funnel_name = 'purchase' and step_name = "
            "'add_to_cart'",
            " {} ",
        ),
        (
            "select format('at_risk {} {:.1f} %', count(*) filter (segment = 'at_risk'), "
            "100.0 * count(*) filter (segment = 'at_risk') / count(*)) from ml.user_segments",
            " {} ",
        ),
        (
            "select format('{:.3f} {:.3f} – {:.3f}', value, ci_low, ci_high) from ml.model_metrics where model = "
            "'churn' "
            "and split = 'test' and metric = 'pr_auc' and algorithm = 'recency-rule'",
            "recency-rule baseline {} ",
        ),
        ("select count(*) from ml.purchase_scores where propensity_band = 'medium'", " medium {} "),
        ("select format('{:,.0f} USD', sum(expected_revenue)) from ml.customer_value", "{} expected revenue"),
        (
            "select format('{} of {}', count(*) filter (is_drifted), count(*)) from ml.feature_drift "
            "where model = 'churn' and feature <> '(score)'",
            "{} features drifted",
        ),
        (
            "select format('{:.3f}', value) from ml.model_metrics where model = 'recommendations' and split = 'test' "
            "and metric = 'ndcg_at_10' and algorithm = 'popularity'",
            " popularity {} ",
        ),
    ],
)
def test_numbers_are_those_of_the_tables(query: str, around: str, page: str, con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(query).fetchone()
    assert found is not None
    assert around.format(found[0]) in Text(page).text


def test_it_says_who_scores_and_why_and_what_moves_the_scores(page: str, con: duckdb.DuckDBPyConnection) -> None:
    text = Text(page).text
    for kind in ("churn", "purchase"):
        found = con.execute(f"select distinct model_version from ml.{kind}_scores").fetchall()
        assert len(found) == 1 and f"Version {found[0][0]}" in text
    assert text.count("Why it scores:") == 2
    promoted = con.execute(
        "select count(distinct model) from ml.model_metrics where is_promoted and model in ('churn', 'purchase')"
    )
    assert text.count("Share in the mean absolute contribution") == (promoted.fetchone() or (0,))[0]


def test_nobody_is_in_it(page: str, con: duckdb.DuckDBPyConnection) -> None:
    pictures = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
    assert len(pictures) >= 3
    everything = page + " ".join(base64.b64decode(picture).decode() for picture in pictures)
    ids = con.execute(
        "select distinct id from (select unnest([person_id, user_id, anonymous_id, event_id, order_id]) as id "
        "from marts.fct_events) where length(id) > 3"
    ).fetchall()
    assert len(ids) > 1000
    words = set(re.findall(r"[\w:.@-]+", everything))
    assert [one for (one,) in ids if one in words] == []


def test_it_needs_nothing_from_outside(page: str) -> None:
    assert Text(page).tags.isdisjoint({"script", "link", "iframe", "object", "form"})
    assert re.findall(r'(?:src|href)="(?!#|data:image/svg\+xml;base64,)', page) == []


def test_making_it_again_changes_neither_the_version_nor_a_byte(own_shop: HomePaths, page: str) -> None:
    settings = load_settings(own_shop.home / "growth.yaml", own_shop.home)
    assert write_report(own_shop, currency=settings.site.currency).read_text(encoding="utf-8") == page
    assert version_problem(own_shop.warehouse.resolve()) is None


def test_empty_tables_and_lost_cards_are_told_in_a_line_each(copied: HomePaths) -> None:
    with duckdb.connect(str(copied.warehouse.resolve())) as con:
        kept = con.execute("select * from ml.churn_scores").fetchall()
        for schema, table in con.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            if table not in ("published_versions", "churn_scores", "user_features"):
                con.execute(f"delete from {schema}.{table}")
    assert kept
    shutil.rmtree(copied.ml)
    text = Text(write_report(copied, currency="USD").read_text(encoding="utf-8")).text
    for words in (
        "no file was read",
        "No activity of persons yet.",
        "Nobody has bought yet, so there is no revenue",
        "No cohort is old enough yet.",
        "No funnel:",
        "No segments yet.",
        "No test: there are too few",
        "The card of this version is no longer in",
        "No curve: too little history",
        "No recommendations: no event that counts",
        "No steps of this run were recorded.",
        "No earlier run is recorded.",
    ):
        assert words in text


def test_ranks_without_labels_and_no_scores_without_buyers_are_told(copied: HomePaths) -> None:
    with duckdb.connect(str(copied.warehouse.resolve())) as con:
        con.execute(
            "update ml.churn_scores set probability = null, risk_band = null, model_version = 'recency-rule-unlabelled'"
        )
        con.execute("delete from ml.purchase_scores")
        con.execute("update marts.user_features set n_orders_total = 0")
    text = Text(write_report(copied, currency="USD").read_text(encoding="utf-8")).text
    for words in (
        "ranks only nothing is labelled yet",
        "No probabilities: no snapshot is old enough to be labelled",
        "Nobody is scored: nobody has bought yet.",
    ):
        assert words in text
    assert "not promoted the recency rule scores" not in text


def test_names_that_are_markup_stay_names(copied: HomePaths) -> None:
    with duckdb.connect(str(copied.warehouse.resolve())) as con:
        for table, column in (
            ("ml.user_segments", "segment"),
            ("ml.survival_curves", "breakdown_value"),
            ("marts.funnel_conversion", "step_name"),
            ("ops.reconciliation", "source"),
            ("ops.run_stages", "stage"),
            ("ml.recommendations", "strategy"),
        ):
            con.execute(f"update {table} set {column} = ? || {column}", [HOSTILE])
        con.execute("update ops.quality_results set passed = false, observed_value = ?", [HOSTILE])
    page = write_report(copied, currency=HOSTILE).read_text(encoding="utf-8")
    found = Text(page)
    assert "script" not in found.tags
    assert found.text.count("<script>alert(1)</script>") > 10


def test_the_reports_figures_are_read_without_writing(copied: HomePaths) -> None:
    before = copied.warehouse.resolve().read_bytes()
    with duckdb.connect(str(copied.warehouse.resolve()), read_only=True) as con:
        found = contents(con, copied.ml / "artifacts", "USD")
    assert found["headline"]["is_balanced"] is True
    assert copied.warehouse.resolve().read_bytes() == before


def test_a_report_that_fails_leaves_the_version_and_names_the_command(
    own_shop: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object, **options: object) -> Path:
        raise OSError(28, "No space left on device", str(own_shop.reports))

    config, version = own_shop.home / "growth.yaml", own_shop.warehouse.resolve()
    monkeypatch.setattr("pipeline.orchestration.assets.report.write_report", fails)
    with pytest.raises(NightError) as error:
        run_night(config, load_settings(config), select='key:"published/report"', say=lambda text: None)
    assert error.value.exit_code == 1
    assert "The disk is full" in str(error.value) and "the published version is unaffected" in str(error.value)
    assert "growthhouse run --select 'key:\"published/report\"'" in str(error.value)
    assert own_shop.warehouse.resolve() == version and version_problem(version) is None
