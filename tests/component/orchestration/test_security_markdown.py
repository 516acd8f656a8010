"""What people send as data appears in the Dagster UI: as text, whatever it looks like."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from expectations import CheckResult
from pipeline.orchestration.gates import markdown_table
from pipeline.orchestration.ui.markdown import quoted

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "https://evil.example",
    "a | b",
    "\\| <b>c</b>",
    "\\\\| <b>c</b> \\",
    "`code` <b>x</b>",
    "``` <b>",
    "`",
    "one\n\n<b>two</b>\n# three",
    "*strong* _em_ ~~gone~~",
    "&lt;b&gt;",
]


def html(markdown: str) -> str:
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_in_a_table_stays_one_cell_of_plain_text(value: str) -> None:
    page = html(f"| a | b |\n| --- | --- |\n| {quoted(value)} | end |\n")
    tags = {part.split(">")[0].split()[0].strip("/") for part in page.split("<")[1:]}
    assert tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert page.count("<td>") == 2
    assert "<td>end</td>" in page


@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_gate_observed_cannot_change_its_table(value: str) -> None:
    result = CheckResult("raw", "raw.events", "names", None, "warn", False, value, 1, f"not {value}")
    page = html(markdown_table([result]))
    assert page.count("<td>") == 6
    assert [tag for tag in ("<script", "<img", "<b>", "<a ", "<em>", "<h1") if tag in page] == []


def test_a_plain_value_reads_as_it_is() -> None:
    assert quoted("rejected 0.4") == "`rejected 0.4`"
    assert quoted("") == ""
    assert "<code>a | b</code>" in html(f"| a |\n| --- |\n| {quoted('a | b')} |\n")
