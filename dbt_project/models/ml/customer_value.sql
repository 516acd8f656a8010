-- Grain: person with a counted order. Expected orders and revenue in the horizon after as_of.
-- No rows where no model has written its file yet.
-- depends_on: {{ source('predictions', 'customer_value') }}
-- The step that writes this file reads these tables:
-- depends_on: {{ ref('order_histories') }}
{{ parquet_or_empty(var('ml_dir') ~ '/customer_value.parquet', {
    'person_id': 'string',
    'as_of_date': 'date',
    'horizon_days': 'bigint',
    'n_order_days': 'bigint',
    'probability_alive': 'double',
    'probability_of_order': 'double',
    'expected_orders': 'double',
    'expected_order_value': 'double',
    'expected_revenue': 'double',
    'model_version': 'string'
}) }}
