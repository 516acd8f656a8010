"""Which files an erasure reads and may rewrite: each once, by its real path, whatever links lead to it.

A link is followed, since what is behind it is read too. Behind a link that leads out of the home only the files of a
source are rewritten: the others may be anybody's, so they are searched and reported. Not here: what is in a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.home.paths import HomePaths
from pipeline.ingest import shown_path
from pipeline.privacy.rewrite import PREFIX
from pipeline.settings import Settings, Source


@dataclass
class FoundFile:
    """A file: the names that lead to it, the source that reads it, and whether an erasure may rewrite it."""

    path: Path
    names: list[str]
    source: Source | None = None
    is_raw: bool = False
    is_ours: bool = True

    @property
    def name(self) -> str:
        """As people see it."""
        return self.names[0]


@dataclass
class Files:
    """All files of a home, its sources and its exports; and the places that could not be looked into."""

    by_path: dict[Path, FoundFile] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    moved_exports: list[str] = field(default_factory=list)

    @property
    def raw(self) -> list[FoundFile]:
        """The files of every source, and all others below data/raw."""
        return [file for file in self.by_path.values() if file.is_raw]


def find_files(settings: Settings) -> Files:
    """Look for all files as they are now."""
    found, paths = Files(), HomePaths(settings.home)
    raw = (settings.data_dir / "raw").resolve()
    for source in settings.sources:
        for path in settings.source_files(source):
            _add(found, settings, path, source=source, is_raw=True)
    for path in _walk(settings, settings.data_dir / "raw", found):
        _add(found, settings, path, is_raw=True, is_ours=path.resolve().is_relative_to(raw))
    # data/exports and the like may be links to another disk; a link deeper down leads to what is not ours.
    ours = [entry.resolve() for entry in settings.data_dir.glob("*") if entry.is_dir()]
    for path in _walk(settings, settings.data_dir, found):
        real = path.resolve()
        _add(
            found,
            settings,
            path,
            is_ours=real.parent == settings.data_dir.resolve() or any(map(real.is_relative_to, ours)),
        )
    for export in exported_files(paths):
        if export.is_file():
            _add(found, settings, export)
        else:
            found.moved_exports.append(str(export))
    return found


def exported_files(paths: HomePaths) -> list[Path]:
    """What `growthhouse export` wrote, in whatever folder."""
    lines = paths.exports.read_text(encoding="utf-8").splitlines() if paths.exports.exists() else []
    return sorted({Path(json.loads(line)["file"]).absolute() for line in lines})


def unfinished_copies(files: Files) -> Iterator[Path]:
    """Copies that a killed erasure left beside the files that they were to replace."""
    for folder in {path.parent for path in files.by_path}:
        yield from folder.glob(f"{PREFIX}*")


def _add(
    found: Files,
    settings: Settings,
    path: Path,
    source: Source | None = None,
    is_raw: bool = False,
    is_ours: bool = True,
) -> None:
    name, real = shown_path(settings.home, path), path.resolve()
    known = found.by_path.get(real)
    if known is None:
        found.by_path[real] = FoundFile(real, [name], source, is_raw, is_ours)
    elif name not in known.names:
        known.names.insert(len(known.names) if path.is_symlink() else 0, name)


def _walk(settings: Settings, folder: Path, found: Files) -> Iterator[Path]:
    """The files below a folder, links followed; a folder is entered once, so that a link to a parent ends."""
    entered: set[tuple[int, int]] = set()

    def note(error: OSError) -> None:
        found.unreadable[shown_path(settings.home, Path(str(error.filename)))] = (
            f"cannot be looked into: {error.strerror}"
        )

    for at, folders, names in os.walk(folder, followlinks=True, onerror=note) if folder.exists() else ():
        try:
            stat = os.stat(at)
        except OSError as error:  # removed meanwhile
            note(error)
            continue
        if (stat.st_dev, stat.st_ino) in entered:
            folders.clear()
            continue
        entered.add((stat.st_dev, stat.st_ino))
        folders.sort()
        for path in (Path(at, name) for name in sorted(names)):
            try:
                is_file = path.is_file()
            except OSError as error:  # the folder can be listed, but nobody may look at what is in it
                note(error)
                continue
            if is_file:
                yield path
            elif path.is_symlink():
                found.unreadable[shown_path(settings.home, path)] = "is a link to a file that is not there"
