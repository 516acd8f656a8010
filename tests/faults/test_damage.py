"""A flipped byte in each kind of file, between two nights: found, named, and the next night's warehouse is right."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipeline.home.paths import HomePaths
from pipeline.ingest import read_ledger
from tests.faults.cases import differences, unbalanced
from tests.faults.warm import Nights


def flip(path: Path, at: int | None = None) -> None:
    """Turn one bit, the size unchanged."""
    with path.open("r+b") as handle:
        handle.seek(path.stat().st_size // 2 if at is None else at)
        byte = handle.read(1)
        handle.seek(-1, 1)
        handle.write(bytes([byte[0] ^ 0x10]))


def config_of(paths: HomePaths) -> tuple[str, str]:
    return ("--config", str(paths.home / "growth.yaml"))


def lake_file(paths: HomePaths) -> Path:
    return max(paths.lake.glob("events/*/*.parquet"), key=lambda file: file.stat().st_size)


def build_block(paths: HomePaths) -> None:
    """A bit in every second block of the build database: some are free, and nobody reads those."""
    for at in range(12_288 + 4096, paths.build_db.stat().st_size, 2 * 262_144):
        flip(paths.build_db, at)


DAMAGE = {
    "lake": lambda paths: flip(lake_file(paths)),
    "ledger": lambda paths: flip(paths.ledger),
    "build": build_block,
    "build header": lambda paths: flip(paths.build_db, 5000),
    "published": lambda paths: flip(paths.warehouse.resolve()),
    "published header": lambda paths: flip(paths.warehouse.resolve(), 5000),
    "predictions": lambda paths: flip(paths.ml / "churn_scores.parquet"),
    "gate results": lambda paths: flip(paths.quality_results),
}
NAMED = {
    "lake": "events/event_month=",
    "ledger": "ledger.parquet",
    "build": "growth.duckdb.damaged-",
    "build header": "growth.duckdb.damaged-",
    "published": "versions read again",
    "published header": "",
    "predictions": "data/ml/churn_scores.parquet",
    "gate results": "data/ops/quality_results.parquet",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_doctor_names_a_damaged_file_and_the_next_night_is_right(
    kind: str, home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    current = home.warehouse.resolve().name
    DAMAGE[kind](home)
    log = tmp_path / "doctor.log"
    code = nights.run(log, "doctor", *config_of(home))
    output = log.read_text(encoding="utf-8")
    assert (NAMED[kind] if not kind.startswith("published") else current) in output
    assert code == (2 if kind.startswith(("published", "ledger")) else 0), output
    assert nights.run(tmp_path / "night.log", "run", *config_of(home)) == 0
    assert differences(home, undisturbed) == forgotten(kind, home, undisturbed)
    assert unbalanced(home) == []
    assert nights.run(tmp_path / "after.log", "doctor", *config_of(home)) == 0


@pytest.mark.parametrize("kind", ["ledger", "build", "build header", "published", "published header", "gate results"])
def test_without_a_doctor_a_night_finds_it_or_the_next_one_mends_it(
    kind: str, home: HomePaths, undisturbed: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    """A night may end over a damaged block that it read in its middle; it then sets the file aside for the next one."""
    before = home.warehouse.resolve()
    DAMAGE[kind](home)
    code = nights.run(tmp_path / "night.log", "run", *config_of(home))
    if code != 0:
        assert home.warehouse.resolve() == before
        assert "damaged" in (tmp_path / "night.log").read_text(encoding="utf-8")
        assert nights.run(tmp_path / "again.log", "run", *config_of(home)) == 0
    assert differences(home, undisturbed) == forgotten(kind, home, undisturbed)
    assert unbalanced(home) == []


def forgotten(kind: str, found: HomePaths, expected: HomePaths) -> list[str]:
    """A rebuilt ledger knows what the raw files say now; that one of them had fewer lines before is forgotten, and
    nothing else.
    """
    if kind != "ledger":
        return []
    off = differences(found, expected)
    assert len(off) == 1
    assert off[0].startswith("raw.ingested_files: 1 rows only in expected")
    assert "'superseded'" in off[0]
    return off


def test_a_query_on_a_damaged_version_says_what_to_do(home: HomePaths, nights: Nights, tmp_path: Path) -> None:
    for at in (5000, 9000):
        flip(home.warehouse.resolve(), at)
    log = tmp_path / "sql.log"
    assert nights.run(log, "sql", "from marts.fct_events", *config_of(home)) == 2
    output = log.read_text(encoding="utf-8")
    assert "growthhouse doctor" in output
    assert "Traceback" not in output


def test_damage_whose_raw_file_is_gone_stops_the_night_and_names_the_days(
    home: HomePaths, nights: Nights, tmp_path: Path
) -> None:
    before = home.warehouse.resolve()
    row = min((row for row in read_ledger(home.ledger) if row.is_active), key=lambda row: row.file)
    (file,) = home.lake.glob(f"events/*/shop-{row.file_id}.parquet")
    file.unlink()
    (home.home / row.file).unlink()
    assert nights.run(tmp_path / "night.log", "run", *config_of(home)) == 2
    output = (tmp_path / "night.log").read_text(encoding="utf-8")
    assert row.file in output
    assert str(row.min_event_at)[:10] in output
    assert home.warehouse.resolve() == before
    assert nights.run(tmp_path / "doctor.log", "doctor", "--accept-loss", *config_of(home)) == 0
    assert nights.run(tmp_path / "again.log", "run", *config_of(home)) == 0
    with duckdb.connect(str(home.warehouse.resolve()), read_only=True) as con:
        assert con.execute("select status from raw.ingested_files where file_id = ?", [row.file_id]).fetchone() == (
            "superseded",
        )
    assert unbalanced(home) == []
