"""Taking data out again: one person (`growthhouse erase`), and what is older than the config keeps. No Dagster here.

Start at erase.py; person.py says what counts as a trace. Keeping private values out in the first place is the ingest's.
"""

from pipeline.privacy.erase import EraseError, erase, finish_pending, preview
from pipeline.privacy.expiry import expire
from pipeline.privacy.proof import erased_before, stale_totals

__all__ = ["EraseError", "erase", "erased_before", "expire", "finish_pending", "preview", "stale_totals"]
