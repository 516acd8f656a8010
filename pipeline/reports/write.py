"""From a published version to its report: read, render, write. The sections are in the modules beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipeline.home.atomic import write_text
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.home.versions import current_version, report_of, reports, version_of

SHOWN_DAYS = 90


class ReportError(Exception):
    """There is no published version; the message names the command that makes one."""


def write_report(paths: HomePaths, *, currency: str) -> Path:
    """Write the report of the current version beside those of earlier versions, replacing its own; returns the path.

    The same version gives the same bytes. `currency`: the site's, which revenue is shown in. Raises ReportError before
    the first night, duckdb.Error where the version cannot be read, OSError where the file cannot be written.
    """
    from pipeline.reports.render import render

    version = current_version(paths)
    if version is None:
        raise ReportError("nothing is published yet: `growthhouse run` publishes, and makes the report")
    with reading(version) as con:
        content = contents(con, paths.ml / "artifacts", currency)
    target = report_of(paths, version)
    write_text(render({"version": version_of(version), "home": paths.home.name, **content}), target)
    return target


def latest_report(paths: HomePaths) -> Path | None:
    """The report of the current version; where it has none, the newest report; None without any."""
    version = current_version(paths)
    if version is not None and report_of(paths, version).exists():
        return report_of(paths, version)
    return next(iter(reports(paths)), None)


def describe_scoring(con: duckdb.DuckDBPyConnection, paths: HomePaths, kind: str) -> str:
    """Which version scores (churn or purchase), and why, in the words of the training."""
    from pipeline.reports.learned import describe_scoring as describe

    return describe(con, paths.ml / "artifacts" / kind, kind)


def contents(con: duckdb.DuckDBPyConnection, artifacts: Path, currency: str) -> dict[str, Any]:
    """Everything the template shows, by section; a section without data is None or an empty list.

    con: the published version. artifacts: `data/ml/artifacts`, read for the cards of the versions that score.
    """
    from pipeline.reports import feedback, learned, night, shop, trends
    from pipeline.reports.funnels import funnels

    return {
        "currency": currency,
        "headline": night.headline(con),
        "checks": night.checks(con),
        "activity": trends.activity(con, SHOWN_DAYS),
        "revenue": trends.revenue(con, currency, SHOWN_DAYS),
        "retention": shop.retention(con),
        "funnels": funnels(con),
        "segments": shop.segments(con),
        "migrations": shop.migrations(con),
        "models": [learned.model(con, kind, artifacts) for kind in learned.KINDS],
        "value": shop.customer_value(con, artifacts / "customer_value"),
        "survival": shop.survival(con),
        "recommendations": learned.recommendations(con, artifacts / "recommendations"),
        "stages": night.stages(con),
        "feedback": feedback.feedback(con),
        "nights": night.nights(con),
        "schema": night.schema_changes(con),
    }
