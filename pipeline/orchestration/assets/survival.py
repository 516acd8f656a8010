"""Lifetimes as survival curves: one step after the segments, which are among the groups.

Not here: the estimate (see `models.survival`); dbt reads the Parquet file back as `ml.survival_curves`.
"""

from datetime import date
from typing import Any

import dagster as dg

from pipeline.home.memory import reading
from pipeline.home.parquet import write_parquet
from pipeline.orchestration.assets.model_outputs import output_specs
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.ui.markdown import quoted, table
from pipeline.orchestration.ui.table_metadata import frame_metadata
from pipeline.predict.lifetimes import read_lifetimes, why_no_curve

INPUTS = [
    dg.AssetKey(["predictions", "user_segments"]),
    dg.AssetKey(["marts", "user_features"]),
    dg.AssetKey(["marts", "dim_users"]),
]


@dg.multi_asset(
    name="predictions__survival_curves", specs=output_specs("predictions__survival_curves", INPUTS, {"scipy"})
)
def estimate_survival(context: dg.AssetExecutionContext, growth: GrowthHome) -> dg.MaterializeResult[Any]:
    from models.survival import curves_by_group, survival_curves

    as_of, path = date.fromisoformat(growth.run.as_of), growth.paths.ml / "survival_curves.parquet"
    segments, lookback_days = growth.paths.ml / "user_segments.parquet", growth.settings.churn.lookback_days
    curves = curves_by_group(read_lifetimes(growth.paths.build_db, segments, as_of, lookback_days))
    frame = survival_curves(curves, as_of)
    write_parquet(frame, path)
    metadata = frame_metadata(frame, path)
    if curves:
        return dg.MaterializeResult(metadata=metadata | {"median_lifetime_days": dg.MetadataValue.md(_medians(curves))})
    with reading(growth.paths.build_db) as con:
        why = why_no_curve(con) or "no persons yet"
    context.log.warning(f"no survival curve: {why}")
    return dg.MaterializeResult(metadata=metadata | {"why_no_curve": why})


def _medians(curves: dict[tuple[str, str], Any]) -> str:
    head = ["group", "persons", "left", "median lifetime, days"]
    rows = [
        [
            quoted(f"{breakdown}: {value}"),
            f"{curve.n_at_risk[0]:,}",
            f"{curve.n_left.sum():,}",
            "not reached" if curve.median_days is None else str(curve.median_days),
        ]
        for (breakdown, value), curve in curves.items()
    ]
    return table(head, rows)
