"""The record of a folder: SHA-256 and size of each file in it, in the folder's `checksums.txt`.

`sha256sum -c checksums.txt` checks it. Belongs here: keeping the record through crashes, and comparing files with it.
Not
here: what is done about a damaged file. While a file is being replaced the record holds the sums of both, so that a
crash before or after the rename is not damage.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.home.atomic import write_text

RECORD = "checksums.txt"
_DAYS_FOR_ALL = 7
# `sha256sum -c` reads the first form and passes over comments. `before` is the file that the one above replaced. The
# last
# form, with the size between sum and name, is that of records written by growthhouse 0.1.
_LINE = re.compile(r"([0-9a-f]{64})  (?!\d+  )(.+)")
_SIZE = re.compile(r"# size (\d+)")
_BEFORE = re.compile(r"# before ([0-9a-f]{64})  (\d+)")
_LINE_0_1 = re.compile(r"([0-9a-f]{64})  (\d+)  (.+)")


class RecordDamaged(Exception):
    """The record itself is not what was written; the message is for a person."""


@dataclass(frozen=True)
class Sum:
    """What a file must be."""

    sha256: str
    size: int


Record = dict[str, tuple[Sum, ...]]  # by path relative to the folder


def digest(path: Path) -> Sum:
    """The sum of a file as it is now."""
    with path.open("rb") as handle:
        return Sum(hashlib.file_digest(handle, "sha256").hexdigest(), os.fstat(handle.fileno()).st_size)


def line_of(sha256: str, name: str) -> str:
    """A line of a file for `sha256sum -c`."""
    return f"{sha256}  {name}"


def read_record(folder: Path) -> Record:
    """What is recorded; empty where nothing is. Raises RecordDamaged."""
    path = folder / RECORD
    if not path.exists():
        return {}
    try:
        *lines, last = path.read_text(encoding="utf-8").splitlines()
    except (ValueError, UnicodeDecodeError) as error:
        raise RecordDamaged(f"{path} cannot be read ({error})") from error
    if last != _seal(lines):
        raise RecordDamaged(f"{path} is not as it was written")
    return _parsed(lines)


def accept(folder: Path, new: Mapping[str, Sum]) -> None:
    """Record files that are about to take their names; what they replace stays accepted as it is now.

    Files that are gone leave the record.
    """
    try:
        old = read_record(folder)
    except RecordDamaged:
        old = {}
    record = {name: sums for name, sums in old.items() if name not in new and (folder / name).exists()}
    for name, entry in new.items():
        present = digest(folder / name) if old.get(name) and (folder / name).exists() else None
        is_known = present is not None and present in old[name] and present != entry
        record[name] = (entry, present) if present and is_known else (entry,)
    lines = [line for name, sums in sorted(record.items()) for line in _lines(name, sums)]
    write_text("\n".join([*lines, _seal(lines)]) + "\n", folder / RECORD)


def damage(folder: Path, name: str, sums: Iterable[Sum], *, by_hash: bool) -> str | None:
    """What is wrong with a file, None where nothing is. Without `by_hash` only its size is compared."""
    try:
        size = (folder / name).stat().st_size
    except FileNotFoundError:
        return "is missing"
    sizes = {entry.size for entry in sums}
    if size not in sizes:
        return f"has {size:,} bytes, recorded were {' or '.join(f'{n:,}' for n in sorted(sizes))}"
    if by_hash and digest(folder / name) not in sums:
        return "has other content than was written (SHA-256)"
    return None


def is_due(name: str, day: int | None) -> bool:
    """Whether the content of a file is checked on this day: a seventh of all are, and all where `day` is None."""
    return day is None or (zlib.crc32(name.encode(errors="backslashreplace")) + day) % _DAYS_FOR_ALL == 0


def _lines(name: str, sums: tuple[Sum, ...]) -> list[str]:
    """size, sum and name of the file; then, in a comment, what it replaced."""
    latest, *before = sums
    return [
        f"# size {latest.size}",
        line_of(latest.sha256, name),
        *(f"# before {entry.sha256}  {entry.size}" for entry in before),
    ]


def _parsed(lines: list[str]) -> Record:
    record: Record = {}
    size, name = 0, ""
    for line in lines:
        if found := _LINE_0_1.fullmatch(line):
            name = found[3]
            record[name] = (*record.get(name, ()), Sum(found[1], int(found[2])))
        elif found := _SIZE.fullmatch(line):
            size = int(found[1])
        elif found := _LINE.fullmatch(line):
            name = found[2]
            record[name] = (Sum(found[1], size),)
        elif found := _BEFORE.fullmatch(line):
            record[name] = (*record[name], Sum(found[1], int(found[2])))
    return record


def _seal(lines: list[str]) -> str:
    return "# SHA-256 of the lines above: " + hashlib.sha256("\n".join(lines).encode()).hexdigest()
