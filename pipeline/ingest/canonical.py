"""From a draft (one row per line, every value still text) to canonical events and reject reasons, as one SQL query.

Belongs here: what is the same for every format: times, numbers, identities, cleaning, ids. Not here: which value of a
line is which column, which a format says by its `Draft`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.home.sql_text import quote
from pipeline.ingest.times import other_times, plain_time
from pipeline.settings import CANONICAL_COLUMNS, Settings, Source

_TIMES_AND_NAMES = ("event_id", "event_name", "event_at", "original_at", "received_at", "sent_at")
_VALUES = tuple(column for column in CANONICAL_COLUMNS if column not in _TIMES_AND_NAMES)
EVENT_COLUMNS = (
    *("event_id", "has_event_id", "source", "file_id", "line_number"),
    *("event_name", "event_at", "client_event_at", "received_at", "sent_at"),
    *_VALUES,
    *("properties", "content_hash"),
)
# Copies of an event that differ in one of these are a conflict.
_CONTENT = ("event_name", "client_event_at", *_VALUES, "properties")

_NUMBERS = ("price", "quantity", "revenue", "duration_s")
_IDS = ("event_id", "user_id", "anonymous_id", "item_id", "order_id")
# A double holds fifteen digits; sums of amounts below stay exact decimals. No shop sells for more in any currency.
MAX_AMOUNT = 1e15
# Received so many seconds after it was sent, a line was on its way: a clock is wrong beyond, or where it came before.
_MAX_DELIVERY_S, _MAX_AHEAD_S = 600, 60
_CONVERTED = (*_TIMES_AND_NAMES, "user_id", "anonymous_id", "page_path", "device_type")

# Text that is a plain number never meets a regular expression, which is much slower.
MACROS = (
    r"""create or replace temp macro bare_number(v) as regexp_replace(regexp_replace(regexp_replace(trim(v),
        '^([-+]?)\s*(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|[Rr]s\.?|[Kk]r\.?)?\s*', '\1'),
        '\s*(?:\p{Sc}|[A-Z]{3}|[Kk]r\.?|元|円|zł|Kč)?$', ''), '[\s\x{00A0}\x{202F}\x{2019}'']', '', 'g')""",
    r"""create or replace temp macro plain_number(v) as case
        when regexp_full_match(v, '[-+]?\d{1,3}(,\d{3})+(\.\d*)?') then replace(v, ',', '')
        when regexp_full_match(v, '[-+]?\d{1,3}(\.\d{3})+,\d*') then replace(replace(v, '.', ''), ',', '.')
        when regexp_full_match(v, '[-+]?\d{1,3}(\.\d{3}){2,}') then replace(v, '.', '')
        when regexp_full_match(v, '[-+]?\d*,\d+') then replace(v, ',', '.')
        else v end""",
    r"""create or replace temp macro url_path(u) as case when u is null then null else coalesce(nullif(
        regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)', 1), ''), '/') end""",
    # Percent codes that are no UTF-8 (`%bar`, links in GBK) stay as they are.
    """create or replace temp macro url_decoded(v) as coalesce(try(url_decode(v)), v)""",
    r"""create or replace temp macro url_value(u, k) as nullif(url_decoded(replace(
        regexp_extract(u, '[?&]' || k || '=([^&#]*)', 1), '+', ' ')), '')""",
)


@dataclass(frozen=True)
class Draft:
    """How the rows of one batch become drafts of events.

    A draft has file_number, line_number, `fault` (a reason to reject the line that the format found, or null),
    `row_text` (all values of the line; hashed if there is no event_id), `properties`, and
    CANONICAL_COLUMNS as text.
    """

    select: Callable[[str], str]  # from a relation of rows (text/rows.py) to the query of its drafts
    raw_line: str  # SQL expression: a row as text, for the rejected lines
    event_time: str  # the timestamp format of event_at: iso, epoch_s, epoch_ms, epoch_us or a strptime pattern
    delivery_time: str = "iso"  # that of received_at and sent_at
    absent: frozenset[str] = frozenset()  # canonical columns that no row has

    def apply(self, expression: str, columns: Iterable[str], otherwise: str = "null::varchar") -> dict[str, str]:
        """By column, an expression on its name (`{c}`). Of absent columns a null: macros take long to compile."""
        return {c: otherwise if c in self.absent else expression.format(c=c) for c in columns}


def _identity_sql(column: str, invalid_ids: tuple[str, ...]) -> str:
    listed = ", ".join(quote(value.strip().lower()) for value in invalid_ids) or "''"
    text = f"own_user({column})" if column == "user_id" else column
    return f"case when lower({column}) not in ({listed}) then {text} end"


def _renamed_sql(column: str, names: dict[str, str]) -> str:
    if not names:
        return column
    cases = " ".join(f"when {quote(theirs)} then {quote(ours)}" for theirs, ours in names.items())
    return f"case {column} {cases} else {column} end"


def _listed(expressions: Mapping[str, str], suffix: str = "") -> str:
    return ", ".join(f"{expression} as {column}{suffix}" for column, expression in expressions.items())


def staged_sql(
    draft: Draft, rows: str, settings: Settings, source: Source, now: datetime, *, may_lack_identity: bool = False
) -> str:
    """The query from a relation of rows to EVENT_COLUMNS, with file_number, event_month and reason.

    Expects a temporary table `files` (file_number, file_id).
    """
    clean, invalid = settings.cleaning, settings.identity.invalid_ids
    forms = {
        **dict.fromkeys(("event_at", "original_at"), draft.event_time),
        **dict.fromkeys(("received_at", "sent_at"), draft.delivery_time),
    }
    plain = {
        column: "null::timestamp" if column in draft.absent else plain_time(column, form, source.timezone)
        for column, form in forms.items()
    }
    texts = [column for column in CANONICAL_COLUMNS if column not in _NUMBERS]
    inexact = draft.apply("coalesce(is_inexact_id({c}), false)", _IDS, otherwise="false")
    bare = draft.apply("case when {c}_plain is null then bare_number({c}_text) end", _NUMBERS)
    numbers = draft.apply("coalesce({c}_plain, try_cast(plain_number({c}_bare) as double))", _NUMBERS, "null::double")
    latest = f"timestamp '{now:%Y-%m-%d %H:%M:%S}' + interval ({clean.max_future_hours} * 3600) second"
    content = ", chr(31), ".join(_CONTENT)
    # Each step reads the one before: an alias used twice in one select would be computed, and compiled, twice.
    return f"""
with draft as ({draft.select(rows)}),
trimmed as (
    select
        file_number, line_number, fault, row_text, finite_json(properties) as properties,
        {_listed(draft.apply("filled({c})", CANONICAL_COLUMNS))}
    from draft
),
present as (
    select
        file_number, line_number, fault, row_text, properties,
        {_listed(draft.apply("present({c})", texts))},
        {_listed(draft.apply("present({c})", _NUMBERS), "_text")}
    from trimmed
),
identified as (
    select
        * replace ({_listed(draft.apply("exact_id({c})", _IDS))}),
        {" or ".join(inexact.values())} as has_inexact_id
    from present
),
read_plainly as (select *, {_listed(plain, "_plain")} from identified),
read_otherwise as (select *, {other_times(forms, source.timezone)} as other_times from read_plainly),
cast_once as (
    select
        * exclude ({", ".join(_CONVERTED)}), event_id as given_id,
        {_renamed_sql("event_name", source.event_names)} as event_name,
        coalesce(event_at_plain, other_times[1]) as given_at,
        coalesce(original_at_plain, other_times[2]) as client_original_at,
        original_at is not null as is_corrected,
        coalesce(received_at_plain, other_times[3]) as received_at,
        coalesce(sent_at_plain, other_times[4]) as sent_at,
        {_identity_sql("user_id", invalid)} as user_id,
        {_identity_sql("anonymous_id", invalid)} as anonymous_id,
        coalesce(page_path, url_path(page_url)) as page_path,
        lower(device_type) as device_type,
        case when utm_source is null and utm_medium is null and utm_campaign is null and contains(page_url, 'utm_')
            then page_url end as campaign_url,
        {", ".join(f"try_cast({column}_text as double) as {column}_plain" for column in _NUMBERS)}
    from read_otherwise
),
stripped as (
    select
        * exclude (utm_source, utm_medium, utm_campaign),
        coalesce(utm_source, url_value(campaign_url, 'utm_source')) as utm_source,
        coalesce(utm_medium, url_value(campaign_url, 'utm_medium')) as utm_medium,
        coalesce(utm_campaign, url_value(campaign_url, 'utm_campaign')) as utm_campaign,
        {_listed(bare, "_bare")}
    from cast_once
),
numbered as (
    select
        *,
        {_listed(numbers)}
    from stripped
),
timed as (
    select
        * exclude (revenue, duration_s, currency),
        coalesce(client_original_at, given_at) as client_event_at,
        case
            when not is_corrected and epoch_us(received_at) - epoch_us(sent_at)
                not between {-_MAX_AHEAD_S * 10**6} and {_MAX_DELIVERY_S * 10**6}
                then given_at + (received_at - sent_at)
            else given_at
        end as event_at,
        case
            when event_name = 'purchase' then coalesce(revenue, price * coalesce(quantity, 1)) else revenue
        end as revenue,
        coalesce(
            upper(currency), case when price is not null or revenue is not null then {quote(settings.site.currency)} end
        ) as currency,
        coalesce(duration_s, 0) as duration_s,
        {" or ".join(f"({c}_text is not null and coalesce(not isfinite(numbered.{c}), true))" for c in _NUMBERS)}
            as has_non_number
    from numbered
),
checked as (
    select
        *,
        case
            when fault is not null then fault
            when event_name is null then 'missing_event_name'
            {"" if may_lack_identity else "when user_id is null and anonymous_id is null then 'missing_identity'"}
            when event_at is null or event_at < timestamp '1970-01-01' then 'bad_timestamp'
            when event_at > {latest} then 'future_timestamp'
            when has_non_number or has_inexact_id then 'type_conflict'
            when greatest(abs(price), abs(quantity), abs(revenue)) > {MAX_AMOUNT:.0f} then 'type_conflict'
            when duration_s < 0 or duration_s > {clean.max_duration_s} then 'duration_outlier'
        end as reason
    from timed
)
select
    checked.file_number,
    coalesce(given_id, md5(concat({quote(source.name)}, chr(31), row_text))) as event_id,
    given_id is not null as has_event_id,
    {quote(source.name)} as source,
    files.file_id,
    line_number, event_name, event_at, client_event_at, received_at, sent_at,
    {", ".join(_VALUES)}, properties,
    (md5_number_lower(concat({content})) >> 1)::bigint as content_hash,  -- compared among copies only: 63 bits suffice
    case when reason is null then strftime(event_at, '%Y-%m') end as event_month,
    reason
from checked
inner join files on checked.file_number = files.file_number"""
