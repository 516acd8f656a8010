"""The steps of an erasure, each of which leaves a complete new file or the old one; doing it twice does no harm.

In this order: record who, so that they are not accepted again; raw files and lake together; predictions and other
files; published versions; the build database; then search everything. Not here: who, and what has to be confirmed
(erasure.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zipfile import BadZipFile

import duckdb

from pipeline.home.checksums import digest
from pipeline.home.error_advice import is_full
from pipeline.home.paths import HomePaths
from pipeline.ingest import Tombstones, shown_path
from pipeline.ingest.lake import Lake, LedgerRow, clear_orphans, read_ledger, write_ledger
from pipeline.ingest.text import ExpandsTooFar
from pipeline.privacy import places
from pipeline.privacy.files import Files, FoundFile, find_files, unfinished_copies
from pipeline.privacy.journal import Journal
from pipeline.privacy.lake import rows_about, without_lines
from pipeline.privacy.person import Person
from pipeline.privacy.proof import Proof, Searched
from pipeline.privacy.raw_files import CannotErase, RawChange, change_of, names_elsewhere
from pipeline.privacy.replacement import Replacement, state_of
from pipeline.privacy.rewrite import PREFIX
from pipeline.privacy.search import Unsearchable, find, kind_of
from pipeline.settings import Settings

_UNREADABLE = (OSError, duckdb.Error, ValueError, BadZipFile, Unsearchable, ExpandsTooFar)


@dataclass
class Erasure:
    """One erasure: where, of whom, and what it has done."""

    settings: Settings
    paths: HomePaths
    con: duckdb.DuckDBPyConnection
    journal: Journal
    say: Callable[[str], object]

    @property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.paths.lake)

    @cached_property
    def person(self) -> Person:
        """Who is erased."""
        return self.journal.person

    @cached_property
    def files(self) -> Files:
        """All files when it began."""
        return find_files(self.settings)


def carry_out(work: Erasure) -> Proof:
    """All steps, from where a killed erasure stopped."""
    journal = work.journal
    journal.rename_all()
    stones = Tombstones.read(work.settings.data_dir)
    moment = datetime.fromisoformat(journal.started_at)
    for kind, ids in (("user", journal.users), ("device", journal.devices), ("anonymous", journal.anonymous)):
        stones.add(kind, set(ids), moment)
    stones.write()
    for copy in unfinished_copies(work.files):
        copy.unlink(missing_ok=True)
    _erase_raw_and_lake(work)
    _erase_other_files(work)
    _erase_versions(work)
    _remove_build_database(work)
    proof = Proof.of(journal, stones, search(work))
    proof.write(work.settings.data_dir / "erasures")
    journal.close()
    return proof


def _erase_raw_and_lake(work: Erasure) -> None:
    """Commit both together: new files are ready before the first rename, and the journal lists all renames."""
    journal, lake = work.journal, work.lake
    ledger, ledger_state = read_ledger(lake.ledger), state_of(lake.ledger)
    active = [row for row in ledger if row.is_active]
    clear_orphans(lake, active)
    gone, n_named = rows_about(work.con, lake, work.person)
    changes = [change for file in work.files.raw if (change := _change(work, file, active, gone))]
    for change in changes:
        journal.note(change.file.name, "raw", len(change.lines), "lines", is_done=False)
    by_row = {row.file_id: change for change in changes for row in change.known_as}
    journal.n_named += n_named
    rows = [_rewritten_row(work, row, gone, by_row.get(row.file_id)) for row in active]
    renamed = {row.file_id for row in active} - {row.file_id for row in rows}
    if not changes and not renamed:
        return
    journal.renames = [change.replacement.kept() for change in changes]
    if rows:
        ready = lake.root / f"{PREFIX}ledger.parquet"
        before = digest(lake.ledger).sha256
        write_ledger(ready, [*(row for row in ledger if not row.is_active), *rows])
        journal.renames.insert(0, Replacement(ready, lake.ledger, ledger_state, before).kept())
    journal.write()
    journal.rename_all()
    clear_orphans(lake, [row for row in read_ledger(lake.ledger) if row.is_active])


def _change(work: Erasure, file: FoundFile, active: list[LedgerRow], gone: dict[str, set[int]]) -> RawChange | None:
    try:
        change = change_of(work.con, work.settings, file, work.person, active, gone)
        if change and (n_elsewhere := names_elsewhere(work.files.raw, file)):
            work.journal.failed[file.name] = (
                f"has {n_elsewhere} more names elsewhere (hard links), which keep the person: remove them there"
            )
    except (*_UNREADABLE, CannotErase) as error:
        work.journal.failed[file.name] = _why(error)
        return None
    return change


def _why(error: Exception) -> str:
    if isinstance(error, (CannotErase, Unsearchable)):
        return str(error)
    if isinstance(error, ExpandsTooFar):
        return f"cannot be searched: {error.why}"
    if is_full(str(error)):
        return "could not be searched or rewritten: disk or memory is full"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be searched or rewritten: {error.strerror}"
    return f"cannot be searched: {type(error).__name__}"


def _rewritten_row(work: Erasure, row: LedgerRow, gone: dict[str, set[int]], change: RawChange | None) -> LedgerRow:
    lines = set(gone.get(row.file_id, set()))
    if change and change.has_numbers:
        lines |= set(change.lines)
    if not lines and not change:
        return row
    content, moves_up = (change.content, change.moves_up) if change else (None, False)
    new = without_lines(work.con, work.lake, row, lines, content, moves_up)
    work.journal.note(f"lake of {row.file}", "lake", new.n_erased - row.n_erased, "rows", is_done=False)
    return new


def _erase_other_files(work: Erasure) -> None:
    """Exports, and files below data/ that are neither raw, nor the lake, nor our databases, nor about erasures."""
    paths = work.paths
    skipped = [path.resolve() for path in (paths.lake, paths.versions, paths.data / "erasures")]
    for file in work.files.by_path.values():
        is_database = (
            file.path.name.startswith(paths.build_db.name) and file.path.parent == paths.build_db.parent.resolve()
        )
        if file.is_raw or not file.is_ours or is_database or any(map(file.path.is_relative_to, skipped)):
            continue
        try:
            n = places.clean(work.con, file.path, work.person, work.settings.cleaning.max_expansion)
        except FileNotFoundError:
            continue
        except _UNREADABLE as error:
            work.journal.failed[file.name] = _why(error)
            continue
        work.journal.note(file.name, "file", n, "rows, lines or words")


def _erase_versions(work: Erasure) -> None:
    for path in sorted(work.paths.versions.glob("*")):
        if path.is_file():
            try:
                n = places.clean_version(path, work.person)
            except duckdb.Error as error:
                work.journal.failed[shown_path(work.settings.home, path)] = _why(error)
                continue
            work.journal.note(shown_path(work.settings.home, path), "version", n, "rows")


def _remove_build_database(work: Erasure) -> None:
    """Its tables are sums over the lake as it was, so all of it is removed, and the next night builds it again."""
    path = work.paths.build_db
    if not path.exists():
        return
    try:
        n = find(work.con, path, work.person, work.settings.cleaning.max_expansion).n
    except duckdb.Error:
        n = 1
    if n or any(entry["kind"] == "lake" for entry in work.journal.removed):
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        work.journal.note(
            shown_path(work.settings.home, path), "build database", max(n, 1), "rows, removed with the whole file"
        )
        work.say("removed the build database: the next night rebuilds it from the lake")


def search(work: Erasure) -> Searched:
    """Search every file as it is now."""
    files = find_files(work.settings)
    searched = Searched(remaining={**work.journal.failed, **files.unreadable}, moved_exports=files.moved_exports)
    for file in files.by_path.values():
        if file.path == work.journal.path.resolve():
            continue
        try:
            searched.add(
                file, kind_of(file.path), find(work.con, file.path, work.person, work.settings.cleaning.max_expansion)
            )
        except _UNREADABLE as error:
            searched.remaining[file.name] = _why(error)
    return searched
