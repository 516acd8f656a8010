"""Properties that hold for any input: order and copies do not matter, and no bytes make the ingest lose a good line."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ingest_home import Home, jsonl, track

# An ingest takes a tenth of a second, whatever it reads: few examples, each with many lines or many files of junk.
SLOW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = st.sampled_from(["colour", "Colour", "size", "price", "a.b", "", "ü", "x/y"])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text('ab"\\ {[,', max_size=4), st.just({"n": 1}), st.just([])
)
LINES = st.builds(
    lambda event, minute, user, more, properties: {
        **more,
        **track(event, f"2026-01-05T10:{minute:02}:00Z", user),
        **({"properties": properties} if properties else {}),
    },
    st.sampled_from(["view_item", "purchase", "x"]),
    st.integers(0, 59),
    st.sampled_from(["u1", "u2"]),
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.dictionaries(KEYS, VALUES, max_size=3),
)
PLACE = ("file_id", "file", "line_number")


def read(*files: bytes) -> list[tuple[Any, ...]]:
    """The events of some files without their places, one row per event id."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        for number, content in enumerate(files):
            home.put(f"{number}.jsonl", content)
        home.ingest()
        events = {event["event_id"]: tuple(v for k, v in event.items() if k not in PLACE) for event in home.events()}
        assert all(row.n_lines == row.n_accepted + row.n_rejected for row in home.ledger())
        return [events[key] for key in sorted(events)]


@SLOW
@given(st.lists(LINES, min_size=1, max_size=16), st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_lines_and_their_files_does_not_matter(
    lines: list[dict[str, Any]], rng: random.Random, n: int
) -> None:
    lines.append(track())
    shuffled = rng.sample(lines, len(lines))
    parts = [shuffled[start::n] for start in range(n)]
    assert read(jsonl(*lines)) == read(*(jsonl(*part) for part in parts))


@SLOW
@given(st.lists(LINES, min_size=1, max_size=16), st.data())
def test_lines_that_come_twice_are_the_same_events(lines: list[dict[str, Any]], data: st.DataObject) -> None:
    lines.append(track())
    again = data.draw(st.lists(st.sampled_from(lines), max_size=10))
    assert read(jsonl(*lines)) == read(jsonl(*lines, *again), jsonl(*again, track()))


@SLOW
@given(st.lists(LINES, min_size=2, max_size=24))
def test_lines_that_differ_in_anything_are_different_events(lines: list[dict[str, Any]]) -> None:
    kept = [
        {key: value for key, value in line.items() if key not in ("price", "properties")} for line in [*lines, track()]
    ]
    assert len(read(jsonl(*kept))) == len({json.dumps(line) for line in kept})


def whole_lines(junk: bytes) -> int:
    """How many lines with something on them a reader of bytes sees."""
    return sum(1 for line in junk.replace(b"\r\n", b"\n").split(b"\n") if line.strip(b" \t\r"))


ODD_BYTES = [
    b'{"event"\x00:1}\n\x01\n\xff',
    b'"\n"',
    b"\r\r\n\r",
    b"\xef\xbb\xbf\xef\xbb\xbf",
    b"\n\n,,,\n,\x00\n",
    b"\r",
    b"",
]


@SLOW
@given(st.lists(st.binary(max_size=300), min_size=24, max_size=24))
@example(ODD_BYTES)
def test_no_bytes_lose_a_good_line_or_go_uncounted(all_junk: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        for n, junk in enumerate(all_junk):
            good = [track(user=f"{n}-{i}") for i in range(3)]
            home.put(f"{n:02}.jsonl{['', '.gz', '.zst'][n % 3]}", jsonl(good[0]) + junk + b"\n" + jsonl(*good[1:]))
        report = home.ingest()
        found = home.values("user_id", "line_number")
        for n, junk in enumerate(all_junk):
            mine = [(user, line) for user, line in found if user.startswith(f"{n}-")]
            assert mine == [(f"{n}-0", 1), (f"{n}-1", 3 + junk.count(b"\n")), (f"{n}-2", 4 + junk.count(b"\n"))]
        n_lines = {Path(file.file).name[:2]: file.n_lines for file in report.files}
        assert n_lines == {f"{n:02}": 3 + whole_lines(junk) for n, junk in enumerate(all_junk)}


@SLOW
@given(st.lists(st.binary(max_size=200), min_size=24, max_size=24))
@example([*ODD_BYTES, b'"', b'",', b'"\n"', b'""\n"x', b'x,"', b'"a","b","\n'])
def test_no_bytes_lose_a_good_row_of_a_table_or_go_uncounted(all_junk: list[bytes]) -> None:
    """Nothing after the junk closes a quote that it opens, so its line is read by itself."""
    columns = {"user_id": "user", "event_name": "action", "event_at": "time"}
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), {"name": "export", "format": "table", "path": "in/*", "columns": columns})
        for n, junk in enumerate(all_junk):
            rows = [f"{n}-{i},buy,2026-01-05 10:00:00\n".encode() for i in range(3)]
            home.put(
                f"{n:02}.csv{['', '.gz', '.zst'][n % 3]}",
                b"user,action,time\n" + rows[0] + junk + b"\n" + rows[1] + rows[2],
            )
        report = home.ingest()
        places = [(file, line) for file, line in home.values("file", "line_number")]
        assert len(set(places)) == len(places)
        assert [user for user in home.values("user_id") if user] == [
            f"{n}-{i}" for n in range(len(all_junk)) for i in range(3)
        ]
        assert len(report.files) == len(all_junk)
        assert all(file.n_lines == file.n_accepted + file.n_rejected for file in report.files)


@SLOW
@given(st.lists(st.binary(max_size=300), min_size=24, max_size=24), st.sampled_from(["tracker", "table"]))
@example([b"PAR1PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{", b'"', b"PK\x03\x04"], "table")
@example([b"PAR1PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{", b'"'], "tracker")
def test_files_of_any_bytes_are_rejected_and_a_good_one_beside_them_is_read(all_junk: list[bytes], form: str) -> None:
    source: dict[str, Any] = {"name": "s", "format": form, "path": "in/*"}
    good = jsonl(track())
    if form == "table":
        source |= {"columns": {"user_id": 0, "event_name": 1, "event_at": 2}, "header": False}
        good = b"u1,page_view,2026-01-05 10:00:00\n"
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), source)
        home.put("good", good)
        for n, junk in enumerate(all_junk):
            home.put(f"junk{n}", junk)
        report = home.ingest()
        assert home.values("file", "user_id") == [("in/good", "u1")]
        for file in report.files:
            assert file.n_lines == file.n_accepted + file.n_rejected
            assert file.n_rejected or file.file == "in/good" or file.status == "empty"
