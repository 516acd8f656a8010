"""What the Dagster UI shows of a table: metadata, pictures, Markdown."""
