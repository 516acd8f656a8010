"""What the steps of the models write: one asset per Parquet file, as declared in dbt's source `predictions`.

Not here: how a step makes its files (`predictions.py` and its neighbours).
"""

from collections.abc import Sequence, Set

import dagster as dg

from pipeline.build.tables import read_manifest

_SOURCE = "predictions"


def output_specs(step: str, deps: Sequence[dg.AssetKey], kinds: Set[str]) -> list[dg.AssetSpec]:
    """The assets that a step writes: the tables of the source whose meta names it."""
    return [
        dg.AssetSpec(
            dg.AssetKey([_SOURCE, source["name"]]),
            deps=deps,
            group_name="ml",
            kinds={"python", *kinds},
            owners=["team:data-science"],
            description=f"{source['description']} As a Parquet file, before dbt types it.",
        )
        for source in read_manifest()["sources"].values()
        if source["source_name"] == _SOURCE and source["meta"]["step"] == step
    ]
