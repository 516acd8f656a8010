-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
-- Grain: run × check. What every expectation of the gates found, all runs.
{{ parquet_or_empty(var('quality_results'), {
    'run_id': 'varchar',
    'stage': 'varchar',
    'table_name': 'varchar',
    'expectation': 'varchar',
    'column_name': 'varchar',
    'severity': 'varchar',
    'passed': 'boolean',
    'observed_value': 'varchar',
    'n_unexpected': 'bigint',
    'checked_at': 'timestamp'
}) }}
