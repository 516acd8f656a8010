"""`growthhouse run`: one execution of the `nightly` Dagster job, in this process, on the home's Dagster instance.

Belongs here: starting the run, following it, the summary. Not here: any step of the night.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from pipeline.instance import prepare_instance
from pipeline.locking import WriterBusy, writer_lock
from pipeline.paths import HomePaths
from pipeline.settings import Settings


class NightError(Exception):
    """The night published nothing. exit_code 1: a gate or step failed; 2: configuration or input."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_night(
    config: Path,
    settings: Settings,
    *,
    as_of: date | None = None,
    full_refresh: bool = False,
    select: str | None = None,
    say: Callable[[str], object] = print,
) -> str:
    """Execute the nightly job and return the summary; raises NightError where nothing was published."""
    paths = HomePaths(settings.home)
    try:
        with writer_lock(paths.writer_lock):
            pass
    except WriterBusy as busy:
        raise NightError(str(busy), 1) from busy
    if full_refresh:
        paths.build_db.unlink(missing_ok=True)
    os.environ["DAGSTER_HOME"] = str(prepare_instance(paths.dagster))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    say("starting (loading Dagster and the dbt project)")
    return _execute(config, settings, paths, as_of, select, say)


def _execute(
    config: Path,
    settings: Settings,
    paths: HomePaths,
    as_of: date | None,
    select: str | None,
    say: Callable[[str], object],
) -> str:
    import dagster as dg

    from pipeline.assets.ingest import AS_OF_TAG
    from pipeline.definitions import JOB_NAME, build_defs
    from pipeline.resources import GrowthHome

    defs = build_defs(GrowthHome(config_path=str(config), home_path=str(settings.home)))
    job = defs.resolve_job_def(JOB_NAME)
    chosen = None
    if select:
        graph = defs.resolve_asset_graph()
        chosen = list(dg.AssetSelection.from_string(select).resolve(graph))
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=chosen,
            tags={AS_OF_TAG: as_of.isoformat()} if as_of else None,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    if result.success:
        return summary(paths, result.run_id)
    raise _failure(result)


def _failure(result) -> NightError:  # type: ignore[no-untyped-def]
    gates = [
        f"{e.check_name} on {e.asset_key.to_user_string()}: {e.description or ''}"
        for e in result.get_asset_check_evaluations()
        if not e.passed and e.blocking
    ]
    if gates:
        return NightError("a gate failed; nothing was published.\n  " + "\n  ".join(dict.fromkeys(gates)), 1)
    for event in result.all_events:
        if event.is_step_failure:
            error = event.event_specific_data.error
            user = event.event_specific_data.user_failure_data
            message = (user.description if user and user.description else error.message if error else "").strip()
            kind = 2 if event.step_key == "ingest" else 1
            return NightError(f"step {event.step_key} failed; nothing was published.\n  {message}", kind)
    errors = [e.message for e in result.all_events if e.is_failure]
    return NightError("the run failed; nothing was published.\n  " + "\n  ".join(str(e) for e in errors), 1)


def summary(paths: HomePaths, run_id: str) -> str:
    """What a person wants to know after a night, from the published warehouse."""
    with duckdb.connect(str(paths.warehouse.resolve()), read_only=True) as con:

        def one(query: str) -> tuple:  # type: ignore[type-arg]
            return con.execute(query).fetchone() or ()

        lines, loaded, duplicates, rejected = one(
            "select sum(n_lines), sum(n_loaded), sum(n_duplicates), sum(n_rejected) from ops.reconciliation "
            f"where run_id = '{run_id}'"
        )
        sessions = one("select count(*) from marts.fct_sessions")[0]
        persons = one("select count(*) from marts.dim_users")[0]
        as_of = one("select max(as_of_date) from ops.published_versions where run_id = '" + run_id + "'")[0]
        gates = con.execute(
            "select stage, count(*), count(*) filter (passed) from ops.quality_results where run_id = ? group by 1 order by 1",
            [run_id],
        ).fetchall()
        funnels = con.execute(
            "select funnel_name, string_agg(step_name || ' ' || n_reached, ' → ' order by step_number) "
            "from marts.funnel_conversion where period = 'all' and breakdown_value is null group by 1 order by 1"
        ).fetchall()
        models = con.execute(
            "select distinct model, algorithm, metric, value, baseline, baseline_value, is_promoted from ml.model_metrics "
            "where split = 'test' and metric in ('roc_auc', 'pr_auc') order by 1, 3"
        ).fetchall()
    text = [
        f"published  as of {as_of}, run {run_id}",
        f"events     {lines or 0:,} lines read = {loaded or 0:,} loaded + {duplicates or 0:,} duplicates + {rejected or 0:,} rejected",
        f"sessions   {sessions:,} of {persons:,} persons",
        *[f"funnel     {name}: {steps}" for name, steps in funnels],
        "gates      " + ", ".join(f"{stage} {ok}/{n}" for stage, n, ok in gates),
        *[
            f"model      {m} ({algorithm}) {metric} {value:.3f}; {baseline} {base:.3f}{'' if promoted else ' (not promoted)'}"
            for m, algorithm, metric, value, baseline, base, promoted in models
            if value is not None and base is not None
        ],
        f'warehouse  {paths.warehouse}  (growthhouse sql "select …")',
        f"UI         make ui, or DAGSTER_HOME={paths.dagster} dagster dev -w workspace.yaml",
    ]
    return "\n".join(text)
