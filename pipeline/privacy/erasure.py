"""`growthhouse erase`: one person out of every file of a home, with a proof.

In this order: record who, so that they are not accepted again; raw files and lake together; predictions and other
files; published versions; the build database; then search everything. Each step leaves a complete new file or the old
one, and doing it twice does no harm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

import duckdb

from pipeline.home.checksums import accept, digest
from pipeline.home.paths import HomePaths
from pipeline.ingest import PrivacyFilter, Tombstones, privacy_filter, shown_path
from pipeline.ingest.lake import Lake, LedgerRow, clear_orphans, ledger_problem, read_ledger, write_ledger
from pipeline.privacy import places
from pipeline.privacy.journal import Journal
from pipeline.privacy.lake import linked_devices, rows_about, without_lines
from pipeline.privacy.proof import Proof
from pipeline.privacy.raw_files import RawChange, change_of, raw_files
from pipeline.privacy.rewrite import PREFIX
from pipeline.settings import Settings, trimmed

KINDS = ("user", "anonymous")


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


def erase(
    settings: Settings, kind: str, given: str, *, now: datetime | None = None, say: Callable[[str], object] = print
) -> Proof:
    """Remove a person and search for what is left. `given` is the id as in the raw data. Needs the writer lock."""
    finish_pending(settings, say)
    given = _checked(settings, kind, given)
    privacy = privacy_filter(settings)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    paths, journal = HomePaths(settings.home), Journal(Journal.place(settings.data_dir), kind, given)
    journal.started_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    with duckdb.connect() as con:
        lake = Lake(paths.lake)
        clear_orphans(lake, read_ledger(lake.ledger))
        _find_ids(journal, con, lake, privacy)
        journal.write()
        return _carry_out(_Erasure(settings, paths, con, journal, say))


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


def preview(settings: Settings, kind: str, given: str) -> dict[str, str]:
    """What an erasure would find, by file; nothing is changed. Needs the writer lock."""
    given, privacy = _checked(settings, kind, given), privacy_filter(settings)
    if Journal.place(settings.data_dir).exists():
        raise EraseError(
            "an erasure that was killed comes first: run `growthhouse erase` without --dry-run, or a night"
        )
    paths, journal = HomePaths(settings.home), Journal(Journal.place(settings.data_dir), kind, given)
    with duckdb.connect() as con:
        _find_ids(journal, con, Lake(paths.lake), privacy)
        return _search(_Erasure(settings, paths, con, journal, print))[1]


def finish_pending(settings: Settings, say: Callable[[str], object] = print) -> Proof | None:
    """Finish an erasure that was killed; None if there was none. Needs the writer lock."""
    journal = Journal.read(settings.data_dir)
    if journal is None:
        return None
    if not settings.identity.is_valid_id(journal.given):  # begun by a version that did not check it
        for new, _ in journal.renames:
            Path(new).unlink(missing_ok=True)
        journal.close()
        say(f"dropped the erasure that began at {journal.started_at}: {journal.given!r} is nobody's id")
        return None
    say(f"finishing the erasure that began at {journal.started_at}")
    with duckdb.connect() as con:
        return _carry_out(_Erasure(settings, HomePaths(settings.home), con, journal, say))


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
    _remove_unfinished(work)
    _erase_raw_and_lake(work)
    _erase_other_files(work)
    _erase_versions(work)
    _remove_build_database(work)
    proof = _prove(work, stones)
    proof.write(work.settings.data_dir / "erasures")
    journal.close()
    return proof


def _remove_unfinished(work: _Erasure) -> None:
    """Copies that a killed erasure left incomplete."""
    folders = {path.parent for path in raw_files(work.settings)} | {work.paths.data}
    for folder in folders:
        for path in folder.rglob(f"{PREFIX}*"):
            path.unlink(missing_ok=True)


def _erase_raw_and_lake(work: _Erasure) -> None:
    """Commit both together: new files are ready before the first rename, and the journal lists all renames."""
    person, journal, lake = work.journal.person, work.journal, work.lake
    ledger = read_ledger(lake.ledger)
    active = [row for row in ledger if row.is_active]
    clear_orphans(lake, active)
    gone, n_named = rows_about(work.con, lake, person)
    changes: list[RawChange] = []
    for path, source in raw_files(work.settings).items():
        if change := change_of(work.con, work.settings, path, source, person, active, gone):
            changes.append(change)
            journal.note(_shown(work, path), "raw", len(change.lines), "lines", is_done=False)
    by_row = {row.file_id: change for change in changes for row in change.known_as}
    journal.n_named += n_named
    rows = [_rewritten_row(work, row, gone, by_row.get(row.file_id)) for row in active]
    renamed = {row.file_id for row in active} - {row.file_id for row in rows}
    if not changes and not renamed:
        return
    journal.renames = [[str(change.new), str(change.path)] for change in changes]
    if rows:
        ready = lake.root / f"{PREFIX}ledger.parquet"
        write_ledger(ready, [*(row for row in ledger if not row.is_active), *rows])
        accept(lake.root, {lake.ledger.name: digest(ready)})
        journal.renames.insert(0, [str(ready), str(lake.ledger)])
    journal.write()
    journal.rename_all()
    clear_orphans(lake, rows)


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


def _shown(work: _Erasure, path: Path) -> str:
    return shown_path(work.settings.home, path)


def _exports(work: _Erasure) -> list[Path]:
    """Files that `growthhouse export` wrote, in whatever folder."""
    log = work.paths.exports
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return sorted({Path(json.loads(line)["file"]).absolute() for line in lines})


def _others(work: _Erasure) -> Iterator[Path]:
    """Exports, and files below data/ that are neither raw, nor the lake, nor our databases, nor about erasures."""
    yield from (path for path in _exports(work) if path.is_file() and not path.is_symlink())
    data = work.paths.data
    skipped = (data / "raw", work.paths.lake, data / "erasures", work.paths.versions)
    for path in sorted(data.rglob("*")):
        is_database = path.name.startswith(work.paths.build_db.name) and path.parent == work.paths.build_db.parent
        if path.is_file() and not path.is_symlink() and not is_database and not any(map(path.is_relative_to, skipped)):
            yield path


def _erase_other_files(work: _Erasure) -> None:
    for path in _others(work):
        n = places.clean(work.con, path, work.journal.person)
        work.journal.note(_shown(work, path), "file", n, "rows, lines or words")


def _erase_versions(work: _Erasure) -> None:
    for path in sorted(work.paths.versions.glob("*")):
        if path.is_file():
            work.journal.note(_shown(work, path), "version", places.clean(work.con, path, work.journal.person), "rows")


def _remove_build_database(work: _Erasure) -> None:
    """Its tables are sums over the lake as it was, so all of it is removed, and the next night builds it again."""
    path = work.paths.build_db
    if not path.exists():
        return
    try:
        n = places.find(work.con, path, work.journal.person)
    except duckdb.Error:
        n = 1
    if n or any(entry["kind"] == "lake" for entry in work.journal.removed):
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        work.journal.note(_shown(work, path), "build database", max(n, 1), "rows, removed with the whole file")
        work.say("removed the build database: the next night rebuilds it from the lake")


def _search(work: _Erasure) -> tuple[int, dict[str, str]]:
    """How many files were searched, and what of the person is in which of them."""
    journal, person = work.journal, work.journal.person
    files = dict.fromkeys([*sorted(work.paths.data.rglob("*")), *raw_files(work.settings), *_exports(work)])
    n_searched, found = 0, {}
    for path in files:
        if not path.is_file() or path.is_symlink() or path == journal.path:
            continue
        n_searched += 1
        try:
            n = places.find(work.con, path, person)
        except (OSError, duckdb.Error, ValueError, BadZipFile) as error:
            found[_shown(work, path)] = f"cannot be searched: {type(error).__name__}"
            continue
        if n:
            found[_shown(work, path)] = str(n)
    return n_searched, found


def _prove(work: _Erasure, stones: Tombstones) -> Proof:
    """Search every file once more: what is found now has remained."""
    journal, person = work.journal, work.journal.person
    n_searched, found = _search(work)
    return Proof(
        kind=journal.kind,
        salted_sha256=hashlib.sha256(stones.salt + journal.given.encode()).hexdigest(),
        tombstone=stones.hash(journal.given),
        n_devices=len(journal.devices),
        is_searchable=person.is_searchable,
        started_at=journal.started_at,
        removed=journal.removed,
        n_named=journal.n_named,
        n_searched=n_searched,
        remaining={place: f"{what} left" if what.isdigit() else what for place, what in found.items()},
        moved_exports=[str(path) for path in _exports(work) if not path.exists()],
    )
