"""Which column of a table is which canonical column: by its name, and for times and names of events by its values.

A guess for a person to confirm (`growthhouse sources inspect`). Not here: reading files, and other formats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pipeline.ingest.beginning import Beginning, Row, value_of

# What tools and people call a canonical column, the most telling name first.
_NAMES: dict[str, tuple[str, ...]] = {
    "event_id": ("event_id", "message_id", "insert_id", "event_uuid", "event_guid"),
    "event_at": (
        *("event_at", "event_time", "event_timestamp", "occurred_at", "timestamp", "event_ts", "ts", "datetime"),
        *("date_time", "time", "created_at", "created", "order_date", "ordered_at", "invoice_date", "event_date"),
        *("purchase_date", "transaction_date", "visited_at", "logged_at", "date"),
    ),
    "event_name": (
        *("event_name", "event", "event_type", "behavior", "behaviour", "behavior_type", "action", "action_type"),
        *("activity", "activity_type", "interaction", "type"),
    ),
    "user_id": (
        *("user_id", "customer_id", "member_id", "account_id", "client_id", "person_id", "uid", "user", "customer"),
        *("member", "user_name", "username", "player_id", "subscriber_id", "shopper_id", "buyer_id", "email"),
    ),
    "anonymous_id": (
        *("anonymous_id", "visitor_id", "device_id", "cookie_id", "anon_id", "distinct_id", "visitor", "cookie"),
        *("fullvisitorid", "full_visitor_id", "user_pseudo_id"),
    ),
    "order_id": ("order_id", "transaction_id", "order_number", "order_no", "invoice_id", "invoice_no", "invoice"),
    "item_id": (
        "item_id",
        "product_id",
        "sku",
        "stock_code",
        "article_id",
        "movie_id",
        "content_id",
        "item",
        "product",
    ),
    "category": ("category", "category_code", "category_id", "item_category", "product_category", "department"),
    "price": ("price", "unit_price", "item_price", "product_price"),
    "quantity": ("quantity", "qty", "item_quantity", "number_of_items", "number_of_cds"),
    "revenue": (
        *("revenue", "total", "amount", "order_total", "total_amount", "total_price", "order_value", "sales", "value"),
        *("dollar_value",),
    ),
    "currency": ("currency", "currency_code"),
    "search_term": ("search_term", "query", "search_query", "keyword", "q"),
    "page_url": ("page_url", "url", "page_location", "current_url"),
    "page_path": ("page_path", "url_path", "path"),
    "referrer": ("referrer", "referer", "page_referrer", "http_referer"),
    "utm_source": ("utm_source", "acquisition_channel", "traffic_source"),
    "utm_medium": ("utm_medium",),
    "utm_campaign": ("utm_campaign", "campaign"),
    "device_type": ("device_type", "device", "device_category", "platform"),
    "user_agent": ("user_agent", "useragent", "ua"),
    "duration_s": ("duration_s", "duration_seconds", "duration"),
}
# Names of events that mean one of GA4's recommended events.
_EVENTS: dict[str, tuple[str, ...]] = {
    "view_item": ("view", "pv", "product_view", "product_viewed", "view_product", "item_view", "detail", "detail_view"),
    "add_to_cart": ("cart", "addtocart", "add_cart", "cart_add", "product_added", "added_to_cart"),
    "add_to_wishlist": ("fav", "favorite", "favourite", "wishlist", "product_added_to_wishlist"),
    "begin_checkout": ("checkout", "checkout_started", "start_checkout"),
    "purchase": ("buy", "bought", "order", "transaction", "order_completed", "purchased", "order_placed"),
    "page_view": ("pageview", "page_viewed", "$pageview"),
    "search": ("products_searched", "searched"),
    "sign_up": ("signup", "signed_up", "register", "registration"),
    "login": ("log_in", "signin", "sign_in", "signed_in", "logged_in"),
}
_EVENT_MEANING = {theirs: ours for ours, names in _EVENTS.items() for theirs in names}

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?")
_EPOCHS = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us"}
# 1980, 2001 (ten digits) and 2100: numbers outside are counts or ids; those before 2001 may be ids.
_EARLIEST, _TEN_DIGITS, _LATEST = 315_532_800, 10**9, 4_102_444_800
_DATES = ("%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y")
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_PATTERNS = tuple(day + clock for clock in _CLOCKS for day in _DATES)
_MAX_EVENT_NAMES, _FEW = 100, 20
_PERSON_ID = re.compile(r"(user|customer|client|visitor|member)_(id|uid|guid|key|no|nr|number|code|hash|ref)$")
# What the values of a column must look like, where its name is used for other things, too.
_VALUES_LIKE = {"page_url": re.compile(r"/|[a-z]+://"), "page_path": re.compile("/")}


@dataclass
class ColumnGuess:
    """Canonical name to column or key, and what else the source needs."""

    columns: dict[str, str] = field(default_factory=dict)
    timestamp_format: str = "iso"
    event_names: dict[str, str] = field(default_factory=dict)  # theirs: ours
    notes: list[str] = field(default_factory=list)  # what a person should look at


def plain_name(name: str) -> str:
    """`userId`, `User ID` and `user_id:token` are `user_id`."""
    name = re.sub(r":(?:token|float|token_seq|float_seq)$", "", name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    name = re.sub(r"[^\w$]+", "_", name.lower()).strip("_")
    return re.sub(r"^(user|customer|item|product|movie|visitor|order|event|member)id$", r"\1_id", name)


def guess_columns(beginning: Beginning) -> ColumnGuess:
    """What the columns of delimited text or Parquet, or the keys of JSON lines, most likely are."""
    guess, names = ColumnGuess(), _keys(beginning)
    plain = {name: plain_name(name.rpartition(".")[2]) for name in names}
    free = dict(plain)
    for canonical, known in _NAMES.items():
        named = sorted((name for name in free if free[name] in known), key=lambda name: known.index(free[name]))
        if like := _VALUES_LIKE.get(canonical):
            named = [name for name in named if all(map(like.match, _values(beginning.rows, name)[:_FEW]))]
        if canonical == "event_at":
            times = {name: time_format(_values(beginning.rows, name), name in named) for name in free}
            named = [name for name in (*named, *times) if times[name]]
        if named:
            guess.columns[canonical] = named[0]
            del free[named[0]]
    if beginning.has_header:
        _guess_ids(guess, free)
    else:
        _guess_positions(guess, free, beginning)
    if "event_at" in guess.columns:
        _describe_times(guess, _values(beginning.rows, guess.columns["event_at"]))
    _check_event_name(guess, beginning)
    return guess


def _keys(beginning: Beginning) -> list[str]:
    if not beginning.is_json:
        return list(beginning.layout.columns)
    keys: dict[str, None] = {}
    for row in beginning.rows:
        for key, value in row.items():
            if isinstance(value, dict):
                keys |= dict.fromkeys(f"{key}.{inner}" for inner in value if "." not in key)
            else:
                keys[key] = None
    return list(keys)


def _values(rows: Iterable[Row], name: str) -> list[str]:
    """The values of a column as text, without missing ones."""
    found = (value_of(row, name) for row in rows)
    return [_text(value) for value in found if value is not None and value != ""]


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def time_format(values: Sequence[str], is_named: bool = True) -> str:
    """The `timestamp_format` that reads (nearly) all values; empty where they are no times.

    `is_named`: whether the name of the column says that it is a time; numbers are doubted otherwise.
    """
    if not values:
        return ""
    needed = 0.95 * len(values)
    if sum(bool(_ISO.fullmatch(value)) for value in values) >= needed:
        return "iso"
    earliest = _EARLIEST if is_named else _TEN_DIGITS
    for n_digits, form in _EPOCHS.items():
        seconds = [int(value) / 10 ** (n_digits - 10) for value in values if value.isascii() and value.isdigit()]
        if sum(earliest <= value < _LATEST for value in seconds) >= needed:
            return form
    return next((pattern for pattern in _PATTERNS if _n_read(values, pattern) >= needed), "")


def _n_read(values: Sequence[str], pattern: str) -> int:
    if len(values) > 1 and not _reads(values[0], pattern) and not _reads(values[-1], pattern):
        return 0
    return sum(_reads(value, pattern) for value in values)


def _reads(value: str, pattern: str) -> bool:
    try:
        found = datetime.strptime(value, pattern)
    except ValueError:
        return False
    return 1980 <= found.year < 2100


def _describe_times(guess: ColumnGuess, values: list[str]) -> None:
    guess.timestamp_format = form = time_format(values)
    swapped = form.translate(str.maketrans("dm", "md"))
    if "%" in form and swapped != form and _n_read(values, swapped) >= 0.95 * len(values):
        guess.notes.append(
            f"{guess.columns['event_at']}: day and month could also be the other way round ({swapped}); no sampled "
            "date tells them apart"
        )
    if form == "iso" and not any(re.search(r"(Z|UTC|[+-]\d\d:?\d\d)$", value[10:]) for value in values):
        guess.notes.append(
            f"{guess.columns['event_at']} names no time zone, so it is read as UTC; if it is local time, add "
            "`timezone:`"
        )


def _guess_positions(guess: ColumnGuess, free: dict[str, str], beginning: Beginning) -> None:
    """Without a header: a column of few words names the events; the first of the others is taken for the person."""
    values = {name: _values(beginning.rows, name) for name in free}
    for name, found in values.items():
        is_word = all(re.fullmatch(r"[A-Za-z][\w .-]*", value) for value in found)
        if found and is_word and len(set(found)) <= min(_MAX_EVENT_NAMES, len(found) // 2 + 1):
            guess.columns["event_name"] = name
            del free[name]
            break
    if free:
        guess.columns["user_id"] = next(iter(free))
        guess.notes.append(
            "the file has no header, so columns are positions: user_id is a guess; add item_id, revenue and others "
            "by their positions"
        )


def _guess_ids(guess: ColumnGuess, free: dict[str, str]) -> None:
    """Without a telling name: a column called just `id`, or one whose name ends like an id of a person."""
    if "user_id" in guess.columns or "anonymous_id" in guess.columns:
        return
    likely = [name for name, plain in free.items() if _PERSON_ID.search(plain)]
    likely += [name for name, plain in free.items() if plain == "id"]
    if likely:
        guess.columns["user_id"] = likely[0]
        guess.notes.append(f"is {likely[0]} the person? It was taken for user_id as the only likely column")


def _check_event_name(guess: ColumnGuess, beginning: Beginning) -> None:
    """A name of events has few values; without one, amounts make every row a purchase."""
    column = guess.columns.get("event_name")
    if column is None:
        return
    values = _values(beginning.rows, column)
    if len(set(values)) > _MAX_EVENT_NAMES:
        del guess.columns["event_name"]
        guess.notes.append(
            f"{column} has {len(set(values))} values in {len(values)} rows, too many for names of events"
        )
        return
    names = {value: _EVENT_MEANING.get(plain_name(value)) for value in dict.fromkeys(values)}
    guess.event_names = {theirs: ours for theirs, ours in names.items() if ours and ours not in names}
