"""What only DuckDB can say of a config: whether it knows a time zone, reads a pattern of times, evaluates a condition.

Settings are loaded without DuckDB, so this runs with the formats' own checks, wherever they are loaded for a night.
Not here: which SQL a condition may contain (`pipeline.settings.predicates`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import duckdb

from pipeline.home.calendar import is_timezone
from pipeline.settings import EVENT_COLUMNS, Location, Settings

Problem = tuple[Location, str]


def problems(settings: Settings) -> Iterator[Problem]:
    """Location of a value, and why it would stop every night."""
    zones: dict[Location, str] = {("site", "timezone"): settings.site.timezone}
    for index, source in enumerate(settings.sources):
        zones["sources", index, "timezone"] = source.timezone
    for place, zone in zones.items():
        if not is_timezone(zone):
            yield place, f"expected a time zone that DuckDB knows, such as UTC or Asia/Shanghai, not {zone!r}"
    for index, source in enumerate(settings.sources):
        if "%" in source.timestamp_format and (error := _error("try_strptime('', ?)", source.timestamp_format)):
            yield ("sources", index, "timestamp_format"), f"a strptime pattern that DuckDB cannot read ({error})"
    for index, funnel in enumerate(() if settings.has_default_funnels else settings.funnels):
        for number, step in enumerate(funnel.steps):
            if step.where and (error := _error(f"({step.where})")):
                yield (
                    ("funnels", index, "steps", number, "where"),
                    f"a condition that DuckDB cannot evaluate on any event ({error})",
                )


def _error(expression: str, *parameters: str) -> str:
    """What DuckDB says of an expression on an event of nulls and on one with values: constants fail on any."""
    with _events().cursor() as con:
        try:
            con.execute(f"select {expression} from events", list(parameters)).fetchall()
        except duckdb.Error as error:
            return str(error).splitlines()[0]
    return ""


@cache
def _events() -> duckdb.DuckDBPyConnection:
    """An event without values, and one whose values can be cast to most types."""
    values = {"TIMESTAMP": "2026-01-01", "DATE": "2026-01-01"}
    con = duckdb.connect(config={"threads": 1})
    con.execute(f"create table events ({', '.join(f'{name} {kind}' for name, kind in EVENT_COLUMNS.items())})")
    con.execute(f"insert into events ({next(iter(EVENT_COLUMNS))}) values (null)")
    typical = ["{}" if name == "properties" else values.get(kind, "1") for name, kind in EVENT_COLUMNS.items()]
    con.execute(f"insert into events values ({', '.join('?' * len(typical))})", typical)
    return con
