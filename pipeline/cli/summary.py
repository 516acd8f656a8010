"""What a person reads after a night, from the published warehouse. Not here: running it (`pipeline.cli.night`)."""

from __future__ import annotations

import shlex
from pathlib import Path

import duckdb

from expectations import describe_row
from pipeline.home.memory import reading
from pipeline.home.paths import HomePaths
from pipeline.home.versions import report_of
from pipeline.ingest.late import told


def summary(paths: HomePaths, run_id: str) -> str:
    """Counts, funnels, gates, models and where to look next, one aligned line each."""
    with reading(paths.warehouse.resolve()) as con:
        lines = [
            *_published(con, run_id),
            *_events(con, run_id),
            *_sessions(con),
            *_funnels(con),
            *_gates(con, run_id),
            *_models(con),
            *_trained_again(con, run_id, paths),
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


def _published(con: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[str, str]]:
    row = con.execute("select max(as_of_date) from ops.published_versions where run_id = ?", [run_id]).fetchone()
    return [("published", f"as of {row[0] if row else '?'}, run {run_id}")]


def _events(con: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[str, str]]:
    sources = con.execute(
        "select source, n_lines, n_loaded, n_duplicates, n_rejected from ops.reconciliation where run_id = ? order by 1",
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
        lines.append(("late", told(n_late, first, last, None)))
    if reasons:
        listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
        lines.append(("rejected", f"{listed}  (raw.rejected_events has file, line and reason of each)"))
    return lines


def _sessions(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    row = con.execute(
        "select count(*), count(distinct person_id), count(*) filter (is_bot) from marts.fct_sessions"
    ).fetchone()
    sessions, persons, bots = row or (0, 0, 0)
    return [("sessions", f"{sessions:,} of {persons:,} persons ({bots:,} sessions of bots, left out of every metric)")]


def _funnels(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = con.execute(
        "select funnel_name, string_agg(step_name || ' ' || format('{:,}', n_reached), ' → ' order by step_number) "
        "from marts.funnel_conversion where period = 'all' and breakdown_value is null group by 1 order by 1"
    ).fetchall()
    return [("funnel", f"{name}: {steps}") for name, steps in rows]


def _gates(con: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[str, str]]:
    stages = con.execute(
        "select stage, count(*) filter (passed), count(*) filter (passed is not null), count(*) filter (passed is null) "
        "from ops.quality_results "
        "where run_id = ? group by 1 order by min(checked_at), 1",
        [run_id],
    ).fetchall()
    warnings = con.execute(
        "select table_name, coalesce(column_name, expectation), severity, observed_value, expected "
        "from ops.quality_results "
        "where run_id = ? and not passed order by checked_at, 1, 2",
        [run_id],
    ).fetchall()
    counts = [f"{stage} {ok}/{asked}" + f" ({skipped} skipped)" * bool(skipped) for stage, ok, asked, skipped in stages]
    lines = [("gates", ", ".join(counts))]
    return lines + [("warning", describe_row(*warning)) for warning in warnings]


def _models(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The promoted algorithm of each model on the test slice beside the rule it had to beat."""
    rows = con.execute(
        "select model, algorithm, bool_or(is_promoted) as promoted, "
        "string_agg(format('{} {:.3f} ({} {:.3f})', upper(replace(metric, '_', '-')), value, baseline, baseline_value), "
        "', ' order by metric desc) filter (metric in ('roc_auc', 'pr_auc')) "
        "from ml.model_metrics where split = 'test' and baseline_value is not null "
        "group by 1, 2 order by 1, promoted desc, 2"
    ).fetchall()
    lines = []
    for model in ("churn", "purchase"):
        mine = [row for row in rows if row[0] == model]
        if mine and mine[0][2]:
            lines.append(("model", f"{model}: {mine[0][1]}, {mine[0][3]}"))
        else:
            lines.append(("model", f"{model}: none promoted (too little history, or no better than the recency rule)"))
    return lines


def _trained_again(con: duckdb.DuckDBPyConnection, run_id: str, paths: HomePaths) -> list[tuple[str, str]]:
    """The models that this night's date trained again because what scored had drifted, and what came of it."""
    from models.common import ArtifactError
    from models.propensity import read_registry

    row = con.execute("select max(as_of_date) from ops.published_versions where run_id = ?", [run_id]).fetchone()
    lines = []
    for model in ("churn", "purchase"):
        try:
            latest = read_registry(paths.ml / "artifacts" / model).decisions[-1:]
        except ArtifactError:  # the next training begins a new one
            continue
        lines += [
            ("model", f"{model}: {one.reason}") for one in latest if one.drifted and row and one.as_of == str(row[0])
        ]
    return lines


def _recommendations(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """What ranks the lists, and NDCG@10 on later data beside the better baseline."""
    rows = con.execute(
        "select value, baseline, baseline_value, is_promoted from ml.model_metrics where model = 'recommendations' "
        "and algorithm = 'blend' and split = 'test' and metric = 'ndcg_at_10'"
    ).fetchall()
    if not rows:
        return [("model", "recommendations: popularity (too little history to test anything better)")]
    value, baseline, beside, is_promoted = rows[0]
    used = "blend" if is_promoted else "popularity, as the blend is not clearly better: its"
    return [("model", f"recommendations: {used} NDCG@10 {value:.3f} ({baseline} {beside:.3f})")]
