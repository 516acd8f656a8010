-- Bookkeeping closes the night, so it waits for the last gate.
-- depends_on: {{ ref('user_profiles') }}
-- Grain: rejected line. Every line that was not accepted, with its file, line number and reason.
-- depends_on: {{ source('lake', 'rejected') }}
with rejected as (

    {{ parquet_or_empty(var('lake_rejected'), {
        'source': 'string',
        'file': 'string',
        'file_id': 'string',
        'line_number': 'bigint',
        'reason': 'string',
        'raw_line': 'string',
        'ingested_at': 'timestamp'
    }) }}

),

files as (

    select file_id
    from {{ ref('stg_files') }}
    where status <> 'superseded'

)

select
    rejected.source,
    rejected.file,
    rejected.line_number,
    rejected.reason,
    rejected.raw_line,
    rejected.ingested_at,
    rejected.file_id
from rejected
inner join files on rejected.file_id = files.file_id
