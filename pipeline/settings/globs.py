"""What a glob matches, where links may lead in a circle: each folder below `**` is entered once, under one name.

`glob.glob` follows a link to a parent forty times, and two such links for ever. Not here: which globs there are.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path


def find_matches(pattern: str) -> set[str]:
    """Everything that matches, as `glob.glob(pattern, recursive=True)` finds it in folders without such links."""
    parts = Path(pattern).parts
    if "**" not in parts:
        return set(glob.glob(pattern))
    at = parts.index("**")
    found: set[str] = set()
    for base in sorted(glob.glob(str(Path(*parts[:at])))):
        for folder in folders_below(base):
            rest = parts[at + 1 :] or ("*",)
            found |= find_matches(os.path.join(glob.escape(folder), *rest))
            if not parts[at + 1 :]:
                found.add(os.path.join(base, "") if folder == base else folder)
    return found


def folders_below(base: str) -> Iterator[str]:
    """A folder and the visible folders below it; what links lead to comes last, and only if it has no other name."""
    entered: set[tuple[int, int]] = set()
    waiting = [base]
    while waiting:
        links: list[str] = []
        for at in waiting:
            yield from _walk(at, entered, links)
        waiting = sorted(links)


def _walk(base: str, entered: set[tuple[int, int]], links: list[str]) -> Iterator[str]:
    try:
        stat = os.stat(base)
        if (stat.st_dev, stat.st_ino) in entered:
            return
        entered.add((stat.st_dev, stat.st_ino))
        with os.scandir(base) as entries:
            folders = sorted((entry.path, entry.is_symlink()) for entry in entries if _is_visible_folder(entry))
    except OSError:  # gone meanwhile, or not ours to list
        return
    yield base
    for path, is_link in folders:
        if is_link:
            links.append(path)
        else:
            yield from _walk(path, entered, links)


def _is_visible_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:  # a link to itself
        return False
