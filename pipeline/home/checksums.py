"""The record of a folder: SHA-256 and size of each file in it, in the folder's `checksums.txt`.

Belongs here: keeping the record through crashes, and comparing files with it. Not here: what is done about a damaged file.
A file is whole where it has the sum recorded of it. While a file is being replaced the record holds the sums of both,
so that a crash on either side of the renaming is no damage.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

RECORD = "checksums.txt"


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


def read_record(folder: Path) -> Record:
    """What is recorded; empty where nothing is. Raises RecordDamaged."""
    path = folder / RECORD
    if not path.exists():
        return {}
    try:
        *lines, last = path.read_text(encoding="utf-8").splitlines()
        entries = [_entry(line) for line in lines]
    except (ValueError, UnicodeDecodeError) as error:
        raise RecordDamaged(f"{path} cannot be read ({error})") from error
    if last != _seal(lines):
        raise RecordDamaged(f"{path} is not as it was written")
    record: Record = {}
    for name, entry in entries:
        record[name] = (*record.get(name, ()), entry)
    return record


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
        record[name] = (entry, present) if present in old.get(name, ()) and present != entry else (entry,)  # type: ignore[assignment]
    _write(folder, record)


def damage(folder: Path, name: str, sums: Iterable[Sum], *, by_hash: bool) -> str | None:
    """What is wrong with a file, None where nothing is. Without `by_hash` only its size is asked."""
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


def _write(folder: Path, record: Record) -> None:
    from pipeline.home.files import write_text

    lines = [f"{entry.sha256}  {entry.size}  {name}" for name, sums in sorted(record.items()) for entry in sums]
    write_text("\n".join([*lines, _seal(lines)]) + "\n", folder / RECORD)


def _entry(line: str) -> tuple[str, Sum]:
    sha256, size, name = line.split("  ", 2)
    return name, Sum(sha256, int(size))


def _seal(lines: list[str]) -> str:
    return "# SHA-256 of the lines above: " + hashlib.sha256("\n".join(lines).encode()).hexdigest()
