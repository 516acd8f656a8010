"""The interface of a source format: what ingest asks of each file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.ingest.beginning import Beginning
from pipeline.ingest.canonical import Draft
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.text.layout import Layout
from pipeline.settings import Source

__all__ = ["Beginning", "Draft", "Format", "Guess"]


@dataclass(frozen=True)
class Guess:
    """How a source would read a file that nobody configured yet."""

    format: str
    share: float  # of the sampled rows that have what the format needs, 0-1
    keys: dict[str, Any] = field(default_factory=dict)  # of the source in growth.yaml, besides name, format and path
    notes: tuple[str, ...] = ()  # what a person should check
    missing: str = ""  # why this is not yet a source: what could not be found


@dataclass(frozen=True)
class Format:
    """One source format."""

    name: str  # as in growth.yaml, and the name of its file
    layouts: tuple[str, ...]  # the kinds of Layout that it reads
    draft: Callable[[Source, Layout, FoundKeys], Draft]
    # Of JSON lines: the keys that columns are taken from, by the path of their object. All others become properties.
    json_keys: Callable[[Source], KnownKeys] = lambda source: {"$": ()}
    # Of lines, and rows of Parquet as JSON, that no mapping reads as they are: SQL of another object from `given`.
    as_object: str = ""
    # Of delimited text and Parquet: canonical name to the name in the file. Raises FileProblem if the file lacks one.
    columns: Callable[[Source, Layout], dict[str, str]] = lambda source, layout: {}
    config_keys: tuple[str, ...] = ()  # keys of a source in growth.yaml that not every format has
    config_problem: Callable[[Source], str | None] = lambda source: None  # why a source cannot be read, for a person
    is_no_data: Callable[[Path], bool] = lambda path: False  # a file that lies beside the data, such as a manifest
    awaited: Callable[[Path], tuple[str, ...]] = lambda path: ()  # names, one of which must be beside a complete file
    latest_copy_counts: bool = False  # of copies of an event the latest is kept, because the tool corrects events
    declarations: tuple[str, ...] = ()  # events that say who somebody is: they link ids, and are nobody's activity
    recognise: Callable[[Beginning], Guess | None] = lambda beginning: None  # how `sources inspect` knows its files
    may_lack_identity: bool = False  # an event of nobody known is kept, out of every metric of persons
    macros: tuple[str, ...] = ()  # statements that create the SQL macros of its drafts
