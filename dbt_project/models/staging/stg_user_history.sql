-- Grain: person × attribute × interval, and one row per night. What the nights before decided, as pipeline/build/user_history.py keeps it.
-- depends_on: {{ source('history', 'user_history') }}
{{ parquet_or_empty(var('user_history'), {
    'person_id': 'string',
    'attribute': 'string',
    'value': 'string',
    'valid_from': 'date',
    'valid_to': 'date'
}) }}
