"""Where state lives below the home folder. Paths only: nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DBT_PROJECT = PROJECT_ROOT / "dbt_project"


@dataclass(frozen=True)
class HomePaths:
    """Every path of one deployment, derived from its home folder."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def ledger(self) -> Path:
        return self.lake / "ledger.parquet"

    @property
    def build_db(self) -> Path:
        return self.data / "build" / "growth.duckdb"

    @property
    def dbt_target(self) -> Path:
        return self.data / "build" / "dbt"

    @property
    def dbt_variables(self) -> Path:
        return self.data / "build" / "dbt_vars.yml"

    @property
    def user_agents(self) -> Path:
        return self.data / "build" / "user_agents.parquet"

    @property
    def run_context(self) -> Path:
        return self.data / "build" / "run_context.json"

    @property
    def backfill(self) -> Path:
        return self.data / "build" / "backfill.json"

    @property
    def build_plan(self) -> Path:
        return self.data / "build" / "plan.json"

    @property
    def ml(self) -> Path:
        return self.data / "ml"

    @property
    def quality_results(self) -> Path:
        return self.data / "ops" / "quality_results.parquet"

    @property
    def runs(self) -> Path:
        return self.data / "ops" / "runs.parquet"

    @property
    def run_stages(self) -> Path:
        return self.data / "ops" / "run_stages.parquet"

    @property
    def reconciliation(self) -> Path:
        return self.data / "ops" / "reconciliation.parquet"

    @property
    def user_history(self) -> Path:
        return self.data / "ops" / "user_history.parquet"

    @property
    def alerts(self) -> Path:
        return self.data / "ops" / "alerts.json"

    @property
    def exports(self) -> Path:
        return self.data / "ops" / "exports.jsonl"

    @property
    def log(self) -> Path:
        return self.data / "logs" / "growthhouse.log"

    @property
    def versions(self) -> Path:
        return self.data / "versions"

    @property
    def reports(self) -> Path:
        return self.data / "reports"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse.duckdb"

    @property
    def writer_lock(self) -> Path:
        return self.data / "writer.lock"

    @property
    def dagster(self) -> Path:
        return self.data / "dagster"
