"""The interface of a source format: what ingest asks of each file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.ingest.canonical import Draft
from pipeline.ingest.json_keys import FoundKeys, KnownKeys
from pipeline.ingest.text.layout import Layout
from pipeline.settings import Source

__all__ = ["Draft", "Format"]


@dataclass(frozen=True)
class Format:
    """One source format."""

    name: str  # as in growth.yaml, and the name of its file
    layouts: tuple[str, ...]  # the kinds of Layout that it reads
    draft: Callable[[Source, Layout, FoundKeys], Draft]
    # Of JSON lines: the keys that columns are taken from, by the path of their object. All others become properties.
    json_keys: Callable[[Source], KnownKeys] = lambda source: {"$": ()}
    # Of delimited text and Parquet: canonical name to the name in the file. Raises FileProblem if the file lacks one.
    columns: Callable[[Source, Layout], dict[str, str]] = lambda source, layout: {}
    config_keys: tuple[str, ...] = ()  # keys of a source in growth.yaml that not every format has
    config_problem: Callable[[Source], str | None] = lambda source: None  # why a source cannot be read, for a person
    declarations: tuple[str, ...] = ()  # events that say who somebody is: they link ids, and are nobody's activity
    macros: tuple[str, ...] = ()  # statements that create the SQL macros of its drafts
