"""The last asset of a night: the published warehouse. The work itself is in `pipeline.publish`."""


from datetime import date

import dagster as dg

from pipeline.assets.dbt_layers import MANIFEST, TRANSLATOR
from pipeline.publish import PUBLISHED_SCHEMAS, publish
from pipeline.resources import GrowthHome

WAREHOUSE = dg.AssetKey(["published", "warehouse"])
_PUBLISHED_MODELS = [
    TRANSLATOR.get_asset_key(node)
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model" and node["schema"] in PUBLISHED_SCHEMAS
]


@dg.asset(
    key=WAREHOUSE,
    deps=_PUBLISHED_MODELS,
    group_name="published",
    kinds={"duckdb"},
    owners=["team:data-engineering"],
    description="data/warehouse.duckdb: the audited, immutable version that analysts query.",
    retry_policy=dg.RetryPolicy(max_retries=1, delay=10),
)
def warehouse(context: dg.AssetExecutionContext, growth: GrowthHome) -> dg.MaterializeResult:
    result = publish(growth.paths, as_of=date.fromisoformat(growth.run.as_of), run_id=context.run_id)
    return dg.MaterializeResult(
        metadata={
            "version": result.version,
            "as_of": growth.run.as_of,
            "path": dg.MetadataValue.path(str(growth.paths.warehouse)),
            "size_mb": round(result.path.stat().st_size / 1e6, 1),
            "n_events": result.row_counts.get("marts.fct_events", 0),
            "tables": dg.MetadataValue.json(result.row_counts),
        }
    )
