"""`run --select`: a selection is completed to whole steps; a name that matches nothing is answered with valid ones."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from pipeline.cli.errors import NightError
from pipeline.cli.selection import select_assets


def specs(*names: str, group: str) -> list[dg.AssetSpec]:
    return [dg.AssetSpec(dg.AssetKey(name.split("/")), group_name=group) for name in names]


@dg.multi_asset(specs=specs("raw/events", "raw/rejected_events", group="ingest"))
def ingest() -> Iterator[dg.MaterializeResult]:
    """A step that can only make all it makes."""
    yield from ()


@dg.multi_asset(specs=specs("marts/retention", "marts/retention_curve", "marts/nps", group="marts"), can_subset=True)
def marts() -> Iterator[dg.MaterializeResult]:
    """A step that can make some of it, as dbt can."""
    yield from ()


@dg.multi_asset(
    specs=[dg.AssetSpec(dg.AssetKey(["ml", name]), deps=[dg.AssetKey(["marts", "nps"])]) for name in ("a", "b")]
)
def model() -> Iterator[dg.MaterializeResult]:
    """Another step that makes all it makes."""
    yield from ()


pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
DEFS = dg.Definitions(assets=[ingest, marts, model])


def selected(select: str | None) -> list[str] | None:
    keys = select_assets(DEFS, select)
    return None if keys is None else [key.to_user_string() for key in keys]


@pytest.mark.parametrize(
    ("select", "keys"),
    [
        (None, None),
        ("", None),
        ('key:"raw/events"', ["raw/events", "raw/rejected_events"]),
        ('key:"marts/retention"', ["marts/retention"]),
        ("group:marts", ["marts/nps", "marts/retention", "marts/retention_curve"]),
        ('key:"marts/nps"+', ["marts/nps", "ml/a", "ml/b"]),
        ('key:"ml/b"', ["ml/a", "ml/b"]),
        (
            'key:"raw/rejected_events" or key:"marts/retention*"',
            ["marts/retention", "marts/retention_curve", "raw/events", "raw/rejected_events"],
        ),
    ],
)
def test_a_selection_is_completed_to_whole_steps(select: str | None, keys: list[str] | None) -> None:
    assert selected(select) == keys


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ('key:"marts/retentoin"', "did you mean marts/retention"),
        ("group:mart", "did you mean marts"),
        ("nonsense(", "Write a Dagster asset selection such as"),
        ('key:"raw/*" and group:marts', "matches no asset of a night"),
    ],
)
def test_a_selection_that_matches_nothing_is_answered_with_valid_names(select: str, words: str) -> None:
    with pytest.raises(NightError) as raised:
        selected(select)
    assert raised.value.exit_code == 2
    assert words in str(raised.value)
    assert f"--select {select}" in str(raised.value)
    assert "Groups: default, ingest, marts." in str(raised.value)
