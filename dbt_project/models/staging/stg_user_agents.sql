-- What each user agent of the lake says it is: one row per different text, told by a library before dbt runs (pipeline/build/user_agents.py).
-- depends_on: {{ source('lake', 'events') }}
{{ parquet_or_empty(var('user_agents'), {
    'user_agent': 'string',
    'device_type': 'string',
    'browser': 'string',
    'operating_system': 'string',
    'is_bot': 'boolean'
}) }}
