"""Benchmarks: what a night costs, and how good its scores are. See README.md; nothing here is part of the package."""
