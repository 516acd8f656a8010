"""Taking data out again: one person (`growthhouse erase`), and what is older than the config keeps. No Dagster here.

Start at erase.py; person.py says what counts as a trace. Keeping private values out in the first place is the ingest's.
"""

from pipeline.privacy.erase import EraseError, erase, finish_pending
from pipeline.privacy.retention import expire

__all__ = ["EraseError", "erase", "expire", "finish_pending"]
