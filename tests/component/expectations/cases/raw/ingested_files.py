"""Good and bad frames of raw.ingested_files, and damage to the healthy warehouse that it finds."""

GOOD = {
    "files": {
        "source": "shop",
        "file": "a.jsonl",
        "n_unaccounted_lines": 0,
        "n_lake_rows_off": 0,
        "hours_event_after_ingest": -3.0,
        "first_event_year": 2026,
        "n_truncated": 0,
        "n_unreadable": 0,
    },
    "rejects": {
        "source": "shop",
        "rejected_rate": 0.01,
        "rejected_lines": "1 of 100",
        "reasons": "bad_json 1",
        "most_in": "a.jsonl 1",
    },
    "new_rejects": {
        "source": "shop",
        "worst_new_batch_rejected_rate": 0.02,
        "rejected_lines": "1 of 50",
        "reasons": "bad_json 1",
        "most_in": "a.jsonl 1",
    },
    "late": {"source": "shop", "n_too_late": 0, "taken_in_by": None},
}
BAD = {
    "hours_event_after_ingest": [24.5],
    "first_event_year": [1970],
    "rejected_rate": [0.051],
    "worst_new_batch_rejected_rate": [0.051],
}
