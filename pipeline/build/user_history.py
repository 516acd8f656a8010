"""The kept history of what each night decided of each person: segment and lifecycle stage, as intervals of as_of
dates.

Segments depend on what was known and configured at the time, so their history cannot be rebuilt from the lake: it is a
file of its own, beside the histories of runs and gates. Belongs here: writing that file from a finished build, and
restoring it. Not here: how a night's decisions change the history (activation.user_history, which reads the file).

Besides the intervals the file has one row per night (attribute `(night)`, no person): a night on which nothing changed
is one too. A night for an earlier as_of replaces what that date decided; what later dates decided stays in the file,
and is published again when as_of comes there.
"""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from pipeline.home.failpoints import failpoint
from pipeline.home.parquet import copy_to_parquet
from pipeline.home.paths import HomePaths
from pipeline.home.sql_text import quote

COLUMNS = "person_id, attribute, value, valid_from, valid_to"
# The same from a published version, whose nights are those of the versions before it.
FROM_VERSION = f"""
    select {COLUMNS} from activation.user_history
    union all
    select null, '(night)', null, as_of_date, null from (select distinct as_of_date from ops.published_versions)
"""
# Where as_of went back: tonight's decisions hold until the next night that is known, {next}, and then what was decided
# there.
_WITH_LATER = f"""
    with later as (
        select person_id, attribute, value, greatest(valid_from, date '{{next}}') as valid_from, valid_to
        from kept
        where person_id is not null and coalesce(valid_to > date '{{next}}', true)
    ),
    continued as (select * from later where valid_from = date '{{next}}'),
    tonight as (select {COLUMNS} from build.activation.user_history)
    select
        tonight.person_id, tonight.attribute, tonight.value, tonight.valid_from,
        case when tonight.valid_to is not null then tonight.valid_to
            when continued.person_id is not null then continued.valid_to
            else date '{{next}}' end as valid_to
    from tonight left join continued using (person_id, attribute, value)
    union all
    select * from later
    where not (valid_from = date '{{next}}' and (person_id, attribute, value) in (
        select (person_id, attribute, value) from tonight where valid_to is null
    ))
"""
_TONIGHT = f"select {COLUMNS} from build.activation.user_history"


def keep_history(paths: HomePaths, as_of: date, max_days: int | None = None) -> None:
    """Add the finished build's decisions to the history; remove those that ended over `max_days` before as_of."""
    with duckdb.connect() as con:
        con.execute(f"attach {quote(paths.build_db)} as build (read_only)")
        kept = f"read_parquet({quote(paths.user_history)})" if paths.user_history.exists() else f"({_NOTHING})"
        con.execute(f"create view kept as select {COLUMNS} from {kept}")
        next_night = con.execute(
            "select min(valid_from) from kept where person_id is null and valid_from > ?", [as_of]
        ).fetchall()[0][0]
        intervals = _WITH_LATER.format(next=next_night) if next_night else _TONIGHT
        oldest = as_of - timedelta(days=max_days) if max_days else date.min
        query = f"""
            select * from ({intervals}) where coalesce(valid_to >= date '{oldest}', true)
            union all
            select * from kept where person_id is null and valid_from <> date '{as_of}'
            union all
            select null, '(night)', null, date '{as_of}', null
            order by person_id nulls first, attribute, valid_from
        """
        copy_to_parquet(con, query, paths.user_history)
    failpoint("user_history_kept")


def restore_history(paths: HomePaths) -> None:
    """Restore a missing file from the published version; nights later than that version are lost."""
    if paths.user_history.exists() or not paths.warehouse.exists():
        return
    with duckdb.connect() as con:
        con.execute(f"attach {quote(paths.warehouse.resolve())} as published (read_only)")
        con.execute("use published")
        known = con.execute(
            "select count(*) from duckdb_tables() where schema_name = 'activation' and table_name = 'user_history'"
        ).fetchone()
        if known and known[0]:
            copy_to_parquet(con, FROM_VERSION, paths.user_history)


_NOTHING = (
    "select null::varchar as person_id, null::varchar as attribute, null::varchar as value, null::date as valid_from, "
    "null::date as valid_to where false"
)
