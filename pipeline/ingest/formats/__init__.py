"""One file per source format: how its rows become drafts of canonical events. Reading bytes is in `ingest/text`."""
