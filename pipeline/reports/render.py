"""Renders the page: the Jinja environment and its number formats. Not here: what is shown, and where."""

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

_NONE = "–"
MIN_BASE = 20
_FOLDER = Path(__file__).parent


def render(content: dict[str, Any]) -> str:
    """The page. Every value is escaped, and a misspelt name in the template is an error, not an empty text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "percent": percent,
        "points": points,
        "number": number,
        "money": money,
        "score": score,
        "duration": duration,
        "change": change,
        "things": things,
        "noun": noun,
        "day": day,
        "moment": moment,
    }
    return environment.get_template("report.html.jinja").render(content)


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def count(value: float | None) -> str:
    """A whole number in groups of three.

    >>> count(50754), count(None)
    ('50,754', '–')
    """
    return _NONE if value is None or _is_missing(value) else f"{value:,.0f}"


def percent(rate: float | None) -> str:
    """A rate of 0 to 1, to a tenth of a percent, with more digits where that would round to nobody or everybody.

    >>> percent(0.33742), percent(1.0), percent(0.0004), percent(0.0), percent(0.00001), percent(0.99996)
    ('33.7 %', '100 %', '0.04 %', '0 %', '< 0.01 %', '> 99.99 %')
    """
    if rate is None or _is_missing(rate):
        return _NONE
    if 0 < rate < 0.00005:
        return "< 0.01 %"
    if 0.99995 <= rate < 1:
        return "> 99.99 %"
    digits = 0 if rate in (0, 1) else 2 if abs(rate) < 0.001 or 0.9995 <= rate < 1 else 1
    return f"{100 * rate:.{digits}f} %"


def points(value: float | None) -> str:
    """A share of the width of a bar, for CSS.

    >>> points(0.5), points(None)
    ('50.0%', '0%')
    """
    return "0%" if value is None or _is_missing(value) else f"{100 * min(max(value, 0), 1):.1f}%"


def number(value: float | None, digits: int = 3) -> str:
    """A metric with that many digits.

    >>> number(0.87610), number(12.345, 1), number(None)
    ('0.876', '12.3', '–')
    """
    return _NONE if value is None or _is_missing(value) else f"{value:,.{digits}f}"


def score(value: float | None) -> str:
    """A score on both sides of 0, with its sign.

    >>> score(-4.472), score(34.2), score(0.04), score(None)
    ('−4.5', '+34.2', '0.0', '–')
    """
    if value is None or _is_missing(value):
        return _NONE
    shown = f"{value:+.1f}".replace("-", "−")
    return "0.0" if shown[1:] == "0.0" else shown


def money(value: float | None, currency: str) -> str:
    """An amount with its currency; small ones to the hundredth.

    >>> money(20650.28, "CNY"), money(9.5, "EUR")
    ('20,650 CNY', '9.50 EUR')
    """
    return _NONE if value is None or _is_missing(value) else f"{value:,.{0 if abs(value) >= 100 else 2}f} {currency}"


def duration(seconds: float | None) -> str:
    """Seconds in the two largest units.

    >>> [duration(s) for s in (0.26, 9.4, 130, 7260, 604800, 93600)]
    ['0.3 s', '9.4 s', '2 min 10 s', '2 h 1 min', '7 days', '1 day 2 h']
    """
    if seconds is None or _is_missing(seconds):
        return _NONE
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, small, small_name in ((86400, "day", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            large, rest = divmod(whole, size)
            unit = "days" if name == "day" and large != 1 else name
            return f"{large} {unit}" + (f" {rest // small} {small_name}" if rest // small else "")
    raise AssertionError("a minute or more")


def change(now: float | None, before: float | None, base: float | None = None, text: str | None = None) -> str:
    r"""How much more or less than before; empty where there is no earlier value.

    base: the number of persons or orders that `before` rests on, by default itself. A percentage of fewer than
    MIN_BASE says little, so the earlier value is shown instead, as `text` if given.

    >>> change(110, 100), change(90, 100), change(50, 50), change(5, None)
    ('+10\xa0%', '−10\xa0%', '±0\xa0%', '')
    >>> change(3, 0), change(9, 4), change(500.0, 250.0, base=3, text="250 EUR")
    ('(0 before)', '(4 before)', '(250 EUR before)')
    """
    if now is None or before is None:
        return ""
    if not before or (before if base is None else base) < MIN_BASE:
        return f"({text or count(before)} before)"
    rate = round(100 * (now / before - 1))
    return f"{'+' if rate > 0 else '−' if rate < 0 else '±'}{abs(rate):,}\xa0%"


def things(number: float | None, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> things(1, "person"), things(1234, "person"), things(1, "entry", "entries"), things(0, "entry", "entries")
    ('1 person', '1,234 persons', '1 entry', '0 entries')
    """
    return f"{count(number)} {noun(number, one, many)}"


def noun(number: float | None, one: str, many: str = "") -> str:
    """The noun alone, where the number stands elsewhere."""
    return one if number == 1 else many or f"{one}s"


def day(value: date | None) -> str:
    """A calendar date.

    >>> day(date(2026, 2, 9))
    'Monday, 9 February 2026'
    """
    return _NONE if value is None else f"{value:%A}, {value.day} {value:%B %Y}"


def moment(value: datetime | None) -> str:
    """A date with the time of day."""
    return _NONE if value is None else f"{value:%Y-%m-%d %H:%M}"
