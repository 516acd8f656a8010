"""The context of one night: its as_of date, run and configuration, as dbt variables.

Written by the ingest step, read by every later one, so that all of them agree on `as_of`.
"""

from __future__ import annotations

import glob
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipeline.build.funnels import Occurring, funnel_variables, has_amounts, left_out
from pipeline.build.user_agents import RULES
from pipeline.home.atomic import write_text
from pipeline.home.calendar import local_date
from pipeline.home.paths import HomePaths
from pipeline.ingest import describe_rejects, format_of, read_ledger
from pipeline.settings import Settings

SNAPSHOT_STEP_DAYS = 7
MAX_SNAPSHOTS = 8


@dataclass(frozen=True)
class RunContext:
    """as_of: last calendar date (site timezone) the night may use; first_date: first date of the data.

    read_again: file_ids requested to be read and built again (`growthhouse backfill`).
    first_held_date: first date of the events that are held back for having come too late; empty without any.
    has_amounts: whether any purchase of the data is above 0; looked up only where a default funnel depends on it.
    """

    run_id: str
    as_of: str
    first_date: str
    event_names: list[str]
    read_again: list[str] = field(default_factory=list)
    first_held_date: str = ""
    has_amounts: bool = True

    def write(self, path: Path) -> None:
        write_text(json.dumps(asdict(self)), path)

    @staticmethod
    def read(path: Path) -> RunContext:
        return RunContext(**json.loads(path.read_text(encoding="utf-8")))


def resolve(settings: Settings, paths: HomePaths, *, requested: date | None, run_id: str, now: datetime) -> RunContext:
    """The night's context: as_of is the requested date, else the data's last date, at most yesterday.

    Raises ValueError when the lake holds no event up to the requested date.
    """
    row = duckdb.execute(
        "select min(min_event_at), max(max_event_at) from read_parquet(?) where status = 'loaded' and n_accepted > 0",
        [str(paths.ledger)],
    ).fetchone()
    if row is None or row[0] is None:
        raise ValueError(_describe_no_event(settings, paths))
    first, last = (local_date(value, settings.site.timezone) for value in row)
    names = duckdb.execute(
        "select distinct unnest(event_names) from read_parquet(?) where status = 'loaded' order by 1",
        [str(paths.ledger)],
    ).fetchall()
    yesterday = local_date(now, settings.site.timezone) - timedelta(days=1)
    as_of = requested or min(last, yesterday)
    if as_of < first:
        raise ValueError(f"no event on or before {as_of}: the data starts on {first}")
    held = duckdb.execute(  # a ledger of an older version has no such column
        "select min(too_late_from) from (from read_parquet(?) where status <> 'superseded' "
        "union all by name select cast(null as date) as too_late_from)",
        [str(paths.ledger)],
    ).fetchone()
    first_held = held[0].isoformat() if held and held[0] else ""
    event_names = [name for (name,) in names]
    is_asked = settings.has_default_funnels and "purchase" in event_names
    return RunContext(
        run_id,
        as_of.isoformat(),
        first.isoformat(),
        event_names,
        first_held_date=first_held,
        has_amounts=not is_asked or has_amounts(place_variables(paths)["lake_events"], paths.ledger),
    )


def _describe_no_event(settings: Settings, paths: HomePaths) -> str:
    rows = [row for row in read_ledger(paths.ledger) if row.is_active and row.n_rejected]
    if not rows:
        return "the lake holds no events yet: check the sources in growth.yaml and data/raw"
    n_lines = sum(row.n_rejected for row in rows)
    return (
        f"no event was loaded: all {n_lines:,} lines of {len(rows):,} files were rejected.\n"
        f"{describe_rejects(settings)}\n"
        "`growthhouse rejected` prints the lines. Correct the sources in growth.yaml or the files, then run again"
    )


def snapshot_dates(first: date, as_of: date, horizon_days: int, min_step_days: int = SNAPSHOT_STEP_DAYS) -> list[str]:
    """Snapshots whose horizon is over by as_of, oldest first, and as_of itself.

    They lie a week apart, or a horizon where that is longer, so that no label covers the days of another, and on the
    same
    dates night after night: what was trained on them is good until the next one is over. Histories too short for three
    of those step closer: enough to see scores, but nothing trained on them is promoted.
    """
    latest = as_of - timedelta(days=horizon_days)
    room = (latest - first).days
    step = max(min_step_days, horizon_days)
    if room <= 3 * step:
        step = max(1, room // 4)
    else:
        latest -= timedelta(days=latest.toordinal() % step)
    dates: list[date] = []
    day = latest
    while day > first and len(dates) < MAX_SNAPSHOTS:
        dates.append(day)
        day -= timedelta(days=step)
    return [d.isoformat() for d in sorted(dates)] + [as_of.isoformat()]


def place_variables(paths: HomePaths) -> dict[str, str]:
    """Where the data of a home is: the whole lake, and the files beside it."""
    lake = Path(glob.escape(str(paths.lake)))  # these go into patterns, and a home may be called [x]
    return {
        "lake_events": str(lake / "events" / "*" / "*.parquet"),
        "lake_rejected": str(lake / "rejected" / "*.parquet"),
        "ledger": str(paths.ledger),
        "ml_dir": str(paths.ml),
        "user_agents": str(paths.user_agents),
        "quality_results": str(paths.quality_results),
        "runs": str(paths.runs),
        "run_stages": str(paths.run_stages),
        "reconciliation_history": str(paths.reconciliation),
        "user_history": str(paths.user_history),
    }


def dbt_variables(settings: Settings, paths: HomePaths, context: RunContext) -> dict[str, Any]:
    """Every dbt variable of the night, from the configuration and the context."""
    as_of = date.fromisoformat(context.as_of)
    horizon = max(settings.churn.horizon_days, settings.purchase.horizon_days)
    data = Occurring(tuple(context.event_names), context.has_amounts)
    return {
        **place_variables(paths),
        "user_agent_rules": RULES,
        "run_id": context.run_id,
        "as_of_date": context.as_of,
        "timezone": settings.site.timezone,
        "currency": settings.site.currency,
        "week_start": settings.site.week_start,
        "session_timeout_minutes": settings.sessions.timeout_minutes,
        "session_max_hours": settings.sessions.max_hours,
        "cut_at_midnight": settings.sessions.cut_at_midnight,
        "cut_on_campaign": settings.sessions.cut_on_campaign,
        "max_engaged_gap_s": settings.sessions.max_engaged_gap_s,
        "server_sources": [source.name for source in settings.sources if not source.sessions],
        "latest_copy_sources": [source.name for source in settings.sources if format_of(source).latest_copy_counts],
        "declarations": {
            source.name: names
            for source in settings.sources
            if (names := [name for name in format_of(source).declarations if name not in source.event_names])
        },
        "own_order_ids": [source.name for source in settings.sources if source.order_ids == "own"],
        "max_orders_per_day": settings.cleaning.max_orders_per_day,
        "brushing_window_days": settings.cleaning.brushing_window_days,
        "max_orders_per_item": settings.cleaning.max_orders_per_item,
        "max_accounts_per_device": settings.cleaning.max_accounts_per_device,
        "max_events_per_minute": settings.cleaning.max_events_per_minute,
        "max_users_per_device": settings.identity.max_users_per_device,
        "funnels": funnel_variables(settings, data),
        "left_out_of_funnels": left_out(settings, data),
        "retention": settings.retention.model_dump(mode="json"),
        "attribution": {
            "lookback_s": settings.attribution.lookback,
            "half_life_s": settings.attribution.half_life,
            "first_share": settings.attribution.first_share,
            "last_share": settings.attribution.last_share,
        },
        "paths": settings.paths.model_dump(mode="json"),
        "aha": settings.aha.model_dump(mode="json"),
        "churn": settings.churn.model_dump(mode="json", exclude={"action", "bands"}),
        "purchase": settings.purchase.model_dump(mode="json", exclude={"action", "bands"}),
        "customer_value": settings.customer_value.model_dump(mode="json"),
        "market_basket": settings.market_basket.model_dump(mode="json"),
        "recommendations": {"event_weights": interaction_weights(settings, context.event_names)},
        "snapshot_dates": snapshot_dates(date.fromisoformat(context.first_date), as_of, horizon),
    }


def interaction_weights(settings: Settings, event_names: list[str]) -> list[dict[str, Any]]:
    """Events that show interest in an item, the heaviest first; none where the config names no weights and no event
    of the default ones occurs: then every event that names an item counts the same."""
    recommendations = settings.recommendations
    weights = {event: weight for event, weight in recommendations.event_weights.items() if weight > 0}
    if "event_weights" not in recommendations.model_fields_set and not set(weights) & set(event_names):
        return []
    return [
        {"event": event, "weight": weight} for event, weight in sorted(weights.items(), key=lambda x: (-x[1], x[0]))
    ]
