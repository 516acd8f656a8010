"""How much of all data an erasure would remove: a mistyped id must not take the lines of everybody with it."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipeline.ingest.lake import Lake, read_ledger
from pipeline.privacy.files import Files, FoundFile
from pipeline.privacy.lake import rows_about
from pipeline.privacy.person import Person
from pipeline.privacy.raw_files import CannotErase, layout_of, look_at, theirs_in
from pipeline.settings import Settings

FEW_LINES = 100  # so many are never too many, as in a home to try things in


@dataclass(frozen=True)
class Share:
    """Lines that would go, of all lines."""

    n_lines: int
    n_all: int

    @property
    def rate(self) -> float:
        """The share of all lines."""
        return self.n_lines / self.n_all if self.n_all else 0.0

    def is_unlikely(self, max_rate: float) -> bool:
        """Whether it is more than one person has."""
        return self.n_lines > FEW_LINES and self.rate > max_rate

    @property
    def text(self) -> str:
        """The same as a sentence."""
        return (
            f"{self.n_lines:,} of {self.n_all:,} lines ({self.rate:.1%}) name this person, which is more than one "
            "person should have (privacy.max_erased_rate); --dry-run lists where they are"
        )


def measure(con: duckdb.DuckDBPyConnection, settings: Settings, files: Files, lake: Lake, person: Person) -> Share:
    """The larger share of the two: of the raw files, or of the lake, whose raw files may be gone."""
    raw = [_of_file(con, settings, file, person) for file in files.raw]
    n_all = sum(row.n_lines for row in read_ledger(lake.ledger) if row.is_active)
    of_lake = Share(sum(map(len, rows_about(con, lake, person)[0].values())), n_all)
    of_raw = Share(sum(n for n, _ in raw), sum(n for _, n in raw))
    return max(of_raw, of_lake, key=lambda share: share.rate)


def _of_file(con: duckdb.DuckDBPyConnection, settings: Settings, file: FoundFile, person: Person) -> tuple[int, int]:
    """Lines that would go, and all lines; none of a file that cannot be read, which the erasure reports."""
    try:
        look = look_at(file, person, settings.cleaning.max_expansion)
        layout = layout_of(con, file)
        if layout.kind == "parquet":
            (n_all,) = con.execute("select sum(num_rows) from parquet_file_metadata(?)", [str(file.path)]).fetchall()[0]
            return theirs_in(con, file, layout, person), n_all or 0
        return theirs_in(con, file, layout, person) if look.may_name else 0, look.n_lines
    except (OSError, duckdb.Error, CannotErase):
        return 0, 0
