"""What format unknown files have, as the lines of growth.yaml that read them: for `growthhouse sources inspect`.

Belongs here: asking each format, trying its source on the beginning of the file, and the lines to paste. How a format
knows its files is in `formats`; which column of a table is which, in column_guess.py.
"""

from __future__ import annotations

import glob
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import yaml

from pipeline.ingest.beginning import Beginning, copy_beginning, read_beginning
from pipeline.ingest.formats import FORMATS, Guess
from pipeline.ingest.sample import Sample, sample_source
from pipeline.ingest.text.inspect import inspect_file
from pipeline.ingest.text.layout import FileProblem
from pipeline.ingest.text.unpack import ExpandsTooFar
from pipeline.settings import parse_settings

_MIN_SHARE = 0.5  # of the rows that must look like a format
_MAX_FILES = 200
_NUMBERING = re.compile(r"\d[\d_.-]*$")  # the beginning of a date or a number that the names share
_NO_DATA = (".yaml", ".yml", ".md", ".py", ".sql", ".html", ".png", ".part")  # skipped in folders
_ENDINGS = re.compile(r"(\.(jsonl|ndjson|json|csv|tsv|txt|log|parquet|inter|gz|zst|zip|\d+))+$", re.IGNORECASE)


@dataclass
class Recognised:
    """Files that one source can read: its keys in growth.yaml, and what a trial of them found."""

    paths: list[Path]
    guess: Guess | None = None  # none where no format reads them
    beginning: Beginning | None = None
    compression: str = "none"
    problem: str = ""  # why they cannot be read
    source: dict[str, Any] = field(default_factory=dict)
    sample: Sample | None = None


def recognise(paths: Iterable[Path], folder: Path) -> list[Recognised]:
    """Look at files, and at those of folders; files that one source would read are one result.

    `folder` is that of growth.yaml: paths below it are written relative to it.
    """
    groups: dict[str, list[Recognised]] = defaultdict(list)
    with TemporaryDirectory(prefix="growthhouse-") as scratch, duckdb.connect() as con:
        for number, path in enumerate(_files(paths)):
            found = _look_at(con, path, Path(scratch) / str(number))
            groups[_group(found)].append(found)
    results, names = [], set[str]()
    for group in groups.values():
        first = group[0]
        first.paths = [found.paths[0] for found in group]
        if first.guess:
            first.source = _source(first, folder, names)
        if first.guess and not first.guess.missing:
            first.sample = _try(first, folder)
        results.append(first)
    return results


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    n_files = 0
    for path in paths:
        below = sorted(p for p in path.rglob("*") if not _is_other(p, path)) if path.is_dir() else [path]
        for file in below:
            if file.is_file():
                n_files += 1
                if n_files > _MAX_FILES:
                    return
                yield file


def _is_other(path: Path, root: Path) -> bool:
    """Whether a file in a folder is hidden, or no data."""
    is_hidden = any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
    return is_hidden or path.suffix in _NO_DATA


def _look_at(con: duckdb.DuckDBPyConnection, path: Path, copy: Path) -> Recognised:
    found = Recognised([path])
    try:
        copy_beginning(con, path, copy)
        inspection = inspect_file(copy, 1 << 20)
        found.problem = inspection.foreign
        found.beginning = read_beginning(con, copy)
    except FileProblem as problem:
        found.problem = found.problem or str(problem)
    except ExpandsTooFar as error:
        found.problem = error.why
    except (OSError, duckdb.Error) as error:
        found.problem = f"cannot be read: {getattr(error, 'strerror', None) or str(error)}"
    if found.beginning and not found.problem:
        if found.beginning.layout.kind == "none" or not (found.beginning.rows or found.beginning.lines):
            found.problem = "is empty"
        elif found.beginning.layout.kind == "json_lines" and not found.beginning.rows:
            found.problem = "begins like JSON, but none of its lines is an object; `jq -c .` writes one per line"
        else:
            found.guess = _best_guess(found.beginning)
    return found


def _best_guess(beginning: Beginning) -> Guess | None:
    guesses = [guess for form in FORMATS.values() if (guess := form.recognise(beginning))]
    return max((guess for guess in guesses if guess.share >= _MIN_SHARE), key=lambda guess: guess.share, default=None)


def _group(found: Recognised) -> str:
    """Files in one folder that are read in the same way are one source."""
    if not found.guess or not found.beginning:
        return str(found.paths[0])
    path = found.paths[0]
    ending = _ENDINGS.search(path.name)
    return repr(
        (path.parent, ending and ending[0], found.guess.format, found.guess.keys, found.beginning.layout.columns)
    )


def _source(found: Recognised, folder: Path, taken: set[str]) -> dict[str, Any]:
    assert found.guess
    path = found.paths[0]
    stem = _ENDINGS.sub("", path.name if len(found.paths) == 1 else path.parent.name)
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")
    name = name if re.match(r"[a-z]", name) else f"source_{name}".rstrip("_")
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return {"name": unique, "format": found.guess.format, "path": _pattern(found.paths, folder), **found.guess.keys}


def _pattern(paths: list[Path], folder: Path) -> str:
    """The path, or a glob of those in one folder; relative to the folder of growth.yaml where they are below it."""
    path = paths[0].resolve()
    if len(paths) > 1:
        ending = _ENDINGS.search(path.name)
        first, last = min(other.name for other in paths), max(other.name for other in paths)
        prefix = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
        parts = (glob.escape(_NUMBERING.sub("", prefix)), "*", glob.escape(ending[0] if ending else ""))
        return _below(folder, path.parent) + "".join(parts)
    return _below(folder, path.parent) + glob.escape(path.name)


def _below(folder: Path, parent: Path) -> str:
    if parent.is_relative_to(folder):
        return "".join(f"{glob.escape(part)}/" for part in parent.relative_to(folder).parts)
    return glob.escape(f"{parent}/")


def _try(found: Recognised, folder: Path) -> Sample:
    """Read the beginning of the files as a night would, with the source as it was guessed."""
    settings = parse_settings(
        "site: {timezone: UTC}\n" + config_lines({**found.source, "path": "unused"}), folder / "growth.yaml"
    )
    return sample_source(settings, settings.sources[0], found.paths, with_preview=True)


def config_lines(*sources: dict[str, Any]) -> str:
    """The lines of growth.yaml for sources."""
    text = "sources:\n"
    for source in sources:
        start = "  - "
        for key, value in source.items():
            flow = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
            flow = flow.removesuffix("\n").removesuffix("\n...")  # of a value alone, YAML marks the end
            text += f"{start}{key}: {flow}\n"
            start = "    "
    return text
