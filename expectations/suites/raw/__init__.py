"""Gate raw: the ledger and the lake, after ingest and before dbt, when nothing downstream exists yet."""

STAGE = "raw"
