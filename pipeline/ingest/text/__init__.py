"""Bytes of raw files: their layout, encodings, line ends, repairs, and the rows that DuckDB reads. Not here: what rows mean."""
