"""Bad input: each line that cannot be an event is kept with its reason, and nothing good beside it is lost."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from ingest_home import TRACKER, Home, jsonl, track

from pipeline.ingest import IngestError
from pipeline.ingest import plan as plan_module

GOOD = track()


def put(folder: Path, content: bytes, name: str = "a.jsonl", **sections: object) -> Home:
    home = Home(folder, **sections)
    home.put(name, content)
    return home


REASONS: dict[str, list[Any]] = {
    "bad_json": ['{"event": "x"', "no json", "[]", '"text"', "17", "null", "{}{}"],
    "missing_event_name": [track(""), track("  "), {"timestamp": "2026-01-05T10:00:00Z", "userId": "u"}, {}],
    "missing_identity": [track(user=None), track(user="null"), track(user=None, anonymousId="undefined")],
    "bad_timestamp": [
        *(track(at=at) for at in ("yesterday", "", "1969-12-31T23:59:59Z", "2026-02-30T10:00:00Z")),
        *(track(at=at) for at in ("99999999999999999999", "infinity", "9999-01-01T00:00:00Z")),
    ],
    "future_timestamp": [track(at="2026-02-02T12:00:01Z"), track(at="9998-12-31T23:59:59Z")],
    "type_conflict": [
        *(track(price="cheap"), track(quantity=[1]), track(revenue="1e999"), track(duration="long"), track(price=True)),
    ],
    "duration_outlier": [track(duration=86400.5), track(durationMs=86400001), track(duration=-0.001)],
}


def test_each_reason_is_given_for_its_lines_and_for_no_other(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for reason, bad in REASONS.items():
        home.put(reason, jsonl(*(part for line in bad for part in (GOOD, line)), GOOD))
    report = home.ingest()
    found = home.by_file()
    assert len(report.files) == len(found) == len(REASONS)
    for file in report.files:
        reason = Path(file.file).name
        n_bad = len(REASONS[reason])
        events, rejects = found[reason]
        assert [event["line_number"] for event in events] == list(range(1, 2 * n_bad + 2, 2))
        places = [(row["line_number"], row["reason"]) for row in rejects]
        assert places == [(number, reason) for number in range(2, 2 * n_bad + 1, 2)]
        assert (file.n_lines, file.n_accepted, file.n_rejected) == (2 * n_bad + 1, n_bad + 1, n_bad)


def test_the_future_begins_after_the_hours_allowed(tmp_path: Path) -> None:
    home = put(tmp_path, jsonl(track(at="2026-02-02T12:00:00Z"), track(at="2026-02-02T12:00:01Z")))
    home.ingest()  # now is 2026-02-01 12:00
    assert home.reasons() == [(2, "future_timestamp")]


def test_a_wrong_clock_is_corrected_before_it_is_checked(tmp_path: Path) -> None:
    sent = {"sentAt": "2027-01-05T10:00:00Z", "receivedAt": "2026-01-05T10:00:00Z"}
    home = put(tmp_path, jsonl(track(at="2027-01-05T09:59:00Z", **sent)))
    home.ingest()
    assert [str(at) for at in home.values("event_at")] == ["2026-01-05 09:59:00"]


def test_a_rejected_line_is_kept_as_it_came(tmp_path: Path) -> None:
    line = '{"event": "x", "timestamp": "soon",   "userId": "ü1"}'
    home = put(tmp_path, jsonl(GOOD, line))
    home.ingest()
    (row,) = home.rejects()
    assert (row["source"], row["file"], row["line_number"], row["reason"], row["raw_line"]) == (
        "shop",
        "in/a.jsonl",
        2,
        "bad_timestamp",
        line,
    )


BAD_BYTES = (b"\xff\xfe\x00", b'{"event": "caf\xe9"}', b"\xc3", b'{"a": "\x00"}', b"\x01", b"\xed\xa0\x80")


def test_broken_bytes_cost_their_own_line_only(tmp_path: Path) -> None:
    good, home = jsonl(GOOD), Home(tmp_path)
    for n, bad in enumerate(BAD_BYTES):
        home.put(f"first-{n}", bad + b"\n" + good)
        home.put(f"middle-{n}", good + bad + b"\n" + good)
        home.put(f"last-{n}", good + bad + b"\n")
        home.put(f"last without end-{n}", good + bad)
    home.ingest()
    found = home.by_file()
    assert len(found) == 4 * len(BAD_BYTES)
    for name, (events, rejects) in found.items():
        place = name.split("-")[0]
        number = 1 if place == "first" else 2
        assert [(row["line_number"], row["reason"]) for row in rejects] == [(number, "bad_encoding")], name
        wanted = {"first": [2], "middle": [1, 3]}.get(place, [1])
        assert [event["line_number"] for event in events] == wanted, name


def test_blank_lines_are_no_lines_but_they_are_counted(tmp_path: Path) -> None:
    home = put(tmp_path, b"\n" + jsonl(GOOD) + b"  \n\t\r\n\n" + jsonl(GOOD) + b"\n\n")
    assert home.ingest().n_lines == 2
    assert home.values("line_number") == [2, 6]


def test_windows_line_ends_a_byte_order_mark_and_no_end(tmp_path: Path) -> None:
    home = put(tmp_path, b"\xef\xbb\xbf" + jsonl(GOOD, GOOD).replace(b"\n", b"\r\n").rstrip())
    home.ingest()
    assert home.values("line_number") == [1, 2]


def test_lines_up_to_the_limit_are_read_and_longer_ones_are_rejected(tmp_path: Path) -> None:
    def sized(n_bytes: int) -> bytes:
        empty = jsonl(track(note=""))
        return empty.replace(b'"note": ""', b'"note": "' + b"x" * (n_bytes - len(empty) + 1) + b'"')

    limit = 5000
    content = sized(limit) + sized(limit + 1) + sized(limit).replace(b"\n", b"\r\n") + jsonl(GOOD)
    home = put(tmp_path, content, cleaning={"max_line_bytes": limit})
    home.ingest()
    assert home.reasons() == [(2, "oversized_line")]
    assert home.values("line_number") == [1, 3, 4]


def test_an_endless_line_is_rejected_in_bounded_memory(tmp_path: Path) -> None:
    """50 MB in one line, read by a process that may use far less than what several copies of it would take."""
    home, endings = Home(tmp_path), ("", ".gz", ".zst")
    for ending in endings:
        home.put(f"a.jsonl{ending}", jsonl(GOOD) + b'{"event": "' + b"x" * 50_000_000 + b'"}\n' + jsonl(GOOD))
    program = f"""
import resource
from pathlib import Path
import duckdb, pipeline.ingest
from pipeline.ingest.text.inspect import inspect_file
from pipeline.ingest.text.repair import RejectedLines, repair
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for ending in {endings}:
    path, scratch = Path({str(home.folder / "in")!r}) / f"a.jsonl{{ending}}", Path({str(tmp_path)!r})
    assert inspect_file(path, 1 << 20).has_long_line
    rejected = RejectedLines(scratch / "rejected")
    repair(path, scratch / "repaired", max_line_bytes=1 << 20, faults=(b"\\0",), has_only_returns=False,
           rejected=rejected, file_number=0)
    rejected.close()
    print(ending, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ}
    )
    used = [int(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(used) == len(endings) and max(used) < 40_000, done.stdout  # KiB
    home.ingest()
    for events, rejects in home.by_file().values():
        assert [(row["line_number"], row["reason"]) for row in rejects] == [(2, "oversized_line")]
        assert len(rejects[0]["raw_line"]) <= 10_000
        assert [event["line_number"] for event in events] == [1, 3]


def cut(packed: bytes) -> bytes:
    return packed[: len(packed) * 2 // 3]


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_a_truncated_compressed_file_keeps_its_complete_lines(tmp_path: Path, ending: str, pack: object) -> None:
    lines = [track(user=f"u{i}", note=os.urandom(2000).hex()) for i in range(300)]
    home = Home(tmp_path)
    (tmp_path / "in" / f"a.jsonl{ending}").write_bytes(cut(pack(jsonl(*lines))))  # type: ignore[operator]
    report = home.ingest()
    n = len(home.events())
    assert 0 < n < 300
    assert home.values("user_id") == [f"u{i}" for i in range(n)]
    assert home.reasons() == [(n + 1, "truncated_file")]
    assert "truncated" in report.warnings[0] and f"in/a.jsonl{ending}" in report.warnings[0]
    assert home.active()[f"a.jsonl{ending}"].status == "loaded"


def test_a_file_that_is_completed_later_replaces_what_came_of_its_beginning(tmp_path: Path) -> None:
    whole = gzip.compress(jsonl(*(track(user=f"u{i}", note=os.urandom(500).hex()) for i in range(50))))
    home = Home(tmp_path)
    path = tmp_path / "in" / "a.jsonl.gz"
    path.write_bytes(cut(whole))
    home.ingest()
    assert home.reasons() != []
    path.write_bytes(whole)
    assert home.ingest().warnings == []
    assert home.values("user_id") == [f"u{i}" for i in range(50)]
    assert home.reasons() == []


TABLE = {**TRACKER, "format": "table", "columns": {"user_id": "u", "event_name": "e", "event_at": "t"}}
WHOLE = gzip.compress(jsonl(GOOD))
BROKEN_ARCHIVES = {
    "cut in its header": WHOLE[:5],
    "cut after its first bytes": WHOLE[:2],
}


@pytest.mark.parametrize("source", [TRACKER, TABLE], ids=lambda source: source["format"])
@pytest.mark.parametrize("content", BROKEN_ARCHIVES.values(), ids=BROKEN_ARCHIVES)
def test_an_archive_that_gives_no_byte_is_no_empty_file(tmp_path: Path, content: bytes, source: dict[str, Any]) -> None:
    home = Home(tmp_path, source)
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(content)
    report = home.ingest()
    assert home.reasons() == [(1, "truncated_file")]
    assert ["truncated or damaged" in text for text in report.warnings] == [True]


def test_a_zstd_file_may_begin_with_a_frame_of_notes(tmp_path: Path) -> None:
    notes = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"
    home = Home(tmp_path)
    (tmp_path / "in" / "a.jsonl.zst").write_bytes(notes + zstandard.compress(jsonl(GOOD)) + notes)
    assert home.ingest().warnings == []
    assert home.values("line_number") == [1]


def test_garbage_after_a_gzip_member_is_damage(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(gzip.compress(jsonl(GOOD)) + b"garbage")
    home.ingest()
    assert home.values("line_number") == [1]
    assert home.reasons() == [(2, "truncated_file")]


def test_utf16_is_named(tmp_path: Path) -> None:
    home = put(tmp_path, jsonl(GOOD), "good.jsonl")
    home.put("bad.jsonl", jsonl(GOOD).decode().encode("utf-16"))
    warning = home.ingest().warnings[0]
    assert "in/bad.jsonl is UTF-16" in warning and "UTF-8" in warning
    assert {reason for _, reason in home.reasons()} == {"bad_encoding"}


def test_an_empty_file_is_noted_and_nothing_more(tmp_path: Path) -> None:
    home = put(tmp_path, jsonl(GOOD))
    for name in ("empty.jsonl", "empty.jsonl.gz"):
        home.put(name, b"")
    assert home.ingest().warnings == ["Source 'shop': empty: in/empty.jsonl, in/empty.jsonl.gz."]
    assert home.active()["empty.jsonl"].status == "empty"
    assert home.ingest().warnings == []


def test_no_file_at_all_is_an_error_that_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(IngestError) as error:
        Home(tmp_path).ingest()
    assert str(error.value) == f"No source has any data.\nSource 'shop': no file matches {tmp_path}/in/*."


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_nothing_but_empty_files_is_an_error_that_names_them(tmp_path: Path, content: bytes) -> None:
    home = put(tmp_path, content)
    with pytest.raises(IngestError) as error:
        home.ingest()
    assert str(error.value) == "No source has any data.\nSource 'shop': empty: in/a.jsonl."


def test_a_missing_source_is_a_warning_that_names_it_and_its_path(tmp_path: Path) -> None:
    home = Home(tmp_path, TRACKER, {**TRACKER, "name": "orders", "path": "orders/*.jsonl"})
    home.put("a.jsonl", jsonl(GOOD))
    (warning,) = home.ingest().warnings
    assert warning == f"Source 'orders': no file matches {tmp_path}/orders/*.jsonl."


def test_a_path_that_is_a_folder_says_how_to_read_what_is_in_it(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "in"}, {**TRACKER, "name": "more"})
    home.put("a.jsonl", jsonl(GOOD))
    (warning,) = home.ingest().warnings
    assert "'shop'" in warning and f"write {tmp_path}/in/**/*" in warning


def test_a_folder_that_looks_like_a_file_is_skipped_with_a_warning(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "in/*.jsonl"})
    home.put("a.jsonl", jsonl(GOOD))
    (tmp_path / "in" / "b.jsonl").mkdir()
    (warning,) = home.ingest().warnings
    assert "in/b.jsonl" in warning
    assert home.values("file") == ["in/a.jsonl"]


def test_a_file_that_may_not_be_read_is_left_out_until_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = put(tmp_path, jsonl(track(user="u1")))
    secret = home.put("secret.jsonl", jsonl(track(user="u2")))
    inspect = plan_module.inspect_file

    def refuse(path: Path, *args: object, **options: object) -> object:
        if path == secret:
            raise PermissionError(13, "Permission denied", str(path))
        return inspect(path, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(plan_module, "inspect_file", refuse)
    (warning,) = home.ingest().warnings
    assert "in/secret.jsonl cannot be read (no permission)" in warning
    assert home.values("user_id") == ["u1"]
    monkeypatch.undo()
    home.ingest()
    assert home.values("user_id") == ["u1", "u2"]


def test_file_names_are_never_patterns_nor_partitions(tmp_path: Path) -> None:
    home = Home(tmp_path, {**TRACKER, "path": "in/**/*.jsonl"})
    for number, name in enumerate(["a[1].jsonl", "a1.jsonl", "q'uote?.jsonl", "line=7/event=x/b.jsonl"]):
        home.put(name, jsonl(track(user=f"u{number}")))
    home.ingest()
    assert sorted(home.values("user_id")) == ["u0", "u1", "u2", "u3"]
