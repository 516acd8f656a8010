-- The ledger: one row per ingested file. `file_number` is its place in file order: with the line number it makes the integer `row_key`
-- that rows are joined by, and it decides which of two copies is kept. Files are ordered by their content (first event, then hash):
-- a file may be renamed after a night has decided, and a home that reads everything again does not know what arrived first.
-- depends_on: {{ source('lake', 'ledger') }}
with ledger as (

    {{ parquet_history(var('ledger'), {
        'file_id': 'string',
        'source': 'string',
        'file': 'string',
        'sha256': 'string',
        'n_lines': 'bigint',
        'n_accepted': 'bigint',
        'n_rejected': 'bigint',
        'min_event_at': 'timestamp',
        'max_event_at': 'timestamp',
        'ingested_at': 'timestamp',
        'status': 'string',
        'n_erased': 'bigint',
        'n_expired': 'bigint',
        'n_too_late': 'bigint',
        'too_late_from': 'date',
        'too_late_to': 'date',
        'late_before': 'date',
        'days_taken_in': 'string'
    }) }}

)

select
    *,
    cast(row_number() over (order by min_event_at nulls last, sha256, source, file, file_id) as bigint) as file_number
from ledger
