"""Dagster, imported nowhere below: assets, gates, schedules, sensors, resources, the instance and its records."""
