"""Ingest: raw files in, canonical events in the lake, every rejected line kept with its reason. No Dagster here.

Start at run.py (one ingest); plan.py says which files are read, read.py reads them, canonical.py defines an event.
`formats/` has one file per source format, `text/` handles bytes and lines, `lake/` Parquet files and the ledger.
Other packages import from this face, or from those of `lake` and `text`.
"""

from pipeline.ingest.formats import check_formats, format_of, sources_without_identities
from pipeline.ingest.known_files import other_content
from pipeline.ingest.lake import Lake, LedgerRow, read_ledger, write_ledger
from pipeline.ingest.late import TOO_LATE, describe_late
from pipeline.ingest.present import describe_left_open, listed, shown_path
from pipeline.ingest.pseudonyms import PrivacyFilter, privacy_filter
from pipeline.ingest.recognition import Recognised, config_lines, recognise
from pipeline.ingest.rejects import Rejects, count_rejects, describe_rejects, load_rejects, sample_rejects
from pipeline.ingest.result import FileResult, IngestError, IngestResult
from pipeline.ingest.run import ingest
from pipeline.ingest.sample import Sample, describe_sample, sample_source
from pipeline.ingest.tombstones import Tombstones

__all__ = [
    "TOO_LATE",
    "FileResult",
    "IngestError",
    "IngestResult",
    "Lake",
    "LedgerRow",
    "PrivacyFilter",
    "Recognised",
    "Rejects",
    "Sample",
    "Tombstones",
    "check_formats",
    "config_lines",
    "count_rejects",
    "describe_late",
    "describe_left_open",
    "describe_rejects",
    "describe_sample",
    "format_of",
    "ingest",
    "listed",
    "load_rejects",
    "other_content",
    "privacy_filter",
    "read_ledger",
    "recognise",
    "sample_rejects",
    "sample_source",
    "shown_path",
    "sources_without_identities",
    "write_ledger",
]
