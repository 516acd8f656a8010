-- Grain: model × feature. How far today's persons lie from those that the model in use was tested on; `(score)`: today's scores from
-- those of its test snapshot. No rows where no model has written its file yet.
-- depends_on: {{ source('predictions', 'feature_drift') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('user_features') }}, {{ ref('user_labels') }}
{{ parquet_or_empty(var('ml_dir') ~ '/feature_drift.parquet', {
    'model': 'string',
    'feature': 'string',
    'psi': 'double',
    'missing_rate': 'double',
    'reference_missing_rate': 'double',
    'is_drifted': 'boolean'
}) }}
