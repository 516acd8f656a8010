-- The ledger: one row per ingested file. `file_number` counts the loaded files in file order (first event, then path): with the
-- line number it makes the integer `row_key` that rows are joined by, and it decides which of two copies is kept.
-- depends_on: {{ source('lake', 'ledger') }}
with ledger as (

    select * from {{ parquet_files(var('ledger')) }}

)

select
    file_id,
    source,
    file,
    sha256,
    cast(n_lines as bigint) as n_lines,
    cast(n_accepted as bigint) as n_accepted,
    cast(n_rejected as bigint) as n_rejected,
    min_event_at,
    max_event_at,
    ingested_at,
    status,
    cast(row_number() over (order by min_event_at nulls last, file, source, file_id) as bigint) as file_number
from ledger
