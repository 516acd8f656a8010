-- One row per cohort, mode, grain and period: who came back so long after the start. The persons of each cell are in retention_persons,
-- the count is in macros/retention.sql. Only cells whose first day is not after as_of exist.

with returns as (
    {{ retention_counts(ref('retention_persons')) }}
),

{{ retention_cells() }}

select
    {{- retention_columns() }}
from counted
