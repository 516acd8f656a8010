-- Grain: person × rank. The items to show a person, best first, each with the strategy that found it and a reason in words.
-- No rows where no model has written its file yet.
-- depends_on: {{ source('predictions', 'recommendations') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('int_person_item_days') }}, {{ ref('dim_users') }}
{{ parquet_or_empty(var('ml_dir') ~ '/recommendations.parquet', {
    'person_id': 'string',
    'as_of_date': 'date',
    'rank': 'bigint',
    'item_id': 'string',
    'score': 'double',
    'strategy': 'string',
    'reason': 'string',
    'model_version': 'string'
}) }}
