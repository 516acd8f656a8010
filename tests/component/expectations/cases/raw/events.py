"""Good and bad frames of raw.events, and damage to the healthy warehouse that it finds."""

GOOD = {
    "total": {"n_events_to_as_of": 10, "n_without_event_at": 0, "n_without_identity": 0},
    "volume": {"source": "shop", "last_week_volume_ratio": 1.0, "silence_over_longest_gap": 1.0},
    "newest_day": {"share_of_usual_day": 0.9, "note": "9 events"},
}
BAD = {
    "n_events_to_as_of": [0],
    "last_week_volume_ratio": [0.29, 3.1],
    "silence_over_longest_gap": [3.5],
    "share_of_usual_day": [0.099],
}
