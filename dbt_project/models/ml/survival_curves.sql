-- Grain: breakdown × value × day of life. Kaplan–Meier survival of lifetimes, and the hazard of each day or week of life.
-- No rows where no model has written its file yet.
-- depends_on: {{ source('predictions', 'survival_curves') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('user_features') }}, {{ ref('dim_users') }}, {{ source('predictions', 'user_segments') }}
{{ parquet_or_empty(var('ml_dir') ~ '/survival_curves.parquet', {
    'as_of_date': 'date',
    'breakdown': 'string',
    'breakdown_value': 'string',
    'lifetime_day': 'bigint',
    'n_days': 'bigint',
    'n_at_risk': 'bigint',
    'n_events': 'bigint',
    'n_censored': 'bigint',
    'hazard_rate': 'double',
    'survival_rate': 'double',
    'ci_low': 'double',
    'ci_high': 'double'
}) }}
