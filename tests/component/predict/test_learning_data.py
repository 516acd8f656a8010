"""Of many persons the models learn from some; all of them are scored."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.predict.features import read_learning_data

WEEK_AGO, AS_OF = date(2026, 1, 3), date(2026, 1, 10)
PERSONS = [f"u{number}" for number in range(20)]
LATECOMER = "u_of_this_week"


def build(folder: Path, persons: list[str]) -> Path:
    """A build database with two snapshots of the persons, in the order given, and one person of the second alone."""
    file = folder / "growth.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.user_features (person_id varchar, as_of_date date, n_events_30d bigint)")
        rows = [(person, day, 1) for day in (AS_OF, WEEK_AGO) for person in persons] + [(LATECOMER, AS_OF, 1)]
        con.executemany("insert into marts.user_features values (?, ?, ?)", rows)
        con.execute(
            "create table marts.user_labels as select person_id, as_of_date, true as is_churned from "
            "marts.user_features"
        )
    return file


def test_everybody_is_scored_and_so_many_are_learnt_from_with_all_their_snapshots(tmp_path: Path) -> None:
    data = read_learning_data(build(tmp_path, PERSONS), AS_OF, max_persons=5)
    assert sorted(data.now["person_id"]) == sorted([*PERSONS, LATECOMER])
    learnt_from = set(data.labels["person_id"])
    assert len(learnt_from) == 5
    assert set(data.features["person_id"]) == learnt_from
    assert len(data.features) == len(data.labels) == 2 * len(learnt_from - {LATECOMER}) + len(learnt_from & {LATECOMER})


def test_up_to_the_limit_nobody_is_left_out(tmp_path: Path) -> None:
    data = read_learning_data(build(tmp_path, PERSONS), AS_OF, max_persons=21)
    assert len(data.features) == len(data.labels) == 41


@pytest.mark.parametrize("max_persons", [1, 7])
def test_the_order_of_rows_chooses_nobody(tmp_path: Path, max_persons: int) -> None:
    found = []
    for number, persons in enumerate((PERSONS, PERSONS[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        found.append(read_learning_data(build(folder, persons), AS_OF, max_persons).features)
    assert found[0].equals(found[1])
