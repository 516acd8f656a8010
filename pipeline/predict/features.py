"""Features and labels of a night, out of the build database, for the models.

Belongs here: which rows are read, so that memory does not grow with the number of persons. Not here: any modelling
(`models`) and anything of Dagster (`assets/predictions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.home.memory import reading

if TYPE_CHECKING:
    import pandas as pd

MAX_TRAINING_PERSONS = 100_000


@dataclass(frozen=True)
class LearningData:
    """now: features of everybody at as_of; features, labels: person × snapshot of the persons that the models learn
    from.

    Sorted by as_of_date and person_id.
    """

    now: pd.DataFrame
    features: pd.DataFrame
    labels: pd.DataFrame


def read_learning_data(build_db: Path, as_of: date, max_persons: int = MAX_TRAINING_PERSONS) -> LearningData:
    """Read `marts.user_features` and `marts.user_labels`.

    Of more than `max_persons` persons the models learn from so many, chosen by a hash of their ids: always the same
    ones, with all of their snapshots.
    """
    with reading(build_db) as con:
        con.execute(
            "create temp table learnt_from as select person_id from (select distinct person_id from marts.user_labels) "
            "order by md5(person_id), person_id limit ?",
            [max_persons],
        )
        now = con.execute("select * from marts.user_features where as_of_date = ? order by person_id", [as_of]).df()
        features, labels = (
            con.execute(
                f"select * from marts.{table} semi join learnt_from using (person_id) order by as_of_date, person_id"
            ).df()
            for table in ("user_features", "user_labels")
        )
    return LearningData(now, features, labels)


def read_order_histories(build_db: Path) -> pd.DataFrame:
    """`marts.order_histories` of everybody with an order, sorted by as_of_date and person_id."""
    with reading(build_db) as con:
        return con.execute("select * from marts.order_histories order by as_of_date, person_id").df()
