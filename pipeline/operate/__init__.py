"""Keeping a home healthy: doctor, damage, clean-up, alerts, logs. No Dagster here."""
