"""Homes built by ingest and dbt as in a night, without Dagster, gates and models. No expectations here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.build.dbt_session import DbtSession
from pipeline.build.plan import BuildPlan, finish_build, plan_build
from pipeline.build.tables import layers
from pipeline.build.variables import dbt_variables, resolve
from pipeline.home.paths import HomePaths
from pipeline.ingest import ingest
from pipeline.settings import load_settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_STATEFUL = (*layers()["sessions"], *layers()["marts"])


class Nights:
    """A home whose nights are ingest and the dbt layers that keep state."""

    def __init__(self, folder: Path, config: str) -> None:
        folder.mkdir(parents=True)
        (folder / "growth.yaml").write_text(config, encoding="utf-8")
        self.paths = HomePaths(folder)
        self._settings = load_settings(folder / "growth.yaml", folder)

    def night(
        self,
        files: Mapping[str, str],
        number: int = 0,
        models: Sequence[str] = _STATEFUL,
        as_of: date | None = None,
        breaks_off: bool = False,
    ) -> BuildPlan:
        """Deliver files (text by path under data/raw) and build; the plan tells whether it was a delta night.

        A night that breaks off builds these models and is not noted as finished.
        """
        for name, text in files.items():
            path = self.paths.data / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        ingest(self._settings, now=NOW)
        context = resolve(self._settings, self.paths, requested=as_of, run_id=f"night{number}", now=NOW)
        variables = dbt_variables(self._settings, self.paths, context)
        plan = plan_build(self.paths, variables)
        outcomes = DbtSession(self.paths).build(list(models), variables | plan.variables())
        assert [f"{o.unique_id}: {o.message}" for o in outcomes if not o.ok] == []
        if not breaks_off:
            finish_build(self.paths)
        return plan
