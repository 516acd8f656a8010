"""The documentation describes the tree as it is: paths, links, make targets and line lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.home.paths import PROJECT_ROOT

MAX_LINE = 120
PAGES = sorted(
    [
        *PROJECT_ROOT.glob("*.md"),
        *(PROJECT_ROOT / "docs").rglob("*.md"),
        PROJECT_ROOT / "bench" / "README.md",
        PROJECT_ROOT / "dbt_project" / "models" / "overview.md",
    ]
)
FOLDERS = ("pipeline", "models", "expectations", "collector", "dbt_project", "tests", "bench", "docs", "requirements")
# `macros/…` and `cases/…` are written from the dbt project and from the conformance tests.
ROOTS = (PROJECT_ROOT, PROJECT_ROOT / "dbt_project", PROJECT_ROOT / "tests", PROJECT_ROOT / "tests" / "conformance")
# Test files of other projects, which the conformance page cites.
THEIR_TESTS = {
    "test_retention_query_runner.py",
    "test_lifecycle_query_runner.py",
    "test_paths_query_runner.py",
    "test_association_rules.py",
    "test_default",
    "test_utils.py",
    "test_summary_date_from_transaction_with_monetary_values",
}
_CODE = re.compile(r"```.*?```", re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _id(page: Path) -> str:
    return page.relative_to(PROJECT_ROOT).as_posix()


def _paths(text: str) -> Iterator[str]:
    """Code spans that look like a path of the repository, without a test's name."""
    for span in _SPAN.findall(_CODE.sub("", text)):
        path = span.split("::")[0]
        if re.fullmatch(r"[\w./*-]+", path) and "/" in path and path.split("/")[0] in (*FOLDERS, "macros", "cases"):
            yield path


def _has_test(span: str) -> bool:
    """Whether `test_file` or `test_file::test_name` exists below tests/."""
    file, _, name = span.partition("::")
    found = list((PROJECT_ROOT / "tests").rglob(file.removesuffix(".py") + ".py"))
    return any(not name or f"def {name}(" in path.read_text(encoding="utf-8") for path in found)


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_path_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [path for path in _paths(text) if not any(any(root.glob(path.rstrip("/"))) for root in ROOTS)]
    missing += [
        span
        for span in _SPAN.findall(text)
        if re.fullmatch(r"test_\w+(\.py)?(::\w+)?", span) and span not in THEIR_TESTS and not _has_test(span)
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_link_leads_to_a_page_and_its_heading(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_no_line_outside_a_table_is_too_long(page: Path) -> None:
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    assert [number for number, line in lines if len(line) > MAX_LINE and not line.lstrip().startswith("|")] == []


def test_every_make_target_is_listed_by_make_help_and_exists_where_the_docs_name_it() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    phony = makefile.replace("\\\n", " ").split(".PHONY:")[1].split("\n")[0].split()
    assert sorted(phony) == sorted(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(
            r"\bmake ([a-z-]+)",
            "\n".join(
                _SPAN.findall(page.read_text(encoding="utf-8")) + _CODE.findall(page.read_text(encoding="utf-8"))
            ),
        )
    }
    assert named <= set(phony)
