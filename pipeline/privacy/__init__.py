"""Removing data: one person (`growthhouse erase`), and what is older than the config keeps. No Dagster here.

Start at erase.py and expiry.py; person.py defines what counts as a trace. Not here: values that never enter the lake
(`pipeline.ingest.pseudonyms`).
"""

from pipeline.privacy.erase import EraseError, erase, finish_pending, preview
from pipeline.privacy.expiry import expire
from pipeline.privacy.proof import erased_before, stale_totals

__all__ = ["EraseError", "erase", "erased_before", "expire", "finish_pending", "preview", "stale_totals"]
