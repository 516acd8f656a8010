"""Gate sessions: deduplicated, stitched and sessionized events, before the marts are built on them."""

STAGE = "sessions"
