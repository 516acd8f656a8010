"""Expected orders and revenue as one step: order histories out of the build database, values to Parquet.

Not here: any modelling (see `models.value`); dbt reads the Parquet files back as `ml.*`.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from pipeline.home.parquet import write_parquet
from pipeline.orchestration.assets.model_outputs import output_specs
from pipeline.orchestration.resources import GrowthHome
from pipeline.orchestration.ui.markdown import decimals, table
from pipeline.orchestration.ui.table_metadata import frame_metadata
from pipeline.predict.features import read_order_histories

INPUTS = [dg.AssetKey(["marts", "order_histories"])]
OUTPUTS = output_specs("estimate_customer_value", INPUTS, {"scipy"})
SEED = 7


@dg.multi_asset(name="estimate_customer_value", specs=OUTPUTS)
def estimate_customer_value(growth: GrowthHome) -> Iterator[dg.MaterializeResult]:
    from models.common import write_folder
    from models.value import value_customers

    as_of, horizon = date.fromisoformat(growth.run.as_of), growth.settings.customer_value.horizon_days
    result = value_customers(read_order_histories(growth.paths.build_db), as_of, horizon, SEED)
    write_folder(growth.paths.ml / "artifacts" / "customer_value", result.card, {})
    written = {
        "customer_value": (result.frame, _value_metadata(result.card, result.frame)),
        "customer_value_metrics": (result.metrics, {"holdout": dg.MetadataValue.md(_comparison(result.card))}),
    }
    for spec in OUTPUTS:
        name = spec.key.path[-1]
        frame, more = written[name]
        path = growth.paths.ml / f"{name}.parquet"
        write_parquet(frame, path)
        yield dg.MaterializeResult(asset_key=spec.key, metadata=frame_metadata(frame, path) | more)


def _value_metadata(card: dict[str, Any], frame: Any) -> dict[str, Any]:
    return {
        "algorithm": card["algorithm"],
        "model_version": card["model_version"],
        "is_promoted": card["is_promoted"],
        "why": card["reason"],
        "horizon_days": card["horizon_days"],
        "parameters": dg.MetadataValue.json({name: card[name] for name in ("bgnbd", "gamma_gamma")}),
        "expected_orders": float(frame["expected_orders"].sum()),
        "expected_revenue": float(frame["expected_revenue"].sum()),
    }


def _comparison(card: dict[str, Any]) -> str:
    """The holdout as a table: each metric with its interval, beside the constant-rate baseline."""
    if not card["metrics"]:
        return card["reason"]
    head = ["metric", "value", "ci_low", "ci_high", "baseline_value"]
    rows = ([decimals(row[name]) for name in head] for row in card["metrics"])
    return f"{card['holdout_days']} days held out\n\n{table(head, rows)}"
