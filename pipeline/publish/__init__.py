"""Audit, copy, switch, versions; connecting as an analyst, export. Not here: the gates of a night."""
