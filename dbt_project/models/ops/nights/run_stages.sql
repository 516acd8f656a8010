-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
-- Grain: run × step. How long each step of each run took, from Dagster's records.
{{ parquet_or_empty(var('run_stages'), {
    'run_id': 'string',
    'stage': 'string',
    'step': 'string',
    'is_completed': 'boolean',
    'n_attempts': 'bigint',
    'started_at': 'timestamp',
    'duration_s': 'double'
}) }}
