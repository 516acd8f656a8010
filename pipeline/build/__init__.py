"""What dbt is given and what it leaves: plan, variables, dbt session, user agents, kept history. No Dagster here."""
