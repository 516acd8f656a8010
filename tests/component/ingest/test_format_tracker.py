"""The tracker format, line by line, with results computed by hand."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ingest_home import PACKERS, TRACKER, Home, jsonl, track


def read(tmp_path: Path, *lines: dict[str, Any] | str, **source: Any) -> Home:
    home = Home(tmp_path, {**TRACKER, **source})
    home.put("a.jsonl", jsonl(*lines))
    home.ingest()
    return home


def test_the_line_of_the_contract_is_valid(tmp_path: Path) -> None:
    line = '{"event":"add_to_cart","timestamp":"2026-01-05T10:00:00Z","userId":"u1","productId":"12345","price":299}'
    event = read(tmp_path, line).event()
    assert (event["event_name"], event["user_id"], event["item_id"], event["price"]) == (
        "add_to_cart",
        "u1",
        "12345",
        299.0,
    )
    assert event["event_at"] == datetime(2026, 1, 5, 10)
    assert (event["source"], event["file"], event["line_number"]) == ("shop", "in/a.jsonl", 1)


def test_compressed_files_are_read_as_they_are(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for ending in PACKERS:
        home.put(f"a.jsonl{ending}", jsonl(track(user="u1"), track(user="u2")))
    assert home.ingest().n_accepted == 6
    found = home.values("file", "user_id", "line_number")
    assert found == [(f"in/a.jsonl{ending}", f"u{n}", n) for ending in sorted(PACKERS) for n in (1, 2)]


def test_a_compressed_file_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "in" / "plain.jsonl").write_bytes(PACKERS[".gz"](jsonl(track())))
    assert home.ingest().n_accepted == 1


def test_gzip_members_and_zeros_after_them_are_one_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    packed = PACKERS[".gz"](jsonl(track(user="u1"))) + PACKERS[".gz"](b"") + PACKERS[".gz"](jsonl(track(user="u2")))
    (tmp_path / "in" / "a.jsonl.gz").write_bytes(packed + b"\0" * 512)
    assert home.ingest().n_rejected == 0
    assert home.values("user_id", "line_number") == [("u1", 1), ("u2", 2)]


TIMES = {
    "2026-01-05T10:00:00.250Z": "2026-01-05 10:00:00.250",
    "2026-01-05T10:00:00+02:00": "2026-01-05 08:00:00",
    "2026-01-05T10:00:00+0530": "2026-01-05 04:30:00",
    "2026-01-05 10:00:00": "2026-01-05 10:00:00",
    "1767607200": "2026-01-05 10:00:00",  # 20,458 days and 10 hours since 1970
    "1767607200250": "2026-01-05 10:00:00.250",
    "1767607200250000": "2026-01-05 10:00:00.250",
    "1767607200.25": "2026-01-05 10:00:00.250",
}


def test_timestamps_become_utc(tmp_path: Path) -> None:
    home = read(tmp_path, *(track(at=text) for text in TIMES))
    assert dict(zip(TIMES, map(str, home.values("event_at")), strict=True)) == {
        text: str(datetime.fromisoformat(expected)) for text, expected in TIMES.items()
    }


def test_a_number_is_an_epoch_too(tmp_path: Path) -> None:
    home = read(tmp_path, {"event": "x", "timestamp": 1767607200, "userId": 7})
    assert home.values("event_at", "user_id") == [(datetime(2026, 1, 5, 10), "7")]


def test_naive_timestamps_are_in_the_sources_timezone_and_others_are_not_moved(tmp_path: Path) -> None:
    lines = [track(at="2026-01-05 10:00:00"), track(at="2026-01-05T10:00:00Z")]
    home = read(tmp_path, *lines, timezone="Asia/Shanghai")
    assert home.values("event_at") == [datetime(2026, 1, 5, 2), datetime(2026, 1, 5, 10)]


def test_a_wrong_clock_is_corrected_and_a_slow_delivery_is_none(tmp_path: Path) -> None:
    def delayed(seconds: int) -> dict[str, Any]:
        """Received so many seconds after it was sent, both at times that do not matter."""
        at = datetime(2026, 1, 5, 12) + timedelta(seconds=seconds)
        return track(sentAt="2026-01-05T12:00:00Z", receivedAt=f"{at.isoformat()}Z")

    delays = (-7200, -61, -60, 0, 61, 600, 601)
    home = read(tmp_path, *map(delayed, delays), track(sentAt="2026-01-05T11:00:00Z"))
    by_the_client = datetime(2026, 1, 5, 10)
    assert home.values("event_at") == [
        datetime(2026, 1, 5, 8),  # two hours ahead
        datetime(2026, 1, 5, 9, 58, 59),
        *[by_the_client] * 4,  # on its way for up to ten minutes
        datetime(2026, 1, 5, 10, 10, 1),
        by_the_client,  # when it was received is unknown
    ]
    assert set(home.values("client_event_at")) == {by_the_client}


def test_a_time_that_was_corrected_before_is_not_corrected_again(tmp_path: Path) -> None:
    """Segment: timestamp is originalTimestamp by the difference between receivedAt and sentAt."""
    clocks = {"sentAt": "2026-01-05T09:00:05Z", "receivedAt": "2026-01-05T10:00:05Z"}
    home = read(
        tmp_path,
        track(originalTimestamp="2026-01-05T09:00:00Z", **clocks),
        track(originalTimestamp="broken", **clocks),
        track(**clocks),
    )
    assert home.values("event_at", "client_event_at") == [
        (datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 9)),
        (datetime(2026, 1, 5, 10), datetime(2026, 1, 5, 10)),
        (datetime(2026, 1, 5, 11), datetime(2026, 1, 5, 10)),
    ]


PRICES: dict[Any, float] = {
    19.99: 19.99,
    "19.99": 19.99,
    "$19.99": 19.99,
    "€ 1.299,50": 1299.5,
    "1,299.50": 1299.5,
    "1,299": 1299.0,
    "1 299,50 kr": 1299.5,
    "¥1,234,567": 1234567.0,
    "US$5": 5.0,
    "EUR 5": 5.0,
    "12 zł": 12.0,
    "1’299.50": 1299.5,
    "-5": -5.0,
    " 7 ": 7.0,
    "12,5": 12.5,
}


def test_prices_are_numbers_for_all_their_signs(tmp_path: Path) -> None:
    home = read(tmp_path, *(track(price=given) for given in PRICES))
    assert dict(zip(PRICES, home.values("price"), strict=True)) == PRICES


def test_an_amount_that_no_column_of_money_can_hold_is_rejected(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        track("purchase", revenue=1e308),
        track("purchase", revenue=-1.0000001e15),
        track("purchase", price=1e10, quantity=1e10),
        track("purchase", price="NaN"),
        track("purchase", revenue=1e15),
        track("purchase", revenue="95.000.000,50"),
    )
    assert home.reasons() == [(number, "type_conflict") for number in (1, 2, 3)]
    assert home.values("revenue") == [None, 1e15, 95_000_000.5]


URLS = {
    "https://x.test/?utm_source=%bar": "%bar",
    "https://x.test/?utm_source=%CA%D6%BB%FA": "%CA%D6%BB%FA",  # GBK
    "https://x.test/?utm_source=%E6%89": "%E6%89",  # cut in the middle of a character
    "https://x.test/?utm_source=100%": "100%",
    "https://x.test/?utm_source=%E6%89%8B+a%26b": "手 a&b",
}


def test_percent_codes_that_are_no_text_stay_as_they_are(tmp_path: Path) -> None:
    home = read(tmp_path, *(track(url=url) for url in URLS))
    assert dict(zip(URLS, home.values("utm_source"), strict=True)) == URLS


def test_a_missing_number_is_missing_and_a_missing_duration_is_zero(tmp_path: Path) -> None:
    missing = ("", "  ", "null", "N/A", "-", None)
    home = read(tmp_path, *(track(price=given, duration=given) for given in missing))
    found = dict(zip(missing, home.values("price", "duration_s"), strict=True))
    assert found == dict.fromkeys(missing, (None, 0.0))


def test_duration_up_to_the_limit_is_kept_and_over_it_is_rejected(tmp_path: Path) -> None:
    home = read(tmp_path, track(duration=86400), track(duration=86401), track(durationMs=1500), track(duration=-1))
    assert home.values("duration_s") == [86400.0, 1.5]
    assert home.reasons() == [(2, "duration_outlier"), (4, "duration_outlier")]


def test_revenue_is_the_amount_given_else_price_times_quantity_of_purchases_only(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        track("purchase", price=10, quantity=3),
        track("purchase", price=10, quantity=3, revenue=25),
        track("purchase", price=10),
        track("purchase", quantity=3),
        track("add_to_cart", price=10, quantity=3),
    )
    assert home.values("revenue") == [30.0, 25.0, 10.0, None, None]


def test_amounts_without_a_currency_are_in_the_sites(tmp_path: Path) -> None:
    home = read(tmp_path, track(price=5), track(price=5, currency="CNY"), track())
    assert home.values("currency") == ["EUR", "CNY", None]


NOBODY = ("null", "NULL", "undefined", "anonymous", "0", " ", "", "00000000-0000-0000-0000-000000000000", None, "None")


def test_ids_that_name_nobody_are_no_identity(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for n, nobody in enumerate(NOBODY):
        lines = (track(user=None, userId=nobody, anonymousId=anonymous) for anonymous in ("a1", nobody))
        home.put(f"{n}.jsonl", jsonl(*lines))
    home.ingest()
    found = home.by_file()
    for n, nobody in enumerate(NOBODY):
        events, rejects = found[f"{n}.jsonl"]
        assert [(event["user_id"], event["anonymous_id"]) for event in events] == [(None, "a1")], nobody
        assert [(row["line_number"], row["reason"]) for row in rejects] == [(2, "missing_identity")], nobody


def test_names_and_ids_are_trimmed(tmp_path: Path) -> None:
    home = read(tmp_path, track(" page_view\t", user="  u1 ", anonymousId="\ta1\n"))
    assert home.values("event_name", "user_id", "anonymous_id") == [("page_view", "u1", "a1")]


def test_events_are_renamed_on_the_way_in(tmp_path: Path) -> None:
    names = {"pv": "view_item", "buy": "purchase"}
    home = read(tmp_path, track("pv"), track("buy", price=4, quantity=2), track("other"), event_names=names)
    assert home.values("event_name", "revenue") == [("view_item", None), ("purchase", 8.0), ("other", None)]


def test_what_no_column_took_becomes_properties_wherever_it_stood(tmp_path: Path) -> None:
    line = track(
        colour="red",
        price=5,
        properties={"size": 4, "tags": ["a", {"b": 1}], "note": None},
        context={"page": {"url": "https://x.test/p?q=1", "title": "P"}, "library": "js", "userAgent": "X"},
    )
    event = read(tmp_path, line).event()
    assert json.loads(event["properties"]) == {
        "colour": "red",
        "size": 4,
        "tags": ["a", {"b": 1}],
        "context": {"library": "js", "page": {"title": "P"}},
    }
    assert (event["price"], event["page_url"], event["page_path"], event["user_agent"]) == (
        5.0,
        "https://x.test/p?q=1",
        "/p",
        "X",
    )


def test_properties_hold_nothing_twice_and_are_null_when_nothing_is_left(tmp_path: Path) -> None:
    home = read(tmp_path, track(colour="red", properties={"colour": "blue"}), track(price=1, properties={}))
    first, second = home.values("properties")
    assert json.loads(first) == {"colour": "blue"}
    assert second is None


def test_keys_that_sql_cannot_tell_apart_stay_apart(tmp_path: Path) -> None:
    line = track(price=5, Price="high", properties={"a": 1, "A": 2, "": 3, 'q"t': 4, "a.b": 5, "x/y~z": 6})
    event = read(tmp_path, line).event()
    assert event["price"] == 5.0
    assert json.loads(event["properties"]) == {"Price": "high", "a": 1, "A": 2, "": 3, 'q"t': 4, "a.b": 5, "x/y~z": 6}


def test_an_event_does_not_depend_on_the_lines_around_it(tmp_path: Path) -> None:
    """Many different keys in one batch are read another way; the same line must give the same event."""
    line = track(colour="red", properties={"b": 2, "a!": 1, "a": None}, context={"page": {"title": "T"}, "os": "x"})
    crowd = [track(properties={f"key_{i}": i}, **{f"top_{i}": i}) for i in range(400)]
    alone = read(tmp_path / "alone", line).event()
    home = read(tmp_path / "crowd", line, *crowd)
    crowded = home.events()[0]
    differing = [name for name in alone if alone[name] != crowded[name] and name not in ("file_id", "file")]
    assert differing == []
    assert json.loads(home.events()[7]["properties"]) == {"key_6": 6, "top_6": 6}


def test_objects_where_values_belong_are_rejected_and_braces_in_text_are_not(tmp_path: Path) -> None:
    home = read(
        tmp_path,
        track(user="{0f8fad5b}"),
        track(userId={"id": 1}),
        track(properties="none"),
        track(properties={"size": 4}),
        track(context=["x"]),
        track(price="expensive"),
    )
    assert home.values("user_id") == ["{0f8fad5b}", "u1"]
    assert home.reasons() == [(n, "type_conflict") for n in (2, 3, 5, 6)]


def test_text_where_a_part_of_the_context_was_expected_is_kept(tmp_path: Path) -> None:
    home = read(tmp_path, track(context={"device": "phone"}), track(context={"device": {"type": "Tablet"}}))
    assert home.values("device_type") == [None, "tablet"]
    assert [text and json.loads(text) for text in home.values("properties")] == [{"context": {"device": "phone"}}, None]


def test_other_spellings_of_the_envelope(tmp_path: Path) -> None:
    line = {"event": "x", "timestamp": "2026-01-05T10:00:00Z", "user_id": "u1", "anonymous_id": "a1", "messageId": "m1"}
    assert read(tmp_path, line).values("user_id", "anonymous_id", "event_id", "has_event_id") == [
        ("u1", "a1", "m1", True)
    ]


def test_campaign_values_come_from_the_context_else_from_the_address(tmp_path: Path) -> None:
    url = "https://x.test/?utm_source=news+letter&utm_medium=e%2Dmail&utm_campaign=may"
    home = read(
        tmp_path,
        track(context={"page": {"url": url}}),
        track(context={"page": {"url": url}, "campaign": {"source": "ads"}}),
    )
    assert home.values("utm_source", "utm_medium", "utm_campaign") == [
        ("news letter", "e-mail", "may"),
        ("ads", None, None),
    ]


KEYS_THAT_ARE_LOOKED_UP = ({"": 1}, {"\0": 1}, {f"k{i}": i for i in range(201)})


@pytest.mark.parametrize("odd", KEYS_THAT_ARE_LOOKED_UP, ids=("empty", "nul", "many"))
@pytest.mark.parametrize(
    "place",
    [(), ("properties",), ("context",), *(("context", part) for part in ("page", "campaign", "device"))],
    ids=str,
)
def test_odd_keys_at_any_place_stop_no_ingest_and_are_kept(
    tmp_path: Path, place: tuple[str, ...], odd: dict[str, int]
) -> None:
    """Alone in an object they leave nothing there that a column is taken from."""
    inner: dict[str, Any] = odd
    for key in reversed(place):
        inner = {key: inner}
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl({**track(), **inner}))
    home.ingest()
    kept = inner["properties"] if place == ("properties",) else inner
    assert json.loads(home.event()["properties"]) == kept
