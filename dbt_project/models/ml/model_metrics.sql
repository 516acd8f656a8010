-- Grain: model × version × split × metric. How good each model was on data it had not seen, beside its baselines.
-- No rows where no model has written its file yet (too little history).
-- depends_on: {{ source('predictions', 'model_metrics') }}
-- depends_on: {{ source('predictions', 'customer_value_metrics') }}
-- depends_on: {{ source('predictions', 'recommendation_metrics') }}
-- The steps that write these files read these tables:
-- depends_on: {{ ref('user_features') }}, {{ ref('user_labels') }}
-- depends_on: {{ ref('order_histories') }}, {{ ref('int_person_item_days') }}, {{ ref('dim_users') }}
{%- set columns = {
    'model': 'string',
    'model_version': 'string',
    'algorithm': 'string',
    'split': 'string',
    'metric': 'string',
    'value': 'double',
    'ci_low': 'double',
    'ci_high': 'double',
    'baseline': 'string',
    'baseline_value': 'double',
    'is_promoted': 'boolean'
} %}
{{ parquet_or_empty(var('ml_dir') ~ '/model_metrics.parquet', columns) }}
union all
{{ parquet_or_empty(var('ml_dir') ~ '/customer_value_metrics.parquet', columns) }}
union all
{{ parquet_or_empty(var('ml_dir') ~ '/recommendation_metrics.parquet', columns) }}
