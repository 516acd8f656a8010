-- Grain: user agent. What a library reads in each of the lake's user agents before dbt runs (pipeline/build/user_agents.py).
-- depends_on: {{ source('lake', 'events') }}
{{ parquet_or_empty(var('user_agents'), {
    'user_agent': 'string',
    'device_type': 'string',
    'browser': 'string',
    'operating_system': 'string',
    'is_bot': 'boolean'
}) }}
