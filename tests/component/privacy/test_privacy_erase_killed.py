"""Erasing a person is killed: started again, it ends the same."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from erase_home import ANNA, NOW, unpacked
from ingest_home import Home

from pipeline.privacy import erase, finish_pending


class Killed(BaseException):
    """Not an error that anything could catch."""


def state_of(home: Home) -> dict[str, bytes]:
    """Every file but the report, whose times and places may differ after a crash."""
    return {
        path.relative_to(home.folder).as_posix(): unpacked(path)
        for path in sorted(home.folder.rglob("*"))
        if path.is_file() and "erasures" not in path.parts and path.suffix != ".duckdb"
    }


def counts(home: Home) -> set[tuple[str, int, int]]:
    return {(name, row.n_lines, row.n_erased) for name, row in home.active().items()}


@pytest.fixture
def small(home: Home) -> Home:
    """One file of each kind that takes a step of its own."""
    for path in ("in/b.jsonl.zst", "in/c.jsonl", "tables/p.parquet", "data/exports/report.html"):
        (home.folder / path).unlink()
    shutil.rmtree(home.folder / "data" / "lake")
    home.ingest()
    return home


@pytest.mark.parametrize("every_other", [0, 1])  # two halves, for two processes
def test_killed_at_every_rename_and_started_again_it_ends_the_same(
    small: Home, every_other: int, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, replace, copies = small, os.replace, tmp_path_factory.mktemp("copies")
    salt = {"salt": "00" * 32, "erased": {}}
    (home.folder / "data" / "erasures").mkdir()
    (home.folder / "data" / "erasures" / "tombstones.json").write_text(json.dumps(salt))
    before = home.copy(copies / "before")
    n_renames = 0

    def counted(*paths: Any) -> None:
        nonlocal n_renames
        n_renames += 1
        replace(*paths)

    monkeypatch.setattr(os, "replace", counted)
    erase(home.settings, "user", ANNA, now=NOW, say=lambda text: None)
    wanted, wanted_counts, n_all = state_of(home), counts(home), n_renames
    assert n_all > 10
    for n in range(every_other, n_all, 2):
        again = before.copy(copies / f"killed-{n}")
        left = n

        def killing(*paths: Any) -> None:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            replace(*paths)

        monkeypatch.setattr(os, "replace", killing)
        with pytest.raises(Killed):
            erase(again.settings, "user", ANNA, now=NOW, say=lambda text: None)
        monkeypatch.setattr(os, "replace", replace)
        finished = finish_pending(again.settings, say=lambda text: None)
        if finished is None:  # killed before anything was decided, or after everything was done
            finished = erase(again.settings, "user", ANNA, now=NOW, say=lambda text: None)
        assert finished.is_clean, n
        state = state_of(again)
        assert state.keys() == wanted.keys(), n
        differing = {name for name in state if state[name] != wanted[name]}
        # Their rows are compared below, their times differ.
        assert {Path(name).name for name in differing} <= {"ledger.parquet", "checksums.txt"}, n
        assert counts(again) == wanted_counts, n
        night = again.ingest()
        assert (night.n_files_new, night.warnings) == (0, []), n
