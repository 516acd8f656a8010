"""Days that a person wants read and built again: asked for in one run, taken in by the next night.

Belongs here: the list of asked spans below `data/build`. Not here: reading files again (`pipeline.ingest`).
"""

from __future__ import annotations

import json
from datetime import date

from pipeline.files import write_text
from pipeline.paths import HomePaths

Span = tuple[date, date]


def asked(paths: HomePaths) -> list[Span]:
    """First and last date of every span that no published night has taken in."""
    if not paths.backfill.exists():
        return []
    return [
        (date.fromisoformat(first), date.fromisoformat(last)) for first, last in json.loads(paths.backfill.read_text())
    ]


def ask(paths: HomePaths, span: Span) -> None:
    """Add a span."""
    spans = sorted({*asked(paths), span})
    write_text(json.dumps([[first.isoformat(), last.isoformat()] for first, last in spans]), paths.backfill)


def forget(paths: HomePaths) -> None:
    """All of them were taken in."""
    paths.backfill.unlink(missing_ok=True)
