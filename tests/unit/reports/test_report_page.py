"""Values as a person reads them, and the template's own promises."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from empty_report import NIGHT, NOTHING

from pipeline.home import versions
from pipeline.reports import render

HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&"


@pytest.mark.parametrize("module", [render, versions])
def test_numbers_are_written_as_the_docstrings_say(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0


def test_a_night_without_anything_says_so_in_each_section() -> None:
    page = render.render(NOTHING)
    sections = re.findall(r"<section.*?>\n<h2>(.+?)</h2>", page)
    assert len(sections) == 10
    assert page.count('<p class="note">') == 10  # the night says it in its cards, the run times twice


def test_names_from_the_data_are_text_on_the_page() -> None:
    step = {
        "step_name": HOSTILE,
        "step_number": 1,
        "n_reached": 1,
        "is_optional": False,
        "base": None,
        "step_conversion_rate": None,
        "overall_conversion_rate": 1.0,
        "median_time_from_previous_s": None,
    }
    funnel = {"name": HOSTILE, "steps": [step], "window_s": None, "n_entries": 1, "n_closed": 1}
    source = {
        "source": HOSTILE,
        "n_lines": 1,
        "n_loaded": 1,
        "n_duplicates": 0,
        "n_rejected": 0,
        "n_too_late": 0,
        "is_balanced": True,
    }
    used = [{"strategy": HOSTILE, "share": 1.0}]
    lists = {"ranking": HOSTILE, "tested": [], "ndcg": {}, "used": used, "n_persons": 1, "n_items": 1, "why": HOSTILE}
    check = {"severity": "warn", "text": HOSTILE}
    page = render.render(
        {
            **NOTHING,
            "home": HOSTILE,
            "funnels": {"shown": [funnel], "more": [HOSTILE]},
            "recommendations": lists,
            "headline": {**NIGHT, "sources": [source]},
            "checks": {"n_held": 0, "n_skipped": 0, "n_not_held": 1, "not_held": [check]},
        }
    )
    assert "<script" not in page and "<img" not in page and "onerror='" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 9


def test_the_page_has_no_script_and_asks_nobody() -> None:
    for file in ("report.html.jinja", "report.css"):
        text = (Path(render.__file__).parent / file).read_text(encoding="utf-8")
        assert not re.search(r"<script|https?:|\bon\w+=|url\(|@import|\|\s*safe|autoescape", text)
    assert "default-src 'none'" in render.render(NOTHING)


def test_a_misspelt_name_in_the_template_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="n_events"):
        render.render({**NOTHING, "headline": {key: value for key, value in NIGHT.items() if key != "n_events"}})
