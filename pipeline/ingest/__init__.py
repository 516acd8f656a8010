"""Ingest: raw files in, canonical events in the lake, every refused line kept with its reason. No Dagster here.

Start at run.py (one ingest); read.py reads one file; canonical.py says what an event is.
"""

from pipeline.ingest.lake.files import Lake
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.result import FileReport, IngestError, IngestReport
from pipeline.ingest.run import ingest

__all__ = ["FileReport", "IngestError", "IngestReport", "Lake", "LedgerRow", "ingest", "read_ledger", "write_ledger"]
