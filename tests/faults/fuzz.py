"""Any value in any column: every line is loaded or rejected with a reason, and no value changes another line.

    PYTHONPATH=tests/support .venv/bin/python -m tests.faults.fuzz [--values 1000000] [--seed 1] [--column event_at]

For each format and canonical column a file with so many lines, each with another odd value there (odd_values.py), and a
file with odd values in many columns at once. An ingest that raises is repeated on halves until the line is found. A
short run is part of the tests (tests/component/ingest/test_odd_values.py).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from ingest_home import Home
from odd_values import odd_texts

from pipeline.ingest.formats import tracker
from pipeline.ingest.usual_keys import USUAL_KEYS
from pipeline.settings import CANONICAL_COLUMNS

GOOD = {"event_name": "purchase", "event_at": "2026-01-05T10:00:00Z", "user_id": "u1"}
ALL = "all at once"
Row = dict[str, str]


def tracker_lines(rows: Sequence[Row]) -> bytes:
    """Every column under one of its names; the value as JSON text, or as it is where that is JSON."""
    names = {column: keys[0] for column, keys in (USUAL_KEYS | tracker._ENVELOPE).items()}
    return "".join(json.dumps({names.get(c, c): v for c, v in row.items()}) + "\n" for row in rows).encode()


def json_lines(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "replace")


def csv_lines(rows: Sequence[Row]) -> bytes:
    """A NUL or a line end would be another record: those are tested where lines are."""
    out = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.get(c, "").translate({0: None, 10: None, 13: None}) for c in columns])
    return out.getvalue().encode("utf-8", "replace")


def parquet(rows: Sequence[Row]) -> bytes:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(json_lines(rows))
        types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
        con.execute(f"copy (from read_json('{path}', columns = {{{types}}})) to '{folder}/rows.parquet'")
        return (Path(folder) / "rows.parquet").read_bytes()


@dataclass(frozen=True)
class Form:
    """A kind of file, and the source that reads it."""

    name: str
    ending: str
    write: Callable[[Sequence[Row]], bytes]
    source: dict[str, Any] = field(default_factory=dict)


_TABLE = {"format": "table", "columns": {column: column for column in CANONICAL_COLUMNS}}
FORMS = (
    Form("tracker", "jsonl", tracker_lines, {"format": "tracker", "timezone": "America/New_York"}),
    Form("table of JSON lines", "jsonl", json_lines, {**_TABLE, "timezone": "Asia/Shanghai"}),
    Form("table of CSV", "csv", csv_lines, _TABLE),
    Form("table of Parquet", "parquet", parquet, {**_TABLE, "timezone": "Europe/Berlin"}),
    *(
        Form(
            f"table of CSV, {form}", "csv", csv_lines, {**_TABLE, "timestamp_format": form, "timezone": "Asia/Shanghai"}
        )
        for form in ("epoch_s", "epoch_ms", "epoch_us", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%d %b %Y %H:%M %Z")
    ),
)


Times = dict[int, Any]  # event_at of the lines that were loaded, by their place


def times_of(form: Form, rows: Sequence[Row]) -> Times:
    """Ingest the rows; AssertionError where one is neither loaded nor rejected, or is both."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        source = {"name": "s", "path": "in/*", **form.source}
        if form.source["format"] == "table":
            source["columns"] = {column: column for column in dict.fromkeys(c for row in rows for c in row)}
        home = Home(Path(folder), source)
        home.put(f"a.{form.ending}", form.write(rows))
        home.ingest()
        (row,) = home.ledger()
        assert row.n_lines == row.n_accepted + row.n_rejected == len(rows), (row, len(rows))
        lake, first = f"{folder}/data/lake", 2 if form.ending == "csv" else 1
        loaded = (
            f"read_parquet('{lake}/events/*/*.parquet')" if row.n_accepted else "(select 0 as line_number where false)"
        )
        rejected = (
            f"read_parquet('{lake}/rejected/*.parquet')" if row.n_rejected else "(select 0 as line_number where false)"
        )
        numbers = f"(select line_number from {loaded} union all select line_number from {rejected})"
        span = con.execute(f"select count(*), count(distinct line_number), min(line_number) from {numbers}").fetchall()[
            0
        ]
        assert span == (len(rows), len(rows), first), (span, len(rows))
        if not row.n_accepted:
            return {}
        bad = con.execute(f"select count(*) from {loaded} where not json_valid(properties)").fetchall()[0][0]
        assert not bad, f"{bad} lines with properties that are no JSON"
        return dict(con.execute(f"select line_number - {first}, event_at from {loaded}").fetchall())


def smallest_that_raises(form: Form, rows: Sequence[Row]) -> Sequence[Row]:
    """Halve rows that stop an ingest until one is left, or neither half stops it alone."""
    while len(rows) > 1:
        halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        failing = next((half for half in halves if _failure(form, half)), None)
        if failing is None:
            break
        rows = failing
    return rows


def _failure(form: Form, rows: Sequence[Row]) -> str:
    try:
        times_of(form, rows)
    except Exception as error:  # whatever is raised is what is looked for
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return ""


def rows_of(column: str, texts: Sequence[str]) -> list[Row]:
    """A good line for each text, with the text in one column."""
    return [{**GOOD, column: text} for text in texts]


def mixed_rows(texts: Sequence[str], rng: random.Random) -> list[Row]:
    """As many lines, each with texts in about a third of all columns."""
    return [
        {**GOOD, **{column: rng.choice(texts) for column in CANONICAL_COLUMNS if rng.random() < 0.3}} for _ in texts
    ]


def is_read_alone_alike(form: Form, rows: Sequence[Row], times: Times, rng: random.Random) -> bool:
    """Whether some of the lines have the same time in another order, among fewer lines."""
    chosen = rng.sample(range(len(rows)), min(len(rows), 500))
    again = times_of(form, [rows[place] for place in chosen])
    return again == {number: times[place] for number, place in enumerate(chosen) if place in times}


def fuzz(form: Form, column: str, texts: Sequence[str], seed: int) -> str:
    """One file of many lines: "" where all is well, else what is not and the line that did it."""
    rng = random.Random(seed)
    rows = mixed_rows(texts, rng) if column == ALL else rows_of(column, texts)
    try:
        times = times_of(form, rows)
    except Exception:  # whatever is raised is what is looked for
        smallest = smallest_that_raises(form, rows)
        return f"{_failure(form, smallest)} by {smallest[:1]!r}"
    return "" if is_read_alone_alike(form, rows, times, rng) else "some lines have another time alone"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--values", type=int, default=1_000_000, help="per format and column")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--column", action="append", choices=[*CANONICAL_COLUMNS, ALL])
    parser.add_argument("--form", action="append", choices=[form.name for form in FORMS])
    chosen = parser.parse_args()
    texts = list(odd_texts(chosen.values, chosen.seed))
    print("| format | column | values | |\n|---|---|---|---|", flush=True)
    n_off = 0
    for form in FORMS:
        if chosen.form and form.name not in chosen.form:
            continue
        # another format of time changes how times are read, and nothing else
        columns = ("event_at", "received_at") if "timestamp_format" in form.source else (*CANONICAL_COLUMNS, ALL)
        for column in columns:
            if not chosen.column or column in chosen.column:
                problem = fuzz(form, column, texts, chosen.seed)
                n_off += bool(problem)
                print(f"| {form.name} | {column} | {len(texts):,} | {problem or 'ok'} |", flush=True)
    return int(n_off > 0)


if __name__ == "__main__":
    sys.exit(main())
