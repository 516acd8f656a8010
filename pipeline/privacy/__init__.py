"""Removing data: one person (`growthhouse erase`), and what is older than the config keeps. No Dagster here.

Start at erasure.py and expiry.py; person.py and words.py define what counts as a trace. Not here: values that never
enter the lake (`pipeline.ingest.pseudonyms`).
"""

from pipeline.privacy.erasure import EraseError, erase, finish_pending, is_pending, preview
from pipeline.privacy.expiry import expire
from pipeline.privacy.proof import Proof, erased_before, stale_totals
from pipeline.privacy.share import Share

__all__ = [
    "EraseError",
    "Proof",
    "Share",
    "erase",
    "erased_before",
    "expire",
    "finish_pending",
    "is_pending",
    "preview",
    "stale_totals",
]
