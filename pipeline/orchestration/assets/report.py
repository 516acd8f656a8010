"""The report of the published version: the last step of a night. Its content is in `pipeline.reports`.

It comes after publishing, so an error here leaves the published version unaffected.
"""

from typing import Any

import dagster as dg

from pipeline.orchestration.assets.warehouse import WAREHOUSE
from pipeline.orchestration.resources import GrowthHome
from pipeline.reports import ReportError, write_report

REPORT = dg.AssetKey(["published", "report"])
AGAIN = "growthhouse run --select 'key:\"published/report\"'"


@dg.asset(
    key=REPORT,
    deps=[WAREHOUSE],
    group_name="published",
    kinds={"html"},
    owners=["team:data-engineering"],
    description="data/reports/report-<version>.html: people, models and the night of the published version.",
)
def report(context: dg.AssetExecutionContext, growth: GrowthHome) -> dg.MaterializeResult[Any]:
    try:
        path = write_report(growth.paths, currency=growth.settings.site.currency)
    except ReportError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except Exception as error:
        raise dg.Failure(
            f"{type(error).__name__}: {error}\nThe published version is unaffected. `{AGAIN}` writes its report.",
            allow_retries=False,
        ) from error
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(path)),
            "open": "growthhouse report --open",  # a page from a server may not link to a file
            "size_kb": round(path.stat().st_size / 1e3),
        }
    )
