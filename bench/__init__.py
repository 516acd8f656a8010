"""Benchmarks: the cost of a night and the quality of its scores. See README.md. Not part of the package."""
