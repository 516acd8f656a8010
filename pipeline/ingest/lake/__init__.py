"""The lake on disk: Parquet files, the ledger that commits them, and recovery after damage. Not here: reading raw files."""
