"""Text to time: each value by itself, whatever stands beside it, in the zone of its source where it names none."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import duckdb
import pytest

from pipeline.ingest import times

INSTANT, SHANGHAI = datetime(2026, 11, 10, 10), "Asia/Shanghai"
# All of these are 10 November 2026, 10:00 UTC, whatever the zone of the source.
SAID = [
    "2026-11-10T10:00:00Z",
    "2026-11-10T10:00Z",
    "20261110T100000Z",
    "2026-11-10t10:00:00z",
    "2026-11-10T18:00:00+08:00",
    "2026-11-10T18:00:00+0800",
    "2026-11-10T18:00:00+08",
    "2026-11-10T04:30:00-05:30",
    "2026-11-10 10:00:00.000 +0000",  # Snowflake
    "2026-11-10 10:00:00 UTC",  # BigQuery
    "2026-11-10 10:00:00 +0000 UTC",  # Go
    "2026-11-10 18:00:00 +0800 CST m=+0.01",
    "2026-11-10T18:00+08:00[Asia/Shanghai]",  # Java
    "Tue Nov 10 10:00:00 UTC 2026",
    "Tue Nov 10 2026 18:00:00 GMT+0800 (China Standard Time)",  # JavaScript
    "Tue, 10 Nov 2026 10:00:00 GMT",
    "10 Nov 2026 18:00:00 +0800",
    "2026-11-10 05:00:00 America/New_York",
    "2026-11-10 19:00:00 Japan",
    "2026-11-10 05:00:00 EST",
    "2026-11-10 11:00:00 CET",
    "1794304800",
    "1794304800000",
    "1794304800000000",
    "1794304800000000000",
]
WALL = ["2026-11-10 10:00:00", "2026-11-10T10:00", "20261110T100000", "Tue Nov 10 10:00:00 2026"]
NONE = [
    *(f"2026-11-10 18:00:00 {letters}" for letters in ("CST", "IST", "BST", "PST", "AST", "XYZ", "Foo/Bar", "Factory")),
    *("Tue Nov 10 18:00:00 CST 2026", "2026-11-10T10:00:00+99:00", "2026-11-10T10:00:00+08:60", "2026-02-30", "10:00"),
    *("epoch", "infinity", "-infinity", "now", "today", "", "2026-11-10 10:00:00 (BC)", "290309-12-22 (BC) 00:00:00"),
    *("294247-01-10T04:00:54.775806Z", "294247-01-10T04:00:54+18:00", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    *("99999999999999999999", "1e300", "-1794304800", "17943048000", "٢٠٢٦-11-10"),
]


def read(texts: list[str], form: str = "iso", zone: str = "UTC") -> list[datetime | None]:
    """All texts in one column, in this order."""
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        times.install(con)
        con.execute("create table given as select unnest(?) as moment", [texts])
        plain, other = times.plain_time("moment", form, zone), times.other_times({"moment": form}, zone)
        query = (
            f"""select coalesce(moment_plain, ({other})[1]) from (select moment, {plain} as moment_plain from given)"""
        )
        return [row[0] for row in con.execute(query).fetchall()]


@pytest.mark.parametrize("zone", ["UTC", SHANGHAI, "America/New_York"])
def test_a_time_that_says_its_offset_is_not_moved(zone: str) -> None:
    assert dict(zip(SAID, read(SAID, zone=zone), strict=True)) == dict.fromkeys(SAID, INSTANT)


def test_a_time_that_says_none_is_in_the_zone_of_its_source() -> None:
    assert read(WALL) == [INSTANT] * len(WALL)
    assert read(WALL, zone=SHANGHAI) == [datetime(2026, 11, 10, 2)] * len(WALL)


def test_what_is_ambiguous_or_no_time_is_none() -> None:
    assert dict(zip(NONE, read(NONE, zone=SHANGHAI), strict=True)) == dict.fromkeys(NONE)


def test_a_value_is_read_by_itself_whatever_stands_beside_it() -> None:
    rng = random.Random(46)
    column = rng.choices([*SAID, *WALL, *WALL, *WALL, *NONE], k=5_000)
    alone = {text: read([text], zone=SHANGHAI)[0] for text in {*SAID, *WALL, *NONE}}
    assert read(column, zone=SHANGHAI) == [alone[text] for text in column]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("epoch_s", "1794304800", INSTANT),
        ("epoch_s", "1794304800.25", INSTANT.replace(microsecond=250_000)),
        ("epoch_s", "1794304800000", None),
        ("epoch_s", "1794304800000000", None),
        ("epoch_s", "9" * 40, None),
        ("epoch_ms", "1794304800000000000", None),
        ("epoch_us", "-1", None),
        ("epoch_us", "nan.", None),
        ("%d.%m.%Y %H:%M", "10.11.2026 18:00", INSTANT),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-11-10T11:00:00+0100", INSTANT),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-11-10T10:00:00Z", INSTANT),
        ("%Y-%m-%dT%H:%M:%SZ", "2026-11-10T10:00:00Z", INSTANT),
        ("%Y-%m-%d %H:%M:%S %Z", "2026-11-10 05:00:00 EST", INSTANT),
        ("%Y-%m-%d %H:%M:%S %Z", "2026-11-10 11:00:00 Europe/Berlin", INSTANT),
        ("%Y-%m-%d %H:%M:%S %Z", "2026-11-10 18:00:00 CST", None),
        ("%a %b %d %H:%M:%S %Z %Y", "Tue Nov 10 10:00:00 UTC 2026", INSTANT),
        ("%Y", "epoch", None),
        ("%Y-%m-%d", "0000-01-01", None),
    ],
)
def test_other_forms_that_a_source_names(form: str, text: str, expected: Any) -> None:
    assert read([text], form, SHANGHAI) == [expected]
