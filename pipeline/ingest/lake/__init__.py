"""The lake on disk: Parquet files, the ledger that makes them count, and recovery after damage.

Start at ledger.py, which says what counts. Not here: reading raw files.
"""

from pipeline.ingest.lake.files import Lake, clear_orphans
from pipeline.ingest.lake.ledger import LedgerRow, read_ledger, write_ledger
from pipeline.ingest.lake.recovery import damaged_files, give_up, ledger_problem, mark_damaged

__all__ = [
    "Lake",
    "LedgerRow",
    "clear_orphans",
    "damaged_files",
    "give_up",
    "ledger_problem",
    "mark_damaged",
    "read_ledger",
    "write_ledger",
]
