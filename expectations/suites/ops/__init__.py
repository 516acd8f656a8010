"""Gate marts: what the lines look like, found while the marts are built."""

STAGE = "marts"
