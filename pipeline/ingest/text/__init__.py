"""Bytes and lines of raw files: compression, encoding, layout, repair, and the rows that DuckDB loads.

Start at inspect.py (what a file is) and unpack.py, then layout.py, repair.py and rows.py. Not here: what a row means
(`formats`).
"""

from pipeline.ingest.text.foreign import describe_binary
from pipeline.ingest.text.layout import FileProblem, Layout, read_layout
from pipeline.ingest.text.records import PARQUET_MAGIC
from pipeline.ingest.text.unpack import ByteStream, ExpandsTooFar, expands_too_far

__all__ = [
    "PARQUET_MAGIC",
    "ByteStream",
    "ExpandsTooFar",
    "FileProblem",
    "Layout",
    "describe_binary",
    "expands_too_far",
    "read_layout",
]
