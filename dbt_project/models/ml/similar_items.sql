-- Grain: item × rank. Items with interactions of the same persons, the most similar first.
-- No rows where no model has written its file yet.
-- depends_on: {{ source('predictions', 'similar_items') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('int_person_item_days') }}, {{ ref('dim_users') }}
{{ parquet_or_empty(var('ml_dir') ~ '/similar_items.parquet', {
    'item_id': 'string',
    'as_of_date': 'date',
    'rank': 'bigint',
    'similar_item_id': 'string',
    'similarity': 'double',
    'model_version': 'string'
}) }}
