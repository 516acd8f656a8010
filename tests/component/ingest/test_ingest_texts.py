"""Texts as values: placeholders, white space, ids that were numbers, bytes without a mark, numbers that are none."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_home import Home, jsonl, track

from pipeline.ingest.pseudonyms import PrivacyFilter
from pipeline.ingest.texts import MACROS
from pipeline.ingest.tombstones import Tombstones
from pipeline.settings import PLACEHOLDERS

CON = duckdb.connect()
for macro in MACROS:
    CON.execute(macro)


def value(expression: str, text: str | None) -> object:
    return CON.execute(f"select {expression} from (select ?::varchar as v)", [text]).fetchall()[0][0]


BLANKS = " \t\n\r\v\f\x1c\x1f\x85\xa0\u1680\u180e\u2000\u2009\u200b\u200c\u200d\u2028\u202f\u205f\u2060\u3000\ufeff"


@settings(deadline=None)
@given(st.text(BLANKS, max_size=4), st.text("aü手1 \u200b", max_size=5), st.text(BLANKS, max_size=4))
def test_all_white_space_is_trimmed_at_the_ends_and_only_there(before: str, text: str, after: str) -> None:
    text = text.strip(" \u200b")
    assert value("filled(v)", before + text + after) == (text or None)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_in_any_case_is_a_missing_value(placeholder: str) -> None:
    for text in (placeholder, placeholder.upper(), placeholder.title(), f" {placeholder}\u3000"):
        assert value("present(filled(v))", text) is None
    for text in (placeholder + "x", "x" + placeholder):
        assert value("present(filled(v))", text) == text


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("12345.0", "12345"),
        ("7.00", "7"),
        ("-3.0", "-3"),
        ("9007199254740991.0", "9007199254740991"),
        ("1.5", "1.5"),
        ("v1.0", "v1.0"),
        ("10", "10"),
        ("1.0.0", "1.0.0"),
        (None, None),
    ],
)
def test_an_id_that_was_a_number_is_read_without_its_fraction(given_text: str | None, wanted: str | None) -> None:
    assert value("exact_id(v)", given_text) == wanted
    assert not value("is_inexact_id(v)", given_text)


@pytest.mark.parametrize("text", ["1.5829175338738524e+18", "9.06E+17", "9007199254740993.0", "1582917533873852417.00"])
def test_an_id_whose_digits_are_lost_is_told(text: str) -> None:
    assert value("is_inexact_id(v)", text)


@settings(deadline=None)
@given(st.recursive(st.none() | st.floats() | st.text('nNaAiIfF:,["\\', max_size=8), st.lists, max_leaves=8))
def test_numbers_that_are_none_become_null_and_texts_stay(given_value: object) -> None:
    def finite(of: object) -> object:
        if isinstance(of, list):
            return [finite(part) for part in of]
        return None if isinstance(of, float) and (of != of or abs(of) == float("inf")) else of

    text = str(value("finite_json(v)", json.dumps({"a": given_value}, ensure_ascii=False)))
    assert json.loads(text, parse_constant=lambda word: pytest.fail(word)) == {"a": finite(given_value)}


def test_values_of_each_kind_in_a_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    missing = {"orderId": "undefined", "productId": "\\N", "category": "(not set)", "query": "NaN", "anonymousId": "-"}
    odd = json.dumps(track(user="u2", a=1)).replace('"a": 1', '"a": NaN, "b": {"c": -Infinity}, "revenue": NaN')
    home.put(
        "a.jsonl", jsonl(track(user="\u3000u1\ufeff", **missing), odd, track(user="1.5e+18"), track(user="\u200b"))
    )
    home.ingest()
    first, second = home.events()
    assert first["user_id"] == "u1"
    assert [first[name] for name in ("order_id", "item_id", "category", "search_term", "anonymous_id")] == [None] * 5
    assert (second["revenue"], json.loads(second["properties"])) == (None, {"a": None, "b": {"c": None}})
    assert home.reasons() == [(3, "type_conflict"), (4, "missing_identity")]


def test_an_event_id_that_is_a_placeholder_is_none(tmp_path: Path) -> None:
    """Else all such events would be copies of one."""
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(*(track(user=f"u{i}", eventId="undefined") for i in range(3))))
    home.ingest()
    assert len(set(home.values("event_id"))) == 3 and set(home.values("has_event_id")) == {False}


def test_a_user_that_looks_like_a_device_never_meets_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("a.jsonl", jsonl(track(user="anon:d1"), track(user="user:anon:d1"), track(user="user:1")))
    home.ingest()
    assert home.values("user_id") == ["user:anon:d1", "user:user:anon:d1", "user:1"]
    lake = PrivacyFilter((), b"", True, Tombstones.read(tmp_path))
    assert lake.pseudonym("user_id", "anon:d1") == "user:anon:d1"  # as an erasure looks for it
    assert lake.pseudonym("anonymous_id", "anon:d1") == "anon:d1"


def test_parquet_text_without_its_mark_is_text_and_other_bytes_are_refused(tmp_path: Path) -> None:
    columns = {"user_id": "user", "event_name": "event", "event_at": "time"}
    home = Home(tmp_path, {"name": "t", "format": "table", "path": "in/*", "columns": columns})
    word, hand = _escaped("加入"), _escaped("手")
    rows = rf"('u1', '{word}'::blob, '{hand}'::blob), ('u2', '\xE5'::blob, ''::blob), ('u3', 'x'::blob, '\xE6'::blob)"
    duckdb.sql(f"select *, '2026-01-05' as time from (values {rows}) as t(user, event, more)").write_parquet(
        str(tmp_path / "in" / "a.parquet")
    )
    home.ingest()
    assert home.values("user_id", "event_name", "properties") == [
        ("u1", "加入", '{"more":"手"}'),
        ("u3", "x", '{"more":"\\\\xE6"}'),
    ]
    assert home.reasons() == [(2, "bad_encoding")]


def _escaped(text: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in text.encode())
