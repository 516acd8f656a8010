"""`growthhouse run --select`: from a Dagster asset selection to assets. Not here: running them (`night.py`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.cli.errors import NightError

if TYPE_CHECKING:
    import dagster as dg

_EXAMPLES = "'group:marts', 'key:\"marts/retention\"+' or 'key:\"raw/*\"'"
_SHOWN_NAMES = 5


def select_assets(defs: dg.Definitions, select: str | None) -> list[dg.AssetKey] | None:
    """The assets that a selection names, with those that the same step makes; None for all of them."""
    if not select:
        return None
    import dagster as dg

    from pipeline.orchestration.assets.event_days import EVENT_DAYS

    graph = defs.resolve_asset_graph()
    try:
        keys = dg.AssetSelection.from_string(select).resolve(graph) - {EVENT_DAYS}
    except dg.DagsterError as error:
        problem = str(error).splitlines()[0]
        raise NightError(f"--select {select}: {problem}\n  {_describe_names(graph, select, EVENT_DAYS)}", 2) from error
    if not keys:
        raise NightError(
            f"--select {select} matches no asset of a night.\n  {_describe_names(graph, select, EVENT_DAYS)}", 2
        )
    return sorted(_with_whole_steps(defs, keys))


def _with_whole_steps(defs: dg.Definitions, keys: Iterable[dg.AssetKey]) -> set[dg.AssetKey]:
    """A step that can only make all its assets makes all of them."""
    import dagster as dg

    chosen = set(keys)
    for step in defs.assets or ():
        if isinstance(step, dg.AssetsDefinition) and not step.can_subset and chosen & set(step.keys):
            chosen |= set(step.keys)
    return chosen


def _describe_names(graph: dg.AssetGraph, select: str, left_out: dg.AssetKey) -> str:
    """What a selection may name, first what is nearest to the names in it."""
    nodes = [node for node in graph.asset_nodes if node.is_executable and node.key != left_out]
    keys = sorted(node.key.to_user_string() for node in nodes)
    groups = sorted({node.group_name for node in nodes if node.group_name})
    words = re.findall(r"[\w/]+", select)
    near = [
        name
        for word in words
        for name in difflib.get_close_matches(word, [*keys, *groups, *(key.split("/")[-1] for key in keys)], n=3)
    ]
    hint = f"did you mean {', '.join(dict.fromkeys(near[:_SHOWN_NAMES]))}? " if near else ""
    return (
        f"{hint}Write a Dagster asset selection such as {_EXAMPLES}. "
        f"Groups: {', '.join(groups)}. Keys are schema/table of every published table, "
        f"and {', '.join(key for key in keys if key.split('/')[0] in ('lake', 'raw', 'predictions', 'published'))}"
    )
