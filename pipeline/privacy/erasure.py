"""`growthhouse erase`: one person out of every file of a home, with a proof.

In this order: record who, so that they are not accepted again; raw files and lake together; predictions and other
files; published versions; the build database; then search everything. Each step leaves a complete new file or the old
one, and doing it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from zipfile import BadZipFile

import duckdb

from pipeline.home.checksums import digest
from pipeline.home.paths import HomePaths
from pipeline.ingest import PrivacyFilter, Tombstones, privacy_filter, shown_path
from pipeline.ingest.lake import Lake, LedgerRow, clear_orphans, ledger_problem, read_ledger, write_ledger
from pipeline.ingest.text import ExpandsTooFar
from pipeline.privacy import places
from pipeline.privacy.files import Files, FoundFile, find_files, unfinished_copies
from pipeline.privacy.journal import Journal
from pipeline.privacy.lake import linked_devices, rows_about, without_lines
from pipeline.privacy.person import Person
from pipeline.privacy.proof import Proof, Searched
from pipeline.privacy.raw_files import CannotErase, RawChange, change_of, names_elsewhere
from pipeline.privacy.replacement import Replacement, state_of
from pipeline.privacy.rewrite import PREFIX
from pipeline.privacy.search import Unsearchable, find, kind_of
from pipeline.privacy.share import Share, measure
from pipeline.settings import Settings, trimmed

KINDS = ("user", "anonymous")
_UNREADABLE = (OSError, duckdb.Error, ValueError, BadZipFile, Unsearchable, ExpandsTooFar)


class EraseError(Exception):
    """Why an erasure cannot begin; the message is for a person."""


@dataclass
class _Erasure:
    settings: Settings
    paths: HomePaths
    con: duckdb.DuckDBPyConnection
    journal: Journal
    say: Callable[[str], object]

    @property
    def lake(self) -> Lake:
        return Lake(self.paths.lake)

    @cached_property
    def person(self) -> Person:
        return self.journal.person

    @cached_property
    def files(self) -> Files:
        return find_files(self.settings)


def erase(
    settings: Settings,
    kind: str,
    given: str,
    *,
    also: Iterable[str] = (),
    is_rest_left: bool = False,
    now: datetime | None = None,
    say: Callable[[str], object] = print,
    agree: Callable[[Share], bool] = lambda share: True,
) -> Proof:
    """Remove a person and search for what is left. `given` is the id as in the raw data. Needs the writer lock.

    `also` are longer words that mean the person too; with `is_rest_left` all others do not. `agree` is asked where an unlikely share of all lines would go
    (`privacy.max_erased_rate`); EraseError if it does not.
    """
    finish_pending(settings, say)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    with _prepared(settings, kind, given, also, say) as work:
        work.journal.is_rest_left = is_rest_left
        work.journal.started_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        share = measure(work.con, settings, work.files, work.lake, work.person)
        if share.is_unlikely(settings.privacy.max_erased_rate) and not agree(share):
            raise EraseError(f"{share.text}; nothing was changed")
        clear_orphans(work.lake, read_ledger(work.lake.ledger))
        work.journal.write()
        return _carry_out(work)


def preview(settings: Settings, kind: str, given: str, *, also: Iterable[str] = ()) -> Searched:
    """What an erasure would find; nothing is changed. Needs the writer lock."""
    if Journal.place(settings.data_dir).exists():
        raise EraseError(
            "an erasure that was killed comes first: run `growthhouse erase` without --dry-run, or a night"
        )
    with _prepared(settings, kind, given, also, print) as work:
        return _search(work)


def finish_pending(settings: Settings, say: Callable[[str], object] = print) -> Proof | None:
    """Finish an erasure that was killed; None if there was none. Needs the writer lock."""
    journal = Journal.read(settings.data_dir)
    if journal is None:
        return None
    if not settings.identity.is_valid_id(journal.given):  # begun by a version that did not check it
        journal.drop()
        say(f"dropped the erasure that began at {journal.started_at}: {journal.given!r} is nobody's id")
        return None
    say(f"finishing the erasure that began at {journal.started_at}")
    with duckdb.connect() as con:
        work = _Erasure(settings, HomePaths(settings.home), con, journal, say)
        work.person.words.install(con)
        proof = _carry_out(work)
    for place, what in proof.remaining.items():
        say(f"the erasure that began at {journal.started_at} left the person in {place}: {what}")
    return proof


@contextmanager
def _prepared(
    settings: Settings, kind: str, given: str, also: Iterable[str], say: Callable[[str], object]
) -> Iterator[_Erasure]:
    """An erasure that knows all ids of the person, and has changed nothing yet."""
    given, privacy = _checked(settings, kind, given), privacy_filter(settings)
    journal = Journal(Journal.place(settings.data_dir), kind, given, also=sorted(set(also)))
    with duckdb.connect() as con:
        work = _Erasure(settings, HomePaths(settings.home), con, journal, say)
        _find_ids(journal, con, work.lake, privacy)
        if strange := [word for word in journal.also if not any(given in word for given in work.person.ids)]:
            raise EraseError(
                f"{strange[0]!r} does not contain the id, so it is no longer word of it; nothing was changed"
            )
        work.person.words.install(con)
        yield work


def _checked(settings: Settings, kind: str, given: str) -> str:
    """The id without blanks around it. Raises EraseError where no erasure is possible."""
    given = trimmed(given)
    if kind not in KINDS:
        raise EraseError("name the person: --user ID or --anonymous ID")
    if not settings.identity.is_valid_id(given):
        raise EraseError(
            f"{given or 'an empty text'!r} is nobody's id: it stands where there is none (identity.invalid_ids and what "
            "programs write for no value), so the lines of everybody without an id would go; nothing was changed"
        )
    if problem := ledger_problem(Lake(HomePaths(settings.home).lake)):
        raise EraseError(f"the lake's ledger {problem}: `growthhouse run` rebuilds it; erase after that")
    return given


def _find_ids(journal: Journal, con: duckdb.DuckDBPyConnection, lake: Lake, privacy: PrivacyFilter) -> None:
    """Every id of the person: as the raw files have it and, where ingest hashes ids, as the lake has it."""
    column = "user_id" if journal.kind == "user" else "anonymous_id"
    ids = {journal.given, privacy.pseudonym(column, journal.given)}
    if journal.kind == "anonymous":
        journal.anonymous = sorted(ids)
        return
    journal.users = sorted(ids)
    journal.devices = sorted(linked_devices(con, lake, frozenset(ids)))


def _carry_out(work: _Erasure) -> Proof:
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
    proof = Proof.of(journal, stones, _search(work))
    proof.write(work.settings.data_dir / "erasures")
    journal.close()
    return proof


def _erase_raw_and_lake(work: _Erasure) -> None:
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


def _change(work: _Erasure, file: FoundFile, active: list[LedgerRow], gone: dict[str, set[int]]) -> RawChange | None:
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
        return "cannot be searched: expands too far (cleaning.max_expansion)"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be searched or rewritten: {error.strerror}"
    return f"cannot be searched: {type(error).__name__}"


def _rewritten_row(work: _Erasure, row: LedgerRow, gone: dict[str, set[int]], change: RawChange | None) -> LedgerRow:
    lines = set(gone.get(row.file_id, set()))
    if change and change.has_numbers:
        lines |= set(change.lines)
    if not lines and not change:
        return row
    content, moves_up = (change.content, change.moves_up) if change else (None, False)
    new = without_lines(work.con, work.lake, row, lines, content, moves_up)
    work.journal.note(f"lake of {row.file}", "lake", new.n_erased - row.n_erased, "rows", is_done=False)
    return new


def _erase_other_files(work: _Erasure) -> None:
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


def _erase_versions(work: _Erasure) -> None:
    for path in sorted(work.paths.versions.glob("*")):
        if path.is_file():
            try:
                n = places.clean_version(path, work.person)
            except duckdb.Error as error:
                work.journal.failed[shown_path(work.settings.home, path)] = _why(error)
                continue
            work.journal.note(shown_path(work.settings.home, path), "version", n, "rows")


def _remove_build_database(work: _Erasure) -> None:
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


def _search(work: _Erasure) -> Searched:
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
