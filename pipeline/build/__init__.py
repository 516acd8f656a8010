"""What dbt is given and what it leaves: plan, variables, the dbt session, user agents, kept history. No Dagster here."""
