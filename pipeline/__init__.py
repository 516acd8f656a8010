"""Orchestration: the only package that imports Dagster. Ingest and settings below do without it."""
