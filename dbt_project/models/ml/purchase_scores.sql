-- Grain: person. The probability of at least one order in the horizon after as_of.
-- No rows where no model has written its file yet (too little history).
-- depends_on: {{ source('predictions', 'purchase_scores') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('user_features') }}, {{ ref('user_labels') }}
{{ parquet_or_empty(var('ml_dir') ~ '/purchase_scores.parquet', {
    'person_id': 'string',
    'as_of_date': 'date',
    'probability': 'double',
    'score_rank': 'bigint',
    'propensity_band': 'string',
    'top_reasons': 'string',
    'model_version': 'string'
}) }}
