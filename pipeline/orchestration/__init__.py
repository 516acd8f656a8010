"""Dagster: assets, gates, schedules, sensors, resources, the instance and its records. The only package that imports it."""
