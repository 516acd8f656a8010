"""What a glob matches, where links may lead in a circle: each folder below `**` is entered once, under one name.

`glob.glob` follows a link to a parent forty times, and two such links for ever. Not here: which globs there are.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
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


def find_unlisted(pattern: str) -> dict[str, str]:
    """The folders that have to be listed for a glob and cannot be, with the reason."""
    parts, unlisted = Path(pattern).parts, dict[str, str]()
    for at, part in enumerate(parts):
        for folder in find_matches(str(Path(*parts[:at]))) if glob.has_magic(part) else ():
            if part == "**":
                for _ in folders_below(folder, unlisted):
                    pass
            elif os.path.isdir(folder):
                try:
                    os.scandir(folder).close()
                except OSError as error:
                    unlisted[folder] = error.strerror or str(error)
    return unlisted


def folders_below(base: str, unlisted: dict[str, str] | None = None) -> Iterator[str]:
    """A folder and the visible folders below it; what links lead to comes last, and only if it has no other name.

    Those that cannot be listed go to `unlisted`, with the reason.
    """
    entered: set[tuple[int, int]] = set()
    waiting = [base]
    while waiting:
        links: list[str] = []
        for at in waiting:
            yield from _walk(at, entered, links, {} if unlisted is None else unlisted)
        waiting = sorted(links)


def _walk(base: str, entered: set[tuple[int, int]], links: list[str], unlisted: dict[str, str]) -> Iterator[str]:
    try:
        stat = os.stat(base)
        if (stat.st_dev, stat.st_ino) in entered:
            return
        entered.add((stat.st_dev, stat.st_ino))
        with os.scandir(base) as entries:
            folders = sorted((entry.path, entry.is_symlink()) for entry in entries if _is_visible_folder(entry))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        unlisted[base] = error.strerror or str(error)
        return
    yield base
    for path, is_link in folders:
        if is_link:
            links.append(path)
        else:
            yield from _walk(path, entered, links, unlisted)


def _is_visible_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:  # a link to itself
        return False


def is_match(pattern: str, path: Path) -> bool:
    """Whether a glob matches the name of a file, which need not exist."""
    return _is_match(Path(pattern).parts, path.parts)


def _is_match(pattern: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    if not pattern or not parts:
        return pattern == parts or set(pattern) == {"**"}
    if pattern[0] == "**":
        return _is_match(pattern[1:], parts) or _is_match(pattern, parts[1:])
    return fnmatchcase(parts[0], pattern[0]) and _is_match(pattern[1:], parts[1:])
