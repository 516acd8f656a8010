"""Dagster resources: the home with its settings, dbt for it, and the lock that makes a run the only writer.

Not here: what the steps do with them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from pipeline.build.dbt_session import DbtSession
from pipeline.build.variables import RunContext
from pipeline.home.error_advice import is_damage
from pipeline.home.lock import writer_lock
from pipeline.home.paths import HomePaths
from pipeline.ingest import check_formats
from pipeline.operate.clean_up import clean_up
from pipeline.operate.damage import inspect_everything, repair
from pipeline.orchestration.dead_runs import end_dead_runs
from pipeline.orchestration.run_tags import forget_parents_version, list_under_job
from pipeline.publish.link import restore_link
from pipeline.settings import ConfigError, Settings, load_settings


class GrowthHome(dg.ConfigurableResource):
    """One deployment: configuration file and home folder (default: GROWTH_CONFIG and GROWTH_HOME)."""

    config_path: str
    home_path: str = ""

    _settings: Settings = PrivateAttr()
    _dbt: DbtSession = PrivateAttr()
    _run_id: str = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["GrowthHome"]:
        self._settings = check_formats(
            load_settings(Path(self.config_path), Path(self.home_path) if self.home_path else None)
        )
        self._dbt = DbtSession(self.paths)
        self._run_id = context.run_id or ""
        if context.instance is not None and context.run is not None:
            list_under_job(context.instance, context.run)
            forget_parents_version(context.instance, context.run)
        with writer_lock(self.paths.writer_lock):
            if (restored := restore_link(self.paths)) and context.log is not None:
                context.log.warning(restored)
            for leftover in clean_up(self.paths):
                if context.log is not None:
                    context.log.warning(f"removed {leftover}, left by a run that was killed")
            for finding in repair(self.paths):
                if context.log is not None:
                    context.log.warning(finding)
            if context.instance is not None:
                end_dead_runs(context.instance, alive=self._run_id)
            try:
                yield self
            finally:
                self._look_for_damage(context)

    def _look_for_damage(self, context: dg.InitResourceContext) -> None:
        """Where a step failed on a damaged file, find it while no other run writes; the next night rebuilds it."""
        if context.instance is None or context.log is None:
            return
        failures = context.instance.all_logs(self._run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        if any(is_damage(str(entry.dagster_event and entry.dagster_event.event_specific_data)) for entry in failures):
            for finding in inspect_everything(self.paths):
                context.log.warning(finding)

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def paths(self) -> HomePaths:
        return HomePaths(self._settings.home)

    @property
    def dbt(self) -> DbtSession:
        return self._dbt

    @property
    def run(self) -> RunContext:
        """The night's context as the latest ingest wrote it, under the id of this run (which may leave ingest out)."""
        if not self.paths.run_context.exists():
            raise dg.Failure(
                "nothing was ingested yet: start with raw/events, or run the whole night", allow_retries=False
            )
        return replace(RunContext.read(self.paths.run_context), run_id=self._run_id)


def home_from_environment() -> GrowthHome:
    """The resource as the command line and the UI configure it."""
    return GrowthHome(
        config_path=os.environ.get("GROWTH_CONFIG", "growth.yaml"), home_path=os.environ.get("GROWTH_HOME", "")
    )


def settings_of(growth: GrowthHome) -> Settings | None:
    """The settings, or None where there are none yet: definitions must load for a newcomer too."""
    try:
        return check_formats(
            load_settings(Path(growth.config_path), Path(growth.home_path) if growth.home_path else None)
        )
    except (ConfigError, OSError):
        return None
