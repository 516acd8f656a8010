"""Dagster assets in the order of the night: ingest, dbt layers, models, publish."""
