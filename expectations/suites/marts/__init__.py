"""Gate marts: what analysts query and the models learn from. Keys and enums are dbt tests."""

STAGE = "marts"
