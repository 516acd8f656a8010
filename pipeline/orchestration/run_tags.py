"""What the Dagster UI lists a run by: its job, and tags for as_of and the published version.

Not here: the history of runs in the warehouse (`pipeline.orchestration.run_history`).
"""

import json
from typing import Any

import dagster as dg

CODE_LOCATION = "growthhouse"  # as in workspace.yaml
AS_OF_TAG, VERSION_TAG = "as_of", "version"
_CODE_LOCATION_TAG, _REPOSITORY_TAG = "dagster/code_location", ".dagster/repository"  # as Dagster sets them
_REPOSITORY = "__repository__"  # Dagster's name for what a `Definitions` object holds


def list_under_job(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Record the code location of a run that `execute_in_process` created; runs from the UI and the daemon have it.

    Without it the run is missing from the pages of its job and from the timeline, and the UI cannot re-execute it
    (https://github.com/dagster-io/dagster/issues/17707).
    """
    if run.remote_job_origin is not None:
        return
    label = f"{_REPOSITORY}@{CODE_LOCATION}"
    instance.add_run_tags(run.run_id, {_REPOSITORY_TAG: label, _CODE_LOCATION_TAG: CODE_LOCATION})
    stored = instance.get_run_by_id(run.run_id)
    if stored is not None:
        # What `dagster run migrate-repository` does.
        instance.run_storage.replace_job_origin(stored, _origin(run.job_name))


def _origin(job_name: str) -> Any:
    """The origin of a job. Its class is private, so it is read from the form in which Dagster stores it."""
    location = {"__class__": "RegisteredRepositoryLocationOrigin", "location_name": CODE_LOCATION}
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": location,
        "repository_name": _REPOSITORY,
    }
    job = {"__class__": "ExternalPipelineOrigin", "external_repository_origin": repository, "pipeline_name": job_name}
    return dg.deserialize_value(json.dumps(job))


def forget_parents_version(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """A re-execution inherits the tags of its parent, but has published nothing yet."""
    if run.parent_run_id and VERSION_TAG in run.tags:
        instance.add_run_tags(run.run_id, {VERSION_TAG: "none"})


def tag_run(instance: dg.DagsterInstance, run_id: str, *, as_of: str = "", version: str = "") -> None:
    """Tag a run with what is known of it so far."""
    tags = {AS_OF_TAG: as_of, VERSION_TAG: version}
    instance.add_run_tags(run_id, {name: value for name, value in tags.items() if value})
