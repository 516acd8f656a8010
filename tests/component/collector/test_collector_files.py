"""Files of the collector: names, rotation, and what is left of lines after errors and kills."""

from __future__ import annotations

import errno
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.files import EVENTS, Appender, Rotation, repair

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROTATION = Rotation(max_bytes=100, max_seconds=600)


def appender(folder: Path, instance: str = "0a1b2c3d", rotation: Rotation = ROTATION) -> Appender:
    return Appender(folder / "shop", instance, EVENTS, rotation)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_is_named_by_hour_and_instance_and_is_part_while_it_is_open(tmp_path: Path) -> None:
    files = appender(tmp_path)
    files.append(b"1\n", NOON)
    assert names(tmp_path) == ["shop/2026-03-01/12-0a1b2c3d-1.jsonl.part"]
    files.finish()
    assert names(tmp_path) == ["shop/2026-03-01/12-0a1b2c3d-1.jsonl"]


@pytest.mark.parametrize(
    ("later", "n_bytes", "n_files"),
    [(599, 99, 1), (600, 1, 2), (1, 100, 2), (-1, 1, 2)],
    ids=["neither", "old", "large", "clock set back over the hour"],
)
def test_a_file_is_finished_by_age_size_and_hour(tmp_path: Path, later: int, n_bytes: int, n_files: int) -> None:
    files = appender(tmp_path)
    files.append(b"x" * (n_bytes - 1) + b"\n", NOON)
    files.append(b"y\n", NOON + timedelta(seconds=later))
    files.finish()
    assert len(names(tmp_path)) == n_files


def test_a_new_hour_and_a_new_day_begin_a_file_in_its_folder(tmp_path: Path) -> None:
    files = appender(tmp_path, rotation=Rotation(max_bytes=100, max_seconds=1e9))
    for hours in (0, 1, 12):
        files.append(b"1\n", NOON + timedelta(hours=hours))
    files.finish()
    assert names(tmp_path) == [
        "shop/2026-03-01/12-0a1b2c3d-1.jsonl",
        "shop/2026-03-01/13-0a1b2c3d-2.jsonl",
        "shop/2026-03-02/00-0a1b2c3d-3.jsonl",
    ]


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_lines_that_cannot_be_written_are_taken_back_and_earlier_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    files, write = appender(tmp_path), os.write
    files.append(b"1\n", NOON)

    def half(descriptor: int, data: bytes) -> int:
        if len(data) > 2:
            return write(descriptor, data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, half if call == "write" else failing)
        with pytest.raises(OSError):
            files.append(b"2 was never acknowledged\n", NOON)
    files.append(b"3\n", NOON)
    files.finish()
    assert sorted(path.read_bytes() for path in tmp_path.rglob("*.jsonl")) in ([b"1\n3\n"], [b"1\n", b"3\n"])
    assert list(tmp_path.rglob("*.part")) == []


def test_a_removed_file_gets_no_more_lines(tmp_path: Path) -> None:
    files = appender(tmp_path)
    files.append(b"1\n", NOON)
    next(tmp_path.rglob("*.part")).unlink()
    files.append(b"2\n", NOON)
    files.finish()
    assert [path.read_bytes() for path in tmp_path.rglob("*.jsonl")] == [b"2\n"]


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (b'{"a":1}\n{"b":', b'{"a":1}\n'),
        (b'{"a":1}\n{"b":2}\n', b'{"a":1}\n{"b":2}\n'),
        (b'{"a":1}\n' + b"x" * 200_000, b'{"a":1}\n'),
        (b'{"a":1}\n\0\0\0\0', b'{"a":1}\n'),
        (b'{"torn":', None),
        (b"", None),
    ],
    ids=["torn", "whole", "torn over blocks", "zeros", "only torn", "empty"],
)
def test_what_a_killed_process_left_is_finished_without_its_torn_line(
    tmp_path: Path, left: bytes, kept: bytes | None
) -> None:
    part = tmp_path / "shop" / "2026-03-01" / "12-0a1b2c3d-1.jsonl.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    (sentence,) = repair(tmp_path)
    assert "was left open" in sentence
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == ([kept] if kept else [])
    assert list(repair(tmp_path)) == []


def test_only_files_of_ended_collectors_are_repaired(tmp_path: Path) -> None:
    files = appender(tmp_path)
    files.append(b"1\n", NOON)
    foreign = tmp_path / "shop" / "2026-03-01" / "download.part"
    foreign.write_bytes(b"theirs")
    assert list(repair(tmp_path)) == []
    files.append(b"2\n", NOON)
    files.finish()
    assert [path.read_bytes() for path in tmp_path.rglob("*.jsonl")] == [b"1\n2\n"]
    assert foreign.read_bytes() == b"theirs"


def test_two_processes_write_beside_each_other(tmp_path: Path) -> None:
    both = [appender(tmp_path, "00000001"), appender(tmp_path, "00000002")]
    for n in range(3):
        for at, files in enumerate(both):
            files.append(b"%d-%d\n" % (at, n), NOON)
    for files in both:
        files.finish()
    assert sorted(path.read_bytes() for path in tmp_path.rglob("*.jsonl")) == [b"0-0\n0-1\n0-2\n", b"1-0\n1-1\n1-2\n"]
    pattern = r"shop/2026-03-01/12-0000000[12]-1\.jsonl"
    assert all(re.fullmatch(pattern, name) for name in names(tmp_path))
