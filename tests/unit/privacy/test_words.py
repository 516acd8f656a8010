"""An id in a text: escapes, the ends of words, longer words, other ids."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.privacy.words import Words, is_distinctive

ID = "u0000134"
WORDS = Words(frozenset({ID}))


@pytest.mark.parametrize(
    "text",
    [
        *(r"\u00750000134", r"u000\u0030134", "%750000134", "%75%30%30%30%30%31%33%34", "u0000%31%33%34"),
        *("q=%2Fprofile%2Fu0000134%2Fx", r"hello\nu0000134", r"\u003cb\u003eu0000134\u003c/b\u003e"),
        *("/profile/u0000134/", "by u0000134.", "anon:u0000134", "&lt;u0000134&gt;", "用户u0000134的", '"u0000134"'),
        r'"{\"who\":\"u0000134\"}"',
    ],
)
def test_an_id_is_found_as_a_word_however_it_is_escaped(text: str) -> None:
    assert WORDS.names(text.encode())
    assert WORDS.longer(text.encode()) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/profile/u0000134.html", "u0000134.html"),
        ("mail-u0000134-x", "mail-u0000134-x"),
        (r"mail-\u00750000134-x", "mail-u0000134-x"),
        ("u0000134%2Ejpg", "u0000134.jpg"),
        ("see ../u0000134_old!", "u0000134_old"),
        ("xu0000134", "xu0000134"),
        ("u0000134b", "u0000134b"),
    ],
)
def test_a_longer_word_is_left_to_a_person_until_it_is_named(text: str, word: str) -> None:
    if word != "xu0000134":
        assert WORDS.longer(text.encode()) == [f"?{word}"]
    assert not WORDS.names(text.encode())
    assert Words(frozenset({ID}), frozenset({word})).names(text.encode())


@pytest.mark.parametrize("text", ["u00001345", "xu0000134", "/profile/u00001340.html"])
def test_a_word_that_goes_on_with_one_more_digit_or_letter_is_another_id(text: str) -> None:
    assert [marked[0] for marked in WORDS.longer(text.encode())] == ["!"]


def test_an_address_inside_another_is_another_person() -> None:
    words = Words(frozenset({"anna-77@shop.example"}))
    assert words.longer(b"joanna-77@shop.example") == ["!joanna-77@shop.example"]
    assert words.names(b"to=anna-77%40shop.example&x=1")


def test_only_the_id_is_replaced_and_not_the_longer_word() -> None:
    text = rb"a u0000134, u0000134.html, \u00750000134, u00001345"
    assert WORDS.replaced(text, b"(erased)") == (rb"a (erased), u0000134.html, (erased), u00001345", 2)


_CHARACTERS = st.characters(exclude_categories=("C", "Z"), exclude_characters="_.@+-")


@settings(deadline=None)
@given(
    st.text(_CHARACTERS, min_size=6, max_size=12).filter(is_distinctive),
    st.lists(st.sampled_from(("plain", "json", "url")), min_size=12, max_size=12),
    st.binary(max_size=20),
    st.binary(max_size=20),
)
@example("0000000\\¡", [*["plain"] * 8, *["json"] * 4], b"", b"")
@example("0000000\\¡", ["json"] * 12, b"", b"")
@example("000000\\¡", [*["plain"] * 6, "url", *["json"] * 5], b"", b"")
@example("00000%", [*["plain"] * 5, *["url"] * 7], b"", b"")
def test_an_id_is_found_with_any_mix_of_escapes_between_any_bytes(
    whom: str, ways: list[str], before: bytes, after: bytes
) -> None:
    spell = {
        "plain": str,
        "json": lambda c: (
            "".join(rf"\u{unit}" for unit in json.dumps(c).strip('"').split("\\u")[1:]) or spell["plain"](c)
        ),
        "url": lambda c: "".join(f"%{byte:02X}" for byte in c.encode()) if c != "%" else "%25",
    }
    if "json" in ways:  # then a bare backslash would make another text of the escape after it
        spell["plain"] = lambda c: json.dumps(c, ensure_ascii=False)[1:-1]
    written = "".join(spell[way](c) for c, way in zip(whom, ways, strict=False)).encode()
    words = Words(frozenset({whom}))
    text = before + b" " + written + b" " + after
    assert words.may_be_in(text)
    assert words.names(text)
    assert words.names(b"?q=" + quote(whom, safe="").encode() + b"&x=1")
