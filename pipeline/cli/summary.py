"""The summary printed after a night, read from the published warehouse. Not here: running the night (`night.py`)."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path

import duckdb

from expectations import describe_row
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.home.versions import report_of
from pipeline.ingest import describe_late
from pipeline.predict.lifetimes import why_no_curve
from pipeline.predict.scores import nobody_has_bought
from pipeline.reports import describe_scoring

Lines = list[tuple[str, str]]  # label and text


def summary(paths: HomePaths, run_id: str) -> str:
    """Counts, funnels, gates, models and where to look next: one line each, with the labels aligned."""
    with reading(paths.warehouse.resolve()) as con:
        as_of = _as_of(con, run_id)
        lines = [
            ("published", f"as of {as_of or '?'}, run {run_id}"),
            *_events(con, run_id),
            *_sessions(con),
            *_funnels(con),
            *_gates(con, run_id),
            *_models(con, paths),
            *_retrained(paths, as_of),
            *_survival(con),
            *_recommendations(con),
        ]
    is_here, place = paths.home == Path.cwd(), shlex.quote(str(paths.home))
    if (report := report_of(paths, paths.warehouse.resolve())).exists():
        lines.append(("report", str(report)))
    lines += [
        ("warehouse", str(paths.warehouse)),
        ("query", f'growthhouse sql {"" if is_here else f"--home {place} "}"from marts.fct_sessions limit 10"'),
        ("UI", "make ui" if is_here else f"make ui HOME_DIR={place}"),
    ]
    return "\n".join(f"{label:10} {text}" for label, text in lines)


def _as_of(con: duckdb.DuckDBPyConnection, run_id: str) -> date | None:
    row = con.execute("select max(as_of_date) from ops.published_versions where run_id = ?", [run_id]).fetchone()
    return row[0] if row else None


def _events(con: duckdb.DuckDBPyConnection, run_id: str) -> Lines:
    sources = con.execute(
        "select source, n_lines, n_loaded, n_duplicates, n_rejected from ops.reconciliation "
        "where run_id = ? order by 1",
        [run_id],
    ).fetchall()
    reasons = con.execute(
        "select reason, count(*) from raw.rejected_events group by 1 order by 2 desc, 1 limit 3"
    ).fetchall()
    lines = [
        (
            "events",
            f"{source}: {read or 0:,} lines read = {loaded or 0:,} loaded + {duplicates or 0:,} duplicates"
            f" + {rejected or 0:,} rejected",
        )
        for source, read, loaded, duplicates, rejected in sources
    ]
    late = con.execute(
        "select cast(sum(n_too_late) as bigint), min(too_late_from), max(too_late_to) from raw.ingested_files "
        "where n_too_late > 0 and status <> 'superseded'"
    ).fetchone()
    if late and late[0]:
        n_late, first, last = late
        lines.append(("late", describe_late(n_late, first, last, None)))
    if reasons:
        listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
        lines.append(("rejected", f"{listed}  (raw.rejected_events has file, line and reason of each)"))
    return lines


def _sessions(con: duckdb.DuckDBPyConnection) -> Lines:
    row = con.execute(
        "select count(*) filter (not is_bot), count(distinct person_id) filter (not is_bot), count(*) filter (is_bot) "
        "from marts.fct_sessions"
    ).fetchone()
    sessions, persons, bots = row or (0, 0, 0)
    left_out = f", and {bots:,} of bots, left out of every metric" if bots else ""
    return [("sessions", f"{sessions:,} of {persons:,} {'person' if persons == 1 else 'persons'}{left_out}")]


def _funnels(con: duckdb.DuckDBPyConnection) -> Lines:
    rows = con.execute(
        "select funnel_name, string_agg(step_name || ' ' || format('{:,}', n_reached), ' → ' order by step_number) "
        "from marts.funnel_conversion where period = 'all' and breakdown_value is null group by 1 order by 1"
    ).fetchall()
    if not rows:
        return [("funnel", "none: `funnels` in growth.yaml is empty, or no event of the default funnels occurs")]
    return [("funnel", f"{name}: {steps}") for name, steps in rows]


def _gates(con: duckdb.DuckDBPyConnection, run_id: str) -> Lines:
    stages = con.execute(
        "select stage, count(*) filter (passed), count(*) filter (passed is not null), "
        "count(*) filter (passed is null) from ops.quality_results where run_id = ? "
        "group by 1 order by min(checked_at), 1",
        [run_id],
    ).fetchall()
    warnings = con.execute(
        "select table_name, coalesce(column_name, expectation), severity, observed_value, expected "
        "from ops.quality_results "
        "where run_id = ? and not passed order by checked_at, 1, 2",
        [run_id],
    ).fetchall()
    counts = [f"{stage} {ok}/{run}" + f" ({skipped} skipped)" * bool(skipped) for stage, ok, run, skipped in stages]
    lines = [("gates", ", ".join(counts))]
    return lines + [("warning", describe_row(*warning)) for warning in warnings]


def _models(con: duckdb.DuckDBPyConnection, paths: HomePaths) -> Lines:
    """The promoted algorithm of each model, with its test metrics beside those of the baseline; else why there is
    none."""
    rows = con.execute(
        "select model, algorithm, bool_or(is_promoted) as promoted, "
        "string_agg("
        "format('{} {:.3f} ({} {:.3f})', upper(replace(metric, '_', '-')), value, baseline, baseline_value), "
        "', ' order by metric desc) filter (metric in ('roc_auc', 'pr_auc')) "
        "from ml.model_metrics where split = 'test' and baseline_value is not null "
        "group by 1, 2 order by 1, promoted desc, 2"
    ).fetchall()
    lines = []
    for model in ("churn", "purchase"):
        best = next((row for row in rows if row[0] == model), None)
        if model == "purchase" and nobody_has_bought(con):
            lines.append(("model", "purchase: no scores, as nobody has bought yet"))
        elif best and best[2]:
            lines.append(("model", f"{model}: {best[1]}, {best[3]}"))
        else:
            lines.append(("model", f"{model}: {describe_scoring(con, paths, model)}"))
    return lines


def _retrained(paths: HomePaths, as_of: date | None) -> Lines:
    """The models that this night retrained because their inputs had drifted, with the decision."""
    from models.common import ArtifactError
    from models.propensity import read_registry

    lines = []
    for model in ("churn", "purchase"):
        try:
            latest = read_registry(paths.ml / "artifacts" / model).decisions[-1:]
        except ArtifactError:  # the next training starts a new registry
            continue
        lines += [("model", f"{model}: {one.reason}") for one in latest if one.drifted and one.as_of == str(as_of)]
    return lines


def _survival(con: duckdb.DuckDBPyConnection) -> Lines:
    """Why there is no survival curve, where there is none."""
    (n_rows,) = con.execute("select count(*) from ml.survival_curves").fetchone() or (0,)
    why = None if n_rows else why_no_curve(con)
    return [("survival", f"no curve: {why}")] if why else []


def _recommendations(con: duckdb.DuckDBPyConnection) -> Lines:
    """What ranks the lists, with NDCG@10 on later data beside the better baseline."""
    rows = con.execute(
        "select value, baseline, baseline_value, is_promoted from ml.model_metrics where model = 'recommendations' "
        "and algorithm = 'blend' and split = 'test' and metric = 'ndcg_at_10'"
    ).fetchall()
    if not rows:
        listed = con.execute("select count(*) from ml.recommendations").fetchone()
        if listed and listed[0]:
            return [("model", "recommendations: popularity (nothing better could be tested yet)")]
        return [("model", "recommendations: none (no event that counts names an item)")]
    value, baseline, baseline_value, is_promoted = rows[0]
    used = "blend" if is_promoted else "popularity, as the blend is not clearly better: its"
    return [("model", f"recommendations: {used} NDCG@10 {value:.3f} ({baseline} {baseline_value:.3f})")]
