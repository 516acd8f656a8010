"""Table expressions over the lake and its ledger, for the suites that read Parquet. Not here: checks."""

from collections.abc import Sequence

from expectations.params import GateParams

_NO_EVENTS = """(
    select
        '' as source, '' as file_id, '' as event_month, '' as user_id, '' as anonymous_id,
        cast(null as timestamp) as event_at
    where false
)"""
_NO_LATE_ROW = (
    "select cast(null as bigint) as n_too_late, cast(null as date) as too_late_from, cast(null as date) as too_late_to "
    "where false"
)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_list(values: Sequence[str]) -> str:
    """A list of SQL string literals between square brackets."""
    return "[" + ", ".join(map(quoted, values)) + "]"


def until(params: GateParams) -> str:
    """The first instant after as_of, as a SQL literal."""
    return f"timestamp '{params.end_at:%Y-%m-%d %H:%M:%S}'"


def since(params: GateParams) -> str:
    """When the last version was published; files ingested later have not passed a gate and been published yet."""
    return f"timestamp '{params.published_at}'" if params.published_at else "timestamp '-infinity'"


def events(params: GateParams) -> str:
    """The lake's events, with the columns the gates read."""
    return _NO_EVENTS if params.lake_is_empty else _events(quoted(params.lake_events))


def new_events(params: GateParams) -> str:
    """The same of the files not checked before, and of those that reach beyond as_of."""
    if params.new_is_empty:
        return _NO_EVENTS
    files = params.lake_new
    return events(params) if files is None else _events(quoted_list(files))


def _events(files: str) -> str:
    return f"read_parquet({files}, hive_partitioning = true, hive_types = {{event_month: varchar}})"


def rejected(params: GateParams) -> str:
    """The lake's rejected lines, with the columns the gates read."""
    if not params.lake_has_rejects:
        return "(select '' as source, '' as file_id, '' as reason where false)"
    return f"(select source, file_id, reason from read_parquet({quoted(params.lake_rejected)}))"


def ledger(params: GateParams) -> str:
    """The files that count; a ledger of an older version has no column for lines that came too late."""
    read = f"select * from read_parquet({quoted(params.ledger)}) where status <> 'superseded'"
    return f"({read} union all by name ({_NO_LATE_ROW}))"


def accepted_by_source(params: GateParams) -> str:
    """A query: events of loaded files up to as_of, counted by source.

    Files that end by as_of are counted by the ledger (the raw gate compared it with the lake when they came); those
    that reach beyond it are read.
    """
    loaded = f"(select * from read_parquet({quoted(params.ledger)}) where status = 'loaded')"
    end = until(params)
    return f"""
        select source, cast(sum(n) as bigint) as n
        from (
            select source, n_accepted as n from {loaded} where max_event_at < {end}
            union all
            select source, 1 as n
            from {new_events(params)}
            where event_at < {end} and file_id in (select file_id from {loaded} where max_event_at >= {end})
        )
        group by source
        having sum(n) > 0
    """
