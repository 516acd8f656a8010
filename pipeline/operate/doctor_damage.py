"""What `growthhouse doctor` finds in the lake and in what nights build. Under the writer lock."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.home.checksums import RecordDamaged, read_record
from pipeline.home.paths import HomePaths
from pipeline.ingest import Lake, other_content, read_ledger, shown_path
from pipeline.ingest.lake import damaged_files, give_up, ledger_problem, mark_damaged
from pipeline.operate.damage import build_problem, repair, set_build_aside
from pipeline.settings import Settings


@dataclass(frozen=True)
class Finding:
    """level: ok, warn (nothing to do tonight) or error."""

    level: str
    text: str


def damage(settings: Settings, paths: HomePaths, quick: bool, accept_loss: bool) -> list[Finding]:
    """Lake, ledger, build database, predictions and histories against what was written."""
    findings = [*_lake(settings, paths, quick, accept_loss), *(Finding("warn", text) for text in repair(paths))]
    if not quick:
        findings += _raw_files(settings, paths)
    if not quick and (problem := build_problem(paths, full=True)):
        findings.append(Finding("warn", set_build_aside(paths, problem)))
    return findings


def _lake(settings: Settings, paths: HomePaths, quick: bool, accept_loss: bool) -> list[Finding]:
    lake = Lake(paths.lake)
    if problem := ledger_problem(lake):
        return [
            Finding(
                "error",
                f"data/lake/{lake.ledger.name} {problem}; `growthhouse run` rebuilds it from the raw files, and lists "
                "those that are gone",
            )
        ]
    if not lake.ledger.exists():
        return []
    present = {(s.name, shown_path(settings.home, file)) for s in settings.sources for file in settings.source_files(s)}
    findings = []
    if accept_loss:
        findings = [
            Finding("warn", f"{row.n_accepted:,} events of {row.file} no longer count: their file in the lake is lost")
            for row in give_up(lake, present)
        ]
    warnings: list[str] = []
    rows = [row for row in read_ledger(lake.ledger) if row.is_active]
    found = damaged_files(lake, rows, day=0 if quick else None, warnings=warnings)
    if found:
        mark_damaged(lake)
    by_id = {row.file_id: row for row in rows}
    for file_id, problems in found.items():
        row = by_id[file_id]
        can_repair = (row.source, row.file) in present
        advice = (
            f"the next `growthhouse run` reads {row.file} again"
            if can_repair
            else f"its raw file {row.file} is missing: put it back, or go on without its {row.n_accepted:,} events "
            "with `growthhouse doctor --accept-loss`"
        )
        findings += [Finding("warn" if can_repair else "error", f"{problem}; {advice}") for problem in problems]
    findings += [Finding("warn", text) for text in warnings]
    if not findings:
        looked = "sizes" if quick else "content"
        findings.append(Finding("ok", f"lake: {looked} of {_n_recorded(lake)} files as written"))
    return findings


def _raw_files(settings: Settings, paths: HomePaths) -> list[Finding]:
    """Raw files with other content under the size and time that were read: no night would read them before its turn."""
    lake = Lake(paths.lake)
    if ledger_problem(lake) or not lake.ledger.exists():
        return []
    rows = {(row.source, row.file): row for row in read_ledger(lake.ledger) if row.is_active}
    named = [(s.name, file) for s in settings.sources for file in settings.source_files(s)]
    known = [(rows.get((source, shown_path(settings.home, file))), file) for source, file in named]
    other = [row.file for row, file in known if row and other_content(row, file)]
    if other:
        mark_damaged(lake)
        return [
            Finding("warn", f"{file} has other content under the size and time that were read; the next run reads it")
            for file in other
        ]
    return [Finding("ok", f"raw files: content of {sum(row is not None for row, _ in known)} files as it was read")]


def _n_recorded(lake: Lake) -> int:
    try:
        return len(read_record(lake.root))
    except RecordDamaged:
        return 0
