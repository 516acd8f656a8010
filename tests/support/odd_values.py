"""Texts that no tracker should send and some do, by a seed. No ingest, no assertions here.

Seeds that once stopped an ingest are in FOUND; every other text is one of KNOWN changed at random, or random text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

# What stopped an ingest, or gave a wrong value, before there was a test of it.
FOUND = (
    "https://x.test/?utm_source=%bar",
    "https://x.test/?utm_source=%CA%D6%BB%FA&utm_medium=%E6%89",
    "1:2:3:4:5:6:7:8::9",
    "1:2:3:4:5:6:7::9:a:b:c",
    "294247-01-10T04:00:54.775806Z",
    "290309-12-22 (BC) 00:00:00",
    "1794304800000000",
    "99999999999999999999999999999999999999",
    "epoch",
    "infinity",
    "-infinity",
    "2026-01-05 10:00:00 America/New_York",
    "2026-01-05 10:00:00 CST",
    "1e308",
    "-1e308",
    "1e400",
)
KNOWN = (
    *FOUND,
    *("2026-01-05T10:00:00Z", "2026-01-05 10:00:00", "2026-01-05T10:00:00.123456789+05:30", "20260105T100000Z"),
    *("2026-01-05T10:00Z", "2026-01-05", "2026-01-05 10:00:00.000 -0800", "2026-01-05 10:00:00 +0800 CST m=+0.1"),
    *("2026-01-05T18:00+08:00[Asia/Shanghai]", "Mon Jan 05 10:00:00 UTC 2026", "Mon, 05 Jan 2026 10:00:00 GMT"),
    *("Mon Jan 05 2026 18:00:00 GMT+0800 (China Standard Time)", "0001-01-01", "9999-12-31 23:59:59", "24:00:00"),
    *("1767607200", "1767607200.25", "1767607200250", "1767607200250000", "1767607200250000000", "-1", "0"),
    *("19.99", "$19.99", "1.299,50 €", "1,299.50", "1’299.50", "NaN", "inf", "1e15", "0x10", "1_000", "٣", "１２"),
    *(
        "https://x.test/p?q=1&utm_source=a+b&utm_campaign=%E6%89%8B",
        "//x",
        "http://[::1]/?utm_medium=%",
        "?utm_source=%00",
    ),
    *("203.0.113.77", "::ffff:c0a8:101", "::ffff:192.168.1.1", "fe80::1%eth0", "[2001:db8::1]:443", "1.2.3.4, 5.6.7.8"),
    *(
        "null",
        "undefined",
        "(not set)",
        "\\N",
        "u1",
        "user@x.test",
        "{",
        "[",
        '{"a": 1}',
        "[1, 2]",
        '"',
        "'",
        "\\",
        "~1/",
    ),
    *(
        "\u00a0",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\ud7ff",
        "\uffff",
        "😀",
        "é",
        "ﷺ",
        "\x00",
        "\x01",
        "\x7f",
        "\t",
        "\r",
        "\n",
    ),
)
_PIECES = "0123456789" * 3 + "+-:.,/%&?=TZeE ()[]{}\"'\\~_" + "abcxyzABC" + "\u00a0\u200bé中😀٣\x00\x1f"


def odd_text(rng: random.Random) -> str:
    """One text."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(KNOWN)
    if kind < 0.2:
        return "".join(chr(_code_point(rng)) for _ in range(rng.randint(0, 12)))
    if kind < 0.3:
        return "".join(rng.choices(_PIECES, k=rng.randint(0, 40)))
    if kind < 0.4:
        return str(rng.choice((1, -1)) * rng.randint(0, 10 ** rng.randint(0, 40))) + rng.choice(
            ("", "", ".5", "e9", "L")
        )
    text = list(rng.choice(KNOWN) + (rng.choice(KNOWN) if rng.random() < 0.2 else ""))
    for _ in range(rng.randint(1, 4)):
        _change(text, rng)
    return "".join(text)


def _code_point(rng: random.Random) -> int:
    point = rng.randint(0, 0x10FFFF if rng.random() < 0.2 else 0x2FF)
    return point if not 0xD800 <= point <= 0xDFFF else 0x20


def _change(text: list[str], rng: random.Random) -> None:
    """Insert, replace, remove or repeat."""
    at = rng.randint(0, len(text))
    match rng.randint(0, 3):
        case 0:
            text.insert(at, rng.choice(_PIECES))
        case 1 if text:
            text[at % len(text)] = rng.choice(_PIECES)
        case 2:
            del text[at : at + rng.randint(1, 4)]
        case _:
            text[at:at] = text[at : at + rng.randint(1, 6)] * rng.randint(1, 3)


def odd_texts(n: int, seed: int) -> Iterator[str]:
    """All of KNOWN, then random ones: the same for the same seed."""
    rng = random.Random(seed)
    yield from KNOWN[:n]
    for _ in range(n - len(KNOWN)):
        yield odd_text(rng)
