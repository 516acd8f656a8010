"""What counts as a trace of a person, in bytes and in the cells of a row."""

from __future__ import annotations

import pytest
from erased_texts import NAMING, NOT_NAMING

from pipeline.privacy.person import Person
from pipeline.privacy.words import is_distinctive


@pytest.mark.parametrize(
    ("given", "is_found_in_texts"),
    [
        ("anna@shop.example", True),
        ("u00012", True),
        ("device-000001", True),
        ("0123456789abcdef", True),
        ("42", False),
        ("1234567", False),
        ("anna", False),
        ("basement", False),
        ("a1b2", False),
    ],
)
def test_only_an_id_that_looks_like_nothing_else_is_searched_for_in_texts(given: str, is_found_in_texts: bool) -> None:
    assert is_distinctive(given) is is_found_in_texts
    assert Person(users=frozenset({given})).is_searchable is is_found_in_texts


def test_an_id_is_a_word_of_its_own() -> None:
    person = Person(users=frozenset({"user-12"}))
    texts = [*NAMING, *NOT_NAMING]
    assert [text for text in texts if person.words.names(text.encode())] == list(NAMING)


def test_a_plain_id_is_only_found_as_an_identity() -> None:
    person = Person(users=frozenset({"42"}))
    for text in ('{"userId": "42"}', '{"user_id":42}', "?customer_id=42&x", 'x anonymous-id:"42"'):
        assert person.words.names(text.encode()), text
    for text in ('{"price": 42}', '{"userId": "421"}', '{"userId": "4"}', "42"):
        assert not person.words.names(text.encode()), text


def test_a_device_is_theirs_unless_somebody_else_is_logged_in_on_it() -> None:
    person = Person(frozenset({"u1"}), devices=frozenset({"d1"}), anonymous=frozenset({"d2"}))
    assert person.owns("u1", "d9")
    assert person.owns("", " d1 ")
    assert not person.owns("u9", "d1")
    assert person.owns("u9", "d2")
    assert not person.owns("", "")


def test_json_null_is_the_id_of_nobody() -> None:
    person = Person(users=frozenset({"null"}))
    for text in ('{"userId": null}', '{"userId":null,"anonymousId":"d1"}', "user_id=null"):
        assert not person.words.names(text.encode()), text
