"""Bytes and lines of raw files: compression, encoding, layout, repair, and the rows that DuckDB loads.

Start at inspect.py (what a file is), then layout.py, repair.py and rows.py. Not here: what a row means (`formats`).
"""

from pipeline.ingest.text.foreign import describe_binary
from pipeline.ingest.text.inspect import ByteStream, ExpandsTooFar
from pipeline.ingest.text.layout import FileProblem, Layout, read_layout
from pipeline.ingest.text.records import PARQUET_MAGIC

__all__ = [
    "PARQUET_MAGIC",
    "ByteStream",
    "ExpandsTooFar",
    "FileProblem",
    "Layout",
    "describe_binary",
    "read_layout",
]
