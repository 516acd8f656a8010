-- One row per cohort, mode, grain and period: who came back so long after the start. The persons of each cell are in retention_persons,
-- the count is in macros/retention.sql. Only cells whose first day is not after as_of exist.

with returns as (
    {{ retention_counts(ref('retention_persons')) }}
),

{{ retention_cells() }}

select
    cast(counted.mode as {{ dbt.type_string() }}) as mode,
    cast(counted.grain as {{ dbt.type_string() }}) as grain,
    counted.cohort_start,
    cast(counted.period_number as {{ dbt.type_bigint() }}) as period_number,
    {{ retention_label() }} as period_label,
    cast(counted.n_cohort as {{ dbt.type_bigint() }}) as n_cohort,
    cast(counted.n_retained as {{ dbt.type_bigint() }}) as n_retained,
    cast(counted.n_retained as double) / counted.n_cohort as retention_rate,
    counted.revenue,
    counted.cumulative_revenue,
    counted.cumulative_revenue / counted.n_cohort as cumulative_revenue_per_person,
    counted.is_mature,
    {{ is_warm_up('counted.cohort_start') }} as is_warm_up
from counted
