-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
-- Grain: run × check. What every expectation of the gates found, all runs.
{{ parquet_or_empty(var('quality_results'), {
    'run_id': 'string',
    'stage': 'string',
    'table_name': 'string',
    'expectation': 'string',
    'column_name': 'string',
    'severity': 'string',
    'passed': 'boolean',
    'observed_value': 'string',
    'n_unexpected': 'bigint',
    'checked_at': 'timestamp',
    'expected': 'string'
}) }}
