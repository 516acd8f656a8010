"""What persons did with items, out of the build database, as the recommender wants it.

Belongs here: which rows are read, so that memory does not grow with the number of persons. Not here: any modelling
(`models.recommend`) and anything of Dagster (`assets/recommendations.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline.home.sql_text import quote
from pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from models.recommend import Catalogue, Histories, Span

MAX_ITEMS = 200_000
MAX_LEARNT_FROM = 200_000
MAX_TESTED = 4_000
MAX_ITEMS_OF_PERSON = 200
PERSONS_PER_PART = 50_000
POPULAR_DAYS = 30
_DAYS = "intermediate.int_person_item_days"


@dataclass(frozen=True)
class Part:
    """Some of the persons that get recommendations, sorted by id, and their histories in the same order."""

    persons: list[str]
    known: Histories


class RecommendationData:
    """Reads for one night; `connection` is on the build database, and gets temporary tables."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, weights: list[dict[str, Any]]
    ) -> None:
        self._con = connection
        self._rules = settings.recommendations
        self.events = [one["event"] for one in weights]
        if "purchase" not in self.events:
            self.events.append("purchase")
        self._unavailable = read_unavailable(settings)

    def n_known_by(self, cut: date) -> int:
        """Rows that the days up to a date offer to learn from."""
        return self._one(f"select count(*) from {_DAYS} where {self._is_counted(cut)}")

    def first_date(self) -> date | None:
        """Of any interaction with an item."""
        found: date | None = self._one(f"select min(activity_date) from {_DAYS} where weight > 0")
        return found

    def catalogue(self, cut: date, *, is_serving: bool = False) -> Catalogue:
        """Items touched in the days up to a date, of too many the most touched ones; kept as the temporary table
        `items`.

        Items that are not available now are left out only when serving: past availability is unknown.
        """
        from models.recommend import Catalogue

        # one row per person and item first: counting distinct persons would hold all of them in memory
        self._con.execute(f"""
            create or replace temp table items as
            with pairs as (
                select item_id, person_id, max(activity_date) as last_date
                from {_DAYS} where {self._is_counted(cut)} group by all
            ),
            counted as (
                select
                    item_id,
                    count(*) as n_persons,
                    count(*) filter (last_date > date '{cut}' - {POPULAR_DAYS}) as n_recent
                from pairs
                group by item_id
                order by n_persons desc, item_id
                limit {MAX_ITEMS}
            ),
            named as (
                select item_id, category, max(activity_date) as last_date from {_DAYS}
                where category is not null and {self._is_counted(cut)} group by all
            ),
            categories as (
                select item_id, category from named
                qualify row_number() over (partition by item_id order by last_date desc, category) = 1
            )
            select row_number() over (order by item_id) - 1 as item, item_id, category, n_persons, n_recent
            from counted left join categories using (item_id)
        """)
        frame = self._con.execute("from items order by item").df()
        n_known = self._one(f"select count(distinct person_id) from {_DAYS} where {self._is_counted(cut)}")
        gone = self._unavailable if is_serving else set()
        return Catalogue.of(frame, ~frame["item_id"].isin(gone).to_numpy(dtype=bool), n_known)

    def learned(self, cut: date, n_items: int) -> Histories:
        """Histories to learn from; of too many persons those chosen by a hash of their ids, always the same ones."""
        self._choose(f"select distinct person_id from {_DAYS} where {self._is_counted(cut)}", MAX_LEARNT_FROM)
        return self._histories(cut, n_items)

    def span(self, name: str, cut: date) -> Span:
        """What was known by a date, and what (at most MAX_TESTED) persons turned to in the horizon after it."""
        from models.recommend import Span

        catalogue = self.catalogue(cut)
        learned = self.learned(cut, len(catalogue))
        after = f"weight > 0 and activity_date > date '{cut}' and activity_date <= date '{self._end_of(cut)}'"
        bought = f"is_bought and activity_date <= date '{cut}' and not {str(self._rules.allow_repeat).lower()}"
        self._con.execute(f"""
            create or replace temp table sought as
            select distinct person_id, item_id from {_DAYS} where {after}
            except select person_id, item_id from {_DAYS} where {bought}
        """)
        self._choose("select distinct person_id from sought", MAX_TESTED)
        frame = self._con.execute(
            "select person, item from sought inner join persons using (person_id) left join items using (item_id) "
            "order by all"
        ).df()
        return Span.of(name, catalogue, learned, self._histories(cut, len(catalogue)), frame)

    def parts(self, cut: date, n_items: int) -> Iterator[Part]:
        """Everybody but bots, also those without any history, in parts of about PERSONS_PER_PART."""
        everybody = "from marts.dim_users where not is_bot"
        n_parts = 1 + self._one(f"select count(*) {everybody}") // PERSONS_PER_PART
        for number in range(n_parts):
            self._choose(f"select person_id {everybody} and hash(person_id) % {n_parts} = {number}")
            known = self._histories(cut, n_items, is_serving=True)
            rows = self._con.execute("select person_id from persons order by person").fetchall()
            if rows:
                yield Part([person for (person,) in rows], known)

    def _choose(self, query: str, limit: int | None = None) -> None:
        """The temporary table `persons`: those of the query, numbered by id."""
        limited = f"order by md5(person_id), person_id limit {limit}" if limit else ""
        self._con.execute(
            "create or replace temp table persons as "
            "select person_id, row_number() over (order by person_id) - 1 as person "
            f"from (select * from ({query}) {limited})"
        )

    def _histories(self, cut: date, n_items: int, *, is_serving: bool = False) -> Histories:
        from models.recommend import histories

        n_persons = self._one("select count(*) from persons")
        return histories(self._frame(cut, is_serving), n_persons, n_items)

    def _frame(self, cut: date, is_serving: bool) -> pd.DataFrame:
        """One row per person × item: interest faded by half each half-life, at most MAX_ITEMS_OF_PERSON of a person.

        What was bought counts as bought tonight even where that became known only after the date.
        """
        known, counted = f"known_date <= date '{cut}'", f"filter ({self._is_counted(cut)})"
        event = "".join(f" when {quote(name)} then {number}" for number, name in enumerate(self.events))
        faded = f"weight * pow(0.5, (date '{cut}' - activity_date) / {float(self._rules.half_life_days)}::double)"
        return self._con.execute(f"""
            with pairs as (
                select
                    persons.person,
                    items.item,
                    coalesce(cast(sum(cast(least({faded}, 1e12) as decimal(38, 6))) {counted} as double), 0) as weight,
                    coalesce(max(epoch(last_event_at)) {counted} / 86400.0, 0) as latest,
                    min(case strongest_event{event} else {len(self.events)} end) as event,
                    bool_or(is_bought) as is_bought
                from {_DAYS} as days
                inner join persons using (person_id)
                inner join items using (item_id)
                where days.activity_date <= date '{cut}' and ({known} or {str(is_serving).lower()})
                group by persons.person, items.item
            )
            from pairs
            qualify is_bought
                or row_number() over (partition by person order by weight desc, latest desc, item)
                    <= {MAX_ITEMS_OF_PERSON}
            order by person, item
        """).df()

    def _is_counted(self, cut: date) -> str:
        """SQL: an interaction of the days considered, that happened and was known by the date."""
        first = cut - timedelta(days=self._rules.days)
        return (
            f"weight > 0 and activity_date <= date '{cut}' and known_date <= date '{cut}' "
            f"and activity_date > date '{first}'"
        )

    def _end_of(self, cut: date) -> date:
        return cut + timedelta(days=self._rules.horizon_days)

    def _one(self, query: str) -> Any:
        row = self._con.execute(query).fetchone()
        return row[0] if row else None


def read_unavailable(settings: Settings) -> set[str]:
    """Ids of items that must not be recommended; ConfigError where the file of the config cannot be read."""
    path = settings.unavailable_items
    if path is None:
        return set()
    place = ("recommendations", "unavailable_items")
    if not path.is_file():
        raise settings.error_at(place, f"no such file: {path}", "write the file, or take the key out")
    try:
        return _item_ids(path)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise settings.error_at(
            place, f"{path} cannot be read: {reason}", "expected a CSV or Parquet file with a column item_id"
        ) from error


def _item_ids(path: Path) -> set[str]:
    kind = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, header = true, all_varchar = true)"
    rows = duckdb.execute(
        f"select distinct trim(cast(item_id as varchar)) from {kind} where item_id is not null", [str(path)]
    ).fetchall()
    return {item for (item,) in rows}
