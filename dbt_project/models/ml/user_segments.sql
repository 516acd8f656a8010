-- Grain: person. The segment (first rule that matches), the cluster and the RFM scores of every person at as_of.
-- No rows where no model has written its file yet (too little history).
-- depends_on: {{ source('predictions', 'user_segments') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('user_features') }}, {{ ref('user_labels') }}
{{ parquet_or_empty(var('ml_dir') ~ '/user_segments.parquet', {
    'person_id': 'string',
    'as_of_date': 'date',
    'segment': 'string',
    'segment_reason': 'string',
    'cluster': 'bigint',
    'cluster_name': 'string',
    'rfm_recency': 'bigint',
    'rfm_frequency': 'bigint',
    'rfm_monetary': 'bigint',
    'rfm_score': 'string',
    'model_version': 'string'
}) }}
