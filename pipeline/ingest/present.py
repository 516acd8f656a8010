"""The raw files that exist now, by the name that people see; folders and names that cannot be read.

Not here: which of them are new (plan.py).
"""

from __future__ import annotations

import time
from pathlib import Path

from pipeline.home.open_files import OPEN_ENDING, is_being_written
from pipeline.ingest.formats import format_of
from pipeline.settings import Settings, Source

_SHOWN_NAMES = 3
_STALE_S = 3600  # a collector finishes its files within the hour


def shown_path(home: Path, path: Path) -> str:
    """How a file is named in the ledger and in messages; bytes that are not UTF-8 as `\\udc..`."""
    name = path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)
    return name.encode("utf-8", "backslashreplace").decode()


def _has_readable_name(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def listed(names: list[str]) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more


def present_files(settings: Settings, source: Source, has_history: bool, warnings: list[str]) -> list[Path]:
    """The files of a source that have a readable name; what is odd about them and their folders goes to `warnings`."""
    files = settings.source_files(source)
    folders = settings.source_folders(source)
    pattern = settings.source_pattern(source)
    odd = [shown_path(settings.home, path) for path in files if not _has_readable_name(path)]
    if odd:
        warnings.append(
            f"Source '{source.name}': names that are not UTF-8 cannot be read: {listed(odd)}. Rename these files or "
            "their folders (as with convmv); the others are read."
        )
        files = [path for path in files if _has_readable_name(path)]
    for folder, problem in settings.unlisted_folders(source):
        warnings.append(
            f"Source '{source.name}': the folder {shown_path(settings.home, folder)} cannot be listed ({problem}), so "
            "its files are not read. Give this user the right to, or move it away."
        )
    opened = settings.open_files(source)
    if left_open := describe_left_open(settings, source):
        warnings.append(f"Source '{source.name}': {left_open}")
    if not files and not odd:
        hint = f" It is a folder: write {pattern}/**/* for the files in it." if pattern in map(str, folders) else ""
        if opened and not hint:
            hint = " A collector is writing one: it is read once it is finished (collector.max_open)."
        history = " Events ingested before stay." if has_history else ""
        warnings.append(f"Source '{source.name}': no file matches {pattern}.{hint}{history}")
    elif folders and Path(source.path).name not in ("*", "**"):
        names = listed([shown_path(settings.home, folder) for folder in folders])
        warnings.append(f"Source '{source.name}': `path` matches folders, which are not read: {names}.")
    return files


def describe_left_open(settings: Settings, source: Source) -> str | None:
    """The files of a source that a process left open when it ended, and how they get read."""
    stale = [shown_path(settings.home, path) for path in settings.open_files(source) if _is_left_open(path)]
    if not stale:
        return None
    return (
        f"not read, because names ending in {OPEN_ENDING} are of files that are still written: {listed(stale)}. No "
        "process writes them any more: `growthhouse collect` finishes those of a collector when it starts; rename "
        "others."
    )


def complete_files(settings: Settings, source: Source, files: list[Path], warnings: list[str]) -> list[Path]:
    """The files of which the source's tool says that they are whole; the others wait for a later night."""
    form = format_of(source)
    data = [path for path in files if not form.is_no_data(path)]
    waiting = [
        path
        for path in data
        if (names := form.awaited(path)) and not any((path.parent / name).exists() for name in names)
    ]
    if waiting:
        shown = listed([shown_path(settings.home, path) for path in waiting])
        warnings.append(
            f"Source '{source.name}': not read, because the manifest that ends the export is not there yet "
            f"({' or '.join(form.awaited(waiting[0]))}): {shown}."
        )
    return [path for path in data if path not in set(waiting)]


def _is_left_open(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _STALE_S and not is_being_written(path)
    except OSError:  # removed or renamed meanwhile
        return False
