"""What an ingest warns of."""

from __future__ import annotations

from pipeline.ingest.warnings import of_tiny_files
from pipeline.settings import parse_settings

CONFIG = "site: {}\nsources: [{name: shop, format: tracker, path: 'in/*'}]\n"


def test_very_many_small_files_are_told_and_few_or_large_ones_are_not() -> None:
    (source,) = parse_settings(CONFIG).sources
    (warning,) = of_tiny_files(source, [76] * 10_000)
    assert "10,000 new files of 76 bytes on average" in warning
    assert list(of_tiny_files(source, [76] * 2000)) == []
    assert list(of_tiny_files(source, [1 << 20] * 10_000)) == []
