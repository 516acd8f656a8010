"""A run of the command line is listed where the Dagster UI looks for the runs of a job."""

from collections.abc import Iterator

import dagster as dg
import pytest
import yaml

from pipeline.home.paths import PROJECT_ROOT
from pipeline.orchestration.dead_runs import PROCESS_TAG, end_dead_runs
from pipeline.orchestration.run_tags import CODE_LOCATION, forget_parents_version, list_under_job, tag_run

# The filter of the job's page: `resolve_runs` of a job in dagster_graphql.
OF_THE_JOB = dg.RunsFilter(job_name="nightly", tags={".dagster/repository": "__repository__@growthhouse"})


@dg.asset
def table(context: dg.AssetExecutionContext) -> None:
    list_under_job(context.instance, context.run)
    tag_run(context.instance, context.run_id, as_of="2026-01-20")


def table_job() -> dg.JobDefinition:
    return dg.Definitions(assets=[table], jobs=[dg.define_asset_job("nightly")]).resolve_job_def("nightly")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """What `growthhouse run` leaves: a run of `execute_in_process`."""
    return table_job().execute_in_process(instance=instance).dagster_run


def test_the_run_is_found_by_job_and_code_location(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    assert [found.run_id for found in instance.get_runs(OF_THE_JOB)] == [run.run_id]
    origin = instance.get_runs()[0].remote_job_origin
    assert origin is not None
    assert (origin.location_name, origin.job_name) == ("growthhouse", "nightly")


def test_the_run_ends_and_keeps_its_tags(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    (stored,) = instance.get_runs()
    assert stored.status == dg.DagsterRunStatus.SUCCESS
    assert (stored.tags["as_of"], stored.tags["dagster/code_location"]) == ("2026-01-20", "growthhouse")
    assert "version" not in stored.tags
    tag_run(instance, run.run_id, as_of="2026-01-20", version="20260121T000000000000Z")
    assert instance.get_runs()[0].tags["version"] == "20260121T000000000000Z"


def test_the_code_location_is_the_one_of_the_workspace() -> None:
    (location,) = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    assert location["python_module"]["location_name"] == CODE_LOCATION


def test_a_re_execution_claims_neither_version_nor_process_of_its_parent(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    tags = {"version": "20260121T000000000000Z", PROCESS_TAG: "999999999"}
    again = instance.create_run_for_job(
        table_job(), tags=tags, parent_run_id=run.run_id, root_run_id=run.run_id, status=dg.DagsterRunStatus.NOT_STARTED
    )
    assert end_dead_runs(instance) == []
    forget_parents_version(instance, again)
    stored = instance.get_run_by_id(again.run_id)
    assert stored is not None and stored.tags["version"] == "none"
