"""A source format is three files of its name: the format, its page, its tests."""

import pytest

from pipeline.home.paths import PROJECT_ROOT
from pipeline.ingest.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_a_page_and_tests(name: str) -> None:
    assert FORMATS[name].name == name
    assert (PROJECT_ROOT / "docs" / "formats" / f"{name}.md").is_file()
    assert (PROJECT_ROOT / "tests" / "component" / "ingest" / f"test_format_{name}.py").is_file()
