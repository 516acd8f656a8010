"""`growthhouse erase`: one person out of every file of a home, with a report that proves it.

The order: note who, refuse them at the door, raw files and lake together, predictions and other files, published versions, the
build database; then search everything. Each step leaves a whole file or the old one, and doing it again does no harm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline.home.checksums import accept, digest
from pipeline.home.paths import HomePaths
from pipeline.ingest.lake.files import Lake, clear_orphans
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.lake.recovery import ledger_problem
from pipeline.ingest.pseudonyms import Privacy, privacy_of
from pipeline.ingest.tombstones import Tombstones
from pipeline.privacy import places
from pipeline.privacy.journal import Journal
from pipeline.privacy.lake import linked_devices, rows_about, without_lines
from pipeline.privacy.proof import Report
from pipeline.privacy.raw_files import RawChange, change_of, raw_files
from pipeline.privacy.rewrite import PREFIX
from pipeline.settings import Settings

KINDS = ("user", "anonymous")


class EraseError(Exception):
    """Why an erasure cannot begin; the message is for a person."""


@dataclass
class _Work:
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
) -> Report:
    """Remove a person and search for what is left. `given` is the id as it comes in the raw data. Needs the writer lock."""
    finish_pending(settings, say)
    given = _checked(settings, kind, given)
    privacy = privacy_of(settings)
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    paths, journal = HomePaths(settings.home), Journal(Journal.place(settings.data_dir), kind, given)
    journal.started_at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    with duckdb.connect() as con:
        lake = Lake(paths.lake)
        _clear_orphans(lake, read_ledger(lake.ledger))
        _fill(journal, con, lake, privacy)
        journal.write()
        return _work_off(_Work(settings, paths, con, journal, say))


def _checked(settings: Settings, kind: str, given: str) -> str:
    """The id without blanks around it, where it can be looked for at all."""
    given = given.strip()
    if kind not in KINDS or not given:
        raise EraseError("say whom: --user ID or --anonymous ID")
    if problem := ledger_problem(Lake(HomePaths(settings.home).lake)):
        raise EraseError(f"the lake's ledger {problem}: `growthhouse run` rebuilds it; erase after that")
    return given


def preview(settings: Settings, kind: str, given: str) -> dict[str, str]:
    """What an erasure would find, by file; nothing is changed. Needs the writer lock."""
    given, privacy = _checked(settings, kind, given), privacy_of(settings)
    if Journal.place(settings.data_dir).exists():
        raise EraseError(
            "an erasure that was killed comes first: run `growthhouse erase` without --dry-run, or a night"
        )
    paths, journal = HomePaths(settings.home), Journal(Journal.place(settings.data_dir), kind, given)
    with duckdb.connect() as con:
        _fill(journal, con, Lake(paths.lake), privacy)
        return _found(_Work(settings, paths, con, journal, print))[1]


def finish_pending(settings: Settings, say: Callable[[str], object] = print) -> Report | None:
    """Finish an erasure that was killed; None where there was none. Needs the writer lock."""
    journal = Journal.read(settings.data_dir)
    if journal is None:
        return None
    say(f"finishing the erasure that began at {journal.started_at}")
    with duckdb.connect() as con:
        return _work_off(_Work(settings, HomePaths(settings.home), con, journal, say))


def _fill(journal: Journal, con: duckdb.DuckDBPyConnection, lake: Lake, privacy: Privacy) -> None:
    """Every spelling of the person: as the raw files have it and, where the ingest hashes, as the lake does."""
    column = "user_id" if journal.kind == "user" else "anonymous_id"
    ids = {journal.given, privacy.pseudonym(column, journal.given)}
    if journal.kind == "anonymous":
        journal.anonymous = sorted(ids)
        return
    journal.users = sorted(ids)
    journal.devices = sorted(linked_devices(con, lake, frozenset(ids)))


def _work_off(work: _Work) -> Report:
    journal = work.journal
    journal.rename_all()
    stones = Tombstones.read(work.settings.data_dir)
    moment = datetime.fromisoformat(journal.started_at)
    for kind, ids in (("user", journal.users), ("device", journal.devices), ("anonymous", journal.anonymous)):
        stones.add(kind, set(ids), moment)
    stones.write()
    _clear_unfinished(work)
    _raw_and_lake(work)
    _other_files(work)
    _versions(work)
    _build_database(work)
    report = _search(work, stones)
    report.write(work.settings.data_dir / "erasures")
    journal.close()
    return report


def _clear_unfinished(work: _Work) -> None:
    """Copies that a killed erasure left half-written."""
    folders = {path.parent for path in raw_files(work.settings)} | {work.paths.data}
    for folder in folders:
        for path in folder.rglob(f"{PREFIX}*"):
            path.unlink(missing_ok=True)


def _raw_and_lake(work: _Work) -> None:
    """Raw files and lake, committed together: new files are ready before the first rename, and the journal lists them all."""
    person, journal, lake = work.journal.person, work.journal, work.lake
    ledger = read_ledger(lake.ledger)
    active = [row for row in ledger if row.is_active]
    _clear_orphans(lake, active)
    gone, n_named = rows_about(work.con, lake, person)
    changes: list[RawChange] = []
    for path, source in raw_files(work.settings).items():
        if change := change_of(work.con, work.settings, path, source, person, active, gone):
            changes.append(change)
            journal.note(_shown(work, path), "raw", len(change.lines), "lines", is_done=False)
    by_row = {row.file_id: change for change in changes for row in change.known_as}
    journal.n_named += n_named
    rows = [_new_row(work, row, gone, by_row.get(row.file_id)) for row in active]
    renamed = {row.file_id for row in active} - {row.file_id for row in rows}
    if not changes and not renamed:
        return
    journal.renames = [[str(change.made), str(change.path)] for change in changes]
    if rows:
        ready = lake.root / f"{PREFIX}ledger.parquet"
        write_ledger(ready, [*(row for row in ledger if not row.is_active), *rows])
        accept(lake.root, {lake.ledger.name: digest(ready)})
        journal.renames.insert(0, [str(ready), str(lake.ledger)])
    journal.write()
    journal.rename_all()
    _clear_orphans(lake, rows)


def _clear_orphans(lake: Lake, rows: list[LedgerRow]) -> None:
    clear_orphans(lake, (f"{row.source}-{row.file_id}" for row in rows if row.is_active))


def _new_row(work: _Work, row: LedgerRow, gone: dict[str, set[int]], change: RawChange | None) -> LedgerRow:
    lines = set(gone.get(row.file_id, set()))
    if change and change.has_numbers:
        lines |= set(change.lines)
    if not lines and not change:
        return row
    made = without_lines(
        work.con, work.lake, row, lines, change.content if change else None, bool(change and change.moves_up)
    )
    work.journal.note(f"lake of {row.file}", "lake", made.n_erased - row.n_erased, "rows", is_done=False)
    return made


def _shown(work: _Work, path: Path) -> str:
    home = work.settings.home
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _exports(work: _Work) -> list[Path]:
    """Files that `growthhouse export` wrote, wherever they were put."""
    note = work.paths.exports
    lines = note.read_text(encoding="utf-8").splitlines() if note.exists() else []
    return sorted({Path(json.loads(line)["file"]).absolute() for line in lines})


def _others(work: _Work) -> Iterator[Path]:
    """Files below data/ that are neither raw, nor the lake, nor a database of ours, nor about erasures; and exports."""
    yield from (path for path in _exports(work) if path.is_file() and not path.is_symlink())
    data = work.paths.data
    skipped = (data / "raw", work.paths.lake, data / "erasures", work.paths.versions)
    for path in sorted(data.rglob("*")):
        is_database = path.name.startswith(work.paths.build_db.name) and path.parent == work.paths.build_db.parent
        if path.is_file() and not path.is_symlink() and not is_database and not any(map(path.is_relative_to, skipped)):
            yield path


def _other_files(work: _Work) -> None:
    for path in _others(work):
        n = places.clean(work.con, path, work.journal.person)
        work.journal.note(_shown(work, path), "file", n, "rows, lines or words")


def _versions(work: _Work) -> None:
    for path in sorted(work.paths.versions.glob("*")):
        if path.is_file():
            work.journal.note(_shown(work, path), "version", places.clean(work.con, path, work.journal.person), "rows")


def _build_database(work: _Work) -> None:
    """Its tables are sums over the lake as it was: it goes as a whole, and the next night builds it anew."""
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
        work.say("removed the build database: the next night builds it anew from the lake")


def _found(work: _Work) -> tuple[int, dict[str, str]]:
    """How many files were searched from outside, and what of the person is in which of them."""
    journal, person = work.journal, work.journal.person
    files = dict.fromkeys([*sorted(work.paths.data.rglob("*")), *raw_files(work.settings), *_exports(work)])
    searched, held = 0, {}
    for path in files:
        if not path.is_file() or path.is_symlink() or path == journal.path:
            continue
        searched += 1
        try:
            found = places.find(work.con, path, person)
        except (OSError, duckdb.Error, ValueError) as error:
            held[_shown(work, path)] = f"cannot be searched: {type(error).__name__}"
            continue
        if found:
            held[_shown(work, path)] = str(found)
    return searched, held


def _search(work: _Work, stones: Tombstones) -> Report:
    """Every file once more: what is found now has remained."""
    journal, person = work.journal, work.journal.person
    searched, held = _found(work)
    remaining = {place: f"{found} left" if found.isdigit() else found for place, found in held.items()}
    given = hashlib.sha256(stones.salt + journal.given.encode()).hexdigest()
    return Report(
        journal.kind, given, stones.hash(journal.given), len(journal.devices), person.is_searchable, journal.started_at,
        journal.removed, journal.n_named, searched, remaining, [str(path) for path in _exports(work) if not path.exists()],
    )  # fmt: skip
